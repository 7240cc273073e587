"""Activations that the kernels fuse with a product."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnncore.activations.base import Activation, Array, Builtin, numeric


class Linear(Builtin):
    """``y = x``."""

    name = kernel = "linear"

    def forward(self, x: Array, out: Array | None = None) -> Array:
        return super().forward(x, x if out is None else out)  # without `out` no copy

    def forward_into(self, x: Array, out: Array) -> Array:
        if out is not x:
            out[...] = x
        return out

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        return dy


class Relu(Builtin):
    """``y = max(x, 0)``; the derivative at 0 is 0."""

    name = kernel = "relu"

    def forward_into(self, x: Array, out: Array) -> Array:
        return np.maximum(x, 0, out=out)

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.sign(y, out=out)
        return np.multiply(out, dy, out=out)

    def variant(self, *args: Any, **kwargs: Any) -> Activation:
        return Rectifier(*args, **kwargs)


class Rectifier(Builtin):
    """``y = max_value`` where x reaches that, x from ``threshold`` on, else
    ``negative_slope * (x - threshold)``."""

    name = "relu"
    function = 22
    from_input = True

    def __init__(
        self,
        negative_slope: float = 0.0,
        max_value: float | None = None,
        threshold: float = 0.0,
    ) -> None:
        self.negative_slope = negative_slope
        self.max_value = max_value
        self.threshold = threshold

    @property
    def function_numbers(self) -> tuple[float, ...]:
        return (self.negative_slope, self._highest, self.threshold)

    @property
    def _highest(self) -> float:
        return np.inf if self.max_value is None else self.max_value

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        slope = np.where(y <= self.threshold, self.negative_slope, y < self._highest)
        return np.multiply(dy, slope.astype(dy.dtype), out=out)


class Sigmoid(Builtin):
    """``y = 1 / (1 + exp(-x))``, with full relative precision for large negative ``x``."""

    name = kernel = "sigmoid"

    def forward_into(self, x: Array, out: Array) -> Array:
        decay = np.exp(-np.abs(x))
        return np.divide(np.where(x >= 0, x.dtype.type(1), decay), 1 + decay, out=out)

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.subtract(1, y, out=out)
        out *= y
        return np.multiply(out, dy, out=out)


class Tanh(Builtin):
    """``y = tanh(x)``."""

    name = kernel = "tanh"

    def forward_into(self, x: Array, out: Array) -> Array:
        return np.tanh(x, out=out)

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        np.multiply(y, y, out=out)
        np.subtract(1, out, out=out)
        return np.multiply(out, dy, out=out)


class Along(Builtin):
    """Base of the activations along the last axis."""

    def __call__(self, x: ArrayLike, axis: int = -1) -> Array:
        turned = np.moveaxis(numeric(x), axis, -1)
        return np.moveaxis(self.forward(np.ascontiguousarray(turned)), -1, axis)


class Softmax(Along):
    """``y = exp(x) / sum(exp(x))`` over the last axis."""

    name = kernel = "softmax"

    def forward_into(self, x: Array, out: Array) -> Array:
        np.exp(shifted(x, out), out=out)
        out /= out.sum(axis=-1, keepdims=True)
        return out

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        along = np.multiply(dy, y, out=out).sum(axis=-1, keepdims=True)
        np.subtract(dy, along, out=out)
        return np.multiply(out, y, out=out)


def expect_row(x: Array) -> None:
    """Raise ValueError unless there are numbers on the last axis."""
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError(f"x: expected a last axis of length >= 1, got shape {x.shape}")


def shifted(x: Array, out: Array) -> Array:
    """Return x minus its maximum over the last axis, in ``out``."""
    expect_row(x)
    # inf - inf is NaN, as it should be; the training loop reports it, so avoid NumPy's warning.
    with np.errstate(invalid="ignore"):
        return np.subtract(x, x.max(axis=-1, keepdims=True), out=out)


class Clipped(Builtin):
    """``y = min(max(x, low), high)``; the derivative at the two bends is 0."""

    low, high = 0.0, 1.0
    slope = 1.0  # between the bends

    @property
    def function_numbers(self) -> tuple[float, ...]:
        return (self.low, self.high)

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        out.fill(0)
        return np.multiply(dy, self.slope, out=out, where=(y > self.low) & (y < self.high))


class HardSigmoid(Clipped):
    """``y = min(max(x + 3, 0), 6) / 6``."""

    name = kernel = "hard_sigmoid"
    slope = 1 / 6

    def forward_into(self, x: Array, out: Array) -> Array:
        np.add(x, 3, out=out)
        np.clip(out, 0, 6, out=out)
        return np.divide(out, 6, out=out)


linear = Linear()
relu = Relu()
sigmoid = Sigmoid()
tanh = Tanh()
softmax = Softmax()
hard_sigmoid = HardSigmoid()
