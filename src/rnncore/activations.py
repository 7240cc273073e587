"""Activation functions with derivatives that need only the output.

Every activation here can be differentiated from ``y`` alone, so that a layer keeps its output and
not its input for the backward pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Activation:
    """An activation ``y = f(x)``.

    Attributes
    ----------
    name : str
        The name under which :func:`get` finds it.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import activations
    >>> relu = activations.get("relu")
    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    name = "activation"

    def forward(self, x: Array, out: Array | None = None) -> Array:
        """Return ``f(x)``, in ``out`` when given (``out`` may be ``x``).

        Parameters
        ----------
        x : ndarray, float32 or float64, any shape
        out : ndarray of the same shape and dtype, optional

        Raises
        ------
        TypeError
            When ``x`` is not a float32 or float64 array.
        """
        raise NotImplementedError

    def backward(self, y: Array, dy: Array) -> Array:
        """Return the gradient of ``x``, given the output ``y`` and its gradient ``dy``."""
        raise NotImplementedError

    def __call__(self, x: Array) -> Array:
        return self.forward(x)

    def __repr__(self) -> str:
        return f"<activation {self.name}>"


def _checked(x: Array) -> Array:
    if not (isinstance(x, np.ndarray) and x.dtype in (np.float32, np.float64)):
        got = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
        raise TypeError(f"x: expected a float32 or float64 array, got {got}")
    return x


class Linear(Activation):
    """``y = x``."""

    name = "linear"

    def forward(self, x: Array, out: Array | None = None) -> Array:
        x = _checked(x)
        if out is None:
            return x
        if out is not x:
            out[...] = x
        return out

    def backward(self, y: Array, dy: Array) -> Array:
        return dy


class Relu(Activation):
    """``y = max(x, 0)``; the derivative at 0 is 0."""

    name = "relu"

    def forward(self, x: Array, out: Array | None = None) -> Array:
        y: Array = np.maximum(_checked(x), 0, out=out)
        return y

    def backward(self, y: Array, dy: Array) -> Array:
        return np.where(y > 0, dy, dy.dtype.type(0))


class Sigmoid(Activation):
    """``y = 1 / (1 + exp(-x))``, with full relative precision for large negative ``x``."""

    name = "sigmoid"

    def forward(self, x: Array, out: Array | None = None) -> Array:
        decay = np.exp(-np.abs(_checked(x)))
        y: Array = np.divide(np.where(x >= 0, x.dtype.type(1), decay), 1 + decay, out=out)
        return y

    def backward(self, y: Array, dy: Array) -> Array:
        dx: Array = dy * y * (1 - y)
        return dx


class Tanh(Activation):
    """``y = tanh(x)``."""

    name = "tanh"

    def forward(self, x: Array, out: Array | None = None) -> Array:
        y: Array = np.tanh(_checked(x), out=out)
        return y

    def backward(self, y: Array, dy: Array) -> Array:
        dx: Array = dy * (1 - y * y)
        return dx


class Softmax(Activation):
    """``y = exp(x) / sum(exp(x))`` over the last axis."""

    name = "softmax"

    def forward(self, x: Array, out: Array | None = None) -> Array:
        x = _checked(x)
        if x.ndim == 0 or x.shape[-1] == 0:
            raise ValueError(f"x: expected a last axis of length >= 1, got shape {x.shape}")
        # inf - inf is NaN, which is the answer; the training loop reports it, not a NumPy warning.
        with np.errstate(invalid="ignore"):
            y: Array = np.subtract(x, x.max(axis=-1, keepdims=True), out=out)
        np.exp(y, out=y)
        y /= y.sum(axis=-1, keepdims=True)
        return y

    def backward(self, y: Array, dy: Array) -> Array:
        dx: Array = y * (dy - np.sum(dy * y, axis=-1, keepdims=True))
        return dx


class HardSigmoid(Activation):
    """``y = min(max(x + 3, 0), 6) / 6``."""

    name = "hard_sigmoid"

    def forward(self, x: Array, out: Array | None = None) -> Array:
        y = np.add(_checked(x), 3, out=out)
        np.clip(y, 0, 6, out=y)
        y /= 6
        return y

    def backward(self, y: Array, dy: Array) -> Array:
        return np.where((y > 0) & (y < 1), dy / 6, dy.dtype.type(0))


linear = Linear()
relu = Relu()
sigmoid = Sigmoid()
tanh = Tanh()
softmax = Softmax()
hard_sigmoid = HardSigmoid()

_BY_NAME = {a.name: a for a in (linear, relu, sigmoid, tanh, softmax, hard_sigmoid)}


def is_builtin(activation: Activation) -> bool:
    """Return whether it is one of the activations above, which the kernels know by name."""
    return _BY_NAME.get(activation.name) is activation


def get(identifier: str | Activation | None) -> Activation:
    """Return the activation of that name; None means linear.

    Parameters
    ----------
    identifier : str, Activation or None
        One of ``"linear"``, ``"relu"``, ``"sigmoid"``, ``"tanh"``, ``"softmax"``,
        ``"hard_sigmoid"``, or an activation object, which is returned as it is.

    Raises
    ------
    ValueError
        For an unknown name.
    TypeError
        For something that is neither a name nor an activation.

    Examples
    --------
    >>> from rnncore import activations
    >>> activations.get(None).name
    'linear'
    """
    if identifier is None:
        return linear
    if isinstance(identifier, Activation):
        return identifier
    if not isinstance(identifier, str):
        raise TypeError(f"activation: expected a name or an Activation, got {identifier!r}")
    if identifier not in _BY_NAME:
        known = ", ".join(sorted(_BY_NAME))
        raise ValueError(f"activation: expected one of {known}; got {identifier!r}")
    return _BY_NAME[identifier]
