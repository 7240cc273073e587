"""Activations that run as a separate pass after a product."""

from __future__ import annotations

import math

import numpy as np

from rnncore.activations.base import Array, Builtin
from rnncore.activations.fused import Along, Clipped, expect_row, hard_sigmoid, sigmoid
from rnncore.utils._checks import check_flag


class LogSoftmax(Along):
    """``y = x - log(sum(exp(x)))`` over the last axis."""

    name = "log_softmax"
    function = 7

    def forward_into(self, x: Array, out: Array) -> Array:
        expect_row(x)
        return super().forward_into(x, out)

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.exp(y, out=out)
        out *= dy.sum(axis=-1, keepdims=True)
        return np.subtract(dy, out, out=out)


class Relu6(Clipped):
    """``y = min(max(x, 0), 6)``."""

    name = "relu6"
    function = 8
    high = 6.0


class HardTanh(Clipped):
    """``y = min(max(x, -1), 1)``."""

    name = "hard_tanh"
    function = 8
    low = -1.0


class LeakyRelu(Builtin):
    """``y = x`` if x is positive, else ``negative_slope * x``."""

    name = "leaky_relu"
    function = 9

    def __init__(self, negative_slope: float = 0.2) -> None:
        self.negative_slope = negative_slope

    @property
    def function_numbers(self) -> tuple[float, ...]:
        return (self.negative_slope,)

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        # y has the sign of x.
        np.multiply(dy, self.negative_slope, out=out)
        np.copyto(out, dy, where=y > 0)
        return out


class Elu(Builtin):
    """``y = scale * x`` where x is positive, else ``scale * alpha * (exp(x) - 1)``."""

    name = "elu"
    function = 10

    def __init__(self, alpha: float = 1.0, scale: float = 1.0) -> None:
        self.alpha, self.scale = alpha, scale

    @property
    def function_numbers(self) -> tuple[float, ...]:
        return (self.alpha, self.scale)

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.add(y, self.scale * self.alpha, out=out)
        np.copyto(out, self.scale, where=y > 0)
        return np.multiply(out, dy, out=out)


class Selu(Elu):
    """`Elu` with the alpha and scale that keep mean and variance of normal inputs."""

    name = "selu"
    function = 10

    def __init__(self) -> None:
        super().__init__(alpha=1.6732632423543772, scale=1.0507009873554805)


class Softplus(Builtin):
    """``y = log(1 + exp(x))``."""

    name = "softplus"
    function = 11

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.negative(y, out=out)
        np.expm1(out, out=out)
        out *= dy
        return np.negative(out, out=out)


class LogSigmoid(Builtin):
    """``y = log(1 / (1 + exp(-x)))``."""

    name = "log_sigmoid"
    function = 12

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.expm1(y, out=out)
        out *= dy
        return np.negative(out, out=out)


class Softsign(Builtin):
    """``y = x / (1 + |x|)``."""

    name = "softsign"
    function = 13

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.abs(y, out=out)
        np.subtract(1, out, out=out)
        out *= out
        return np.multiply(out, dy, out=out)


class Exponential(Builtin):
    """``y = exp(x)``."""

    name = "exponential"
    function = 14

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        return np.multiply(y, dy, out=out)


class Gated(Builtin):
    """``y = x * gate(x)``, whose derivative does not follow from y alone."""

    from_input = True

    def gate(self, x: Array) -> tuple[Array, Array]:
        """Return the gate and its derivative."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method gate")

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        gate, slope = self.gate(y)
        slope *= y
        slope += gate
        return np.multiply(slope, dy, out=out)


class Silu(Gated):
    """``y = x * sigmoid(x)``, also called swish."""

    name = "silu"
    function = 15

    def gate(self, x: Array) -> tuple[Array, Array]:
        share = sigmoid.forward(x)
        return share, share * (1 - share)


class HardSilu(Gated):
    """``y = x * hard_sigmoid(x)``, also called hard_swish."""

    name = "hard_silu"
    function = 16

    def gate(self, x: Array) -> tuple[Array, Array]:
        share = hard_sigmoid.forward(x)
        return share, hard_sigmoid.backward(share, np.ones_like(x))


class Mish(Gated):
    """``y = x * tanh(softplus(x))``."""

    name = "mish"
    function = 17

    def gate(self, x: Array) -> tuple[Array, Array]:
        share = np.tanh(softplus.forward(x))
        return share, (1 - share * share) * sigmoid.forward(x)


class Gelu(Gated):
    """``y = x * P(X <= x)`` for a standard normal X, or its tanh approximation.

    Parameters
    ----------
    approximate : bool, default False
        Whether the gate is ``(1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2``.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import activations
    >>> activations.gelu(np.array([1.0])).round(6)
    array([0.841345])
    >>> activations.gelu(np.array([1.0]), approximate=True).round(6)
    array([0.841192])
    """

    name = "gelu"
    function = 18

    def __init__(self, approximate: bool = False) -> None:
        self.approximate = check_flag("gelu", "approximate", approximate)
        self.function = 19 if self.approximate else 18

    def gate(self, x: Array) -> tuple[Array, Array]:
        if not self.approximate:
            wide = x.astype(np.float64)
            # NumPy has no error function. This one is accurate far out.
            scaled = (wide * -math.sqrt(0.5)).reshape(-1).data
            gate = 0.5 * np.fromiter(map(math.erfc, scaled), np.float64, x.size)
            slope = np.exp(-0.5 * wide * wide) / math.sqrt(2.0 * math.pi)
            return gate.reshape(x.shape).astype(x.dtype), slope.astype(x.dtype)
        scale = math.sqrt(2.0 / math.pi)
        bent = np.tanh(scale * (x + 0.044715 * x**3))
        slope = 0.5 * scale * (1 - bent * bent) * (1 + 3 * 0.044715 * x * x)
        return 0.5 * (1 + bent), slope


log_softmax = LogSoftmax()
log_sigmoid = LogSigmoid()
relu6 = Relu6()
hard_tanh = HardTanh()
leaky_relu = LeakyRelu()
elu = Elu()
selu = Selu()
softplus = Softplus()
softsign = Softsign()
exponential = Exponential()
silu = swish = Silu()
hard_silu = hard_swish = HardSilu()
mish = Mish()
gelu = Gelu()
