"""Activations that run as a separate pass after a product."""

from __future__ import annotations

import numpy as np

from rnncore.activations.base import Array, Builtin
from rnncore.activations.fused import Along, Clipped, shifted
from rnncore.utils._arrays import float_array


class LogSoftmax(Along):
    """``y = x - log(sum(exp(x)))`` over the last axis."""

    name = "log_softmax"

    def forward(self, x: Array, out: Array | None = None) -> Array:
        y = shifted(x, out)
        y -= np.log(np.exp(y).sum(axis=-1, keepdims=True))
        return y

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

    def forward(self, x: Array, out: Array | None = None) -> Array:
        y = np.multiply(float_array("x", x), self.negative_slope, out=_beside(x, out))
        np.copyto(y, x, where=x > 0)
        return _finished(y, out)

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

    def forward(self, x: Array, out: Array | None = None) -> Array:
        y = np.minimum(float_array("x", x), 0, out=_beside(x, out))
        np.expm1(y, out=y)
        y *= self.alpha
        np.copyto(y, x, where=x > 0)
        y *= self.scale
        return _finished(y, out)

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

    def forward(self, x: Array, out: Array | None = None) -> Array:
        with np.errstate(invalid="ignore"):
            y: Array = np.logaddexp(float_array("x", x), x.dtype.type(0), out=out)
        return y

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.negative(y, out=out)
        np.expm1(out, out=out)
        out *= dy
        return np.negative(out, out=out)


class LogSigmoid(Builtin):
    """``y = log(1 / (1 + exp(-x)))``."""

    name = "log_sigmoid"

    def forward(self, x: Array, out: Array | None = None) -> Array:
        y = softplus.forward(-float_array("x", x), out)
        return np.negative(y, out=y)

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.expm1(y, out=out)
        out *= dy
        return np.negative(out, out=out)


class Softsign(Builtin):
    """``y = x / (1 + |x|)``."""

    name = "softsign"

    def forward(self, x: Array, out: Array | None = None) -> Array:
        y: Array = np.divide(float_array("x", x), 1 + np.abs(x), out=out)
        return y

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.abs(y, out=out)
        np.subtract(1, out, out=out)
        out *= out
        return np.multiply(out, dy, out=out)


class Exponential(Builtin):
    """``y = exp(x)``."""

    name = "exponential"

    def forward(self, x: Array, out: Array | None = None) -> Array:
        with np.errstate(over="ignore"):
            y: Array = np.exp(float_array("x", x), out=out)
        return y

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        return np.multiply(y, dy, out=out)


def _beside(x: Array, out: Array | None) -> Array | None:
    """Return `out` if it may be written to while `x` is still read, else None."""
    return None if out is x else out


def _finished(y: Array, out: Array | None) -> Array:
    """Return y, in `out` if given."""
    if out is None or out is y:
        return y
    out[...] = y
    return out


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
