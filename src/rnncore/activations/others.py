"""Activations that run as a separate pass after a product."""

from __future__ import annotations

import math

import numpy as np

from rnncore.activations.base import Array, Builtin
from rnncore.activations.fused import Along, Clipped, hard_sigmoid, shifted, sigmoid
from rnncore.utils._checks import check_flag


class LogSoftmax(Along):
    """``y = x - log(sum(exp(x)))`` over the last axis."""

    name = "log_softmax"

    def forward_into(self, x: Array, out: Array) -> Array:
        shifted(x, out)
        return np.subtract(out, np.log(np.exp(out).sum(axis=-1, keepdims=True)), out=out)

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.exp(y, out=out)
        out *= dy.sum(axis=-1, keepdims=True)
        return np.subtract(dy, out, out=out)


class Relu6(Clipped):
    """``y = min(max(x, 0), 6)``."""

    name = "relu6"
    high = 6.0


class HardTanh(Clipped):
    """``y = min(max(x, -1), 1)``."""

    name = "hard_tanh"
    low = -1.0


class LeakyRelu(Builtin):
    """``y = x`` if x is positive, else ``negative_slope * x``."""

    name = "leaky_relu"

    def __init__(self, negative_slope: float = 0.2) -> None:
        self.negative_slope = negative_slope

    def forward_into(self, x: Array, out: Array) -> Array:
        x = _apart(x, out)
        np.multiply(x, self.negative_slope, out=out)
        np.copyto(out, x, where=x > 0)
        return out

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        # y has the sign of x.
        np.multiply(dy, self.negative_slope, out=out)
        np.copyto(out, dy, where=y > 0)
        return out


class Elu(Builtin):
    """``y = scale * x`` where x is positive, else ``scale * alpha * (exp(x) - 1)``."""

    name = "elu"

    def __init__(self, alpha: float = 1.0, scale: float = 1.0) -> None:
        self.alpha, self.scale = alpha, scale

    def forward_into(self, x: Array, out: Array) -> Array:
        x = _apart(x, out)
        np.expm1(np.minimum(x, 0, out=out), out=out)
        out *= self.alpha
        np.copyto(out, x, where=x > 0)
        return np.multiply(out, self.scale, out=out)

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.add(y, self.scale * self.alpha, out=out)
        np.copyto(out, self.scale, where=y > 0)
        return np.multiply(out, dy, out=out)


class Selu(Elu):
    """`Elu` with the alpha and scale that keep mean and variance of normal inputs."""

    name = "selu"

    def __init__(self) -> None:
        super().__init__(alpha=1.6732632423543772, scale=1.0507009873554805)


class Softplus(Builtin):
    """``y = log(1 + exp(x))``."""

    name = "softplus"

    def forward_into(self, x: Array, out: Array) -> Array:
        with np.errstate(invalid="ignore"):
            return np.logaddexp(x, x.dtype.type(0), out=out)

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.negative(y, out=out)
        np.expm1(out, out=out)
        out *= dy
        return np.negative(out, out=out)


class LogSigmoid(Builtin):
    """``y = log(1 / (1 + exp(-x)))``."""

    name = "log_sigmoid"

    def forward_into(self, x: Array, out: Array) -> Array:
        return np.negative(softplus.forward_into(-x, out), out=out)

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.expm1(y, out=out)
        out *= dy
        return np.negative(out, out=out)


class Softsign(Builtin):
    """``y = x / (1 + |x|)``."""

    name = "softsign"

    def forward_into(self, x: Array, out: Array) -> Array:
        return np.divide(x, 1 + np.abs(x), out=out)

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.abs(y, out=out)
        np.subtract(1, out, out=out)
        out *= out
        return np.multiply(out, dy, out=out)


class Exponential(Builtin):
    """``y = exp(x)``."""

    name = "exponential"

    def forward_into(self, x: Array, out: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.exp(x, out=out)

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        return np.multiply(y, dy, out=out)


class Gated(Builtin):
    """``y = x * gate(x)``, whose derivative does not follow from y alone."""

    from_input = True

    def gate(self, x: Array) -> tuple[Array, Array]:
        """Return the gate and its derivative."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method gate")

    def forward_into(self, x: Array, out: Array) -> Array:
        return np.multiply(x, self.gate(x)[0], out=out)

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        gate, slope = self.gate(y)
        slope *= y
        slope += gate
        return np.multiply(slope, dy, out=out)


class Silu(Gated):
    """``y = x * sigmoid(x)``, also called swish."""

    name = "silu"

    def gate(self, x: Array) -> tuple[Array, Array]:
        share = sigmoid.forward(x)
        return share, share * (1 - share)


class HardSilu(Gated):
    """``y = x * hard_sigmoid(x)``, also called hard_swish."""

    name = "hard_silu"

    def gate(self, x: Array) -> tuple[Array, Array]:
        share = hard_sigmoid.forward(x)
        return share, hard_sigmoid.backward(share, np.ones_like(x))


class Mish(Gated):
    """``y = x * tanh(softplus(x))``."""

    name = "mish"

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

    def __init__(self, approximate: bool = False) -> None:
        self.approximate = check_flag("gelu", "approximate", approximate)

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


def _apart(x: Array, out: Array) -> Array:
    """Return x, or a copy of it if writing to `out` would overwrite it."""
    return x.copy() if out is x else x


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
