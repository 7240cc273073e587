"""Scalar functions of the cells in float64, and their derivatives from the output.

sigmoid(a) = 1 / (1 + exp(-a)),   dsigmoid/da = s * (1 - s)
tanh(a),                          dtanh/da    = 1 - y * y
relu(a)    = max(a, 0),           drelu/da    = 1 where y > 0, else 0 (0 at a = 0 too)
linear(a)  = a,                   dlinear/da  = 1
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnncore._reference.sequences import Array


def sigmoid(a: Array) -> Array:
    """Logistic function; exp of a non-positive number only, so that it cannot overflow."""
    e = np.exp(-np.abs(a))
    return np.asarray(np.where(a >= 0, 1.0, e) / (1.0 + e), dtype=np.float64)


def relu(a: Array) -> Array:
    return np.maximum(a, 0.0)


def linear(a: Array) -> Array:
    return a


def tanh(a: Array) -> Array:
    return np.tanh(a)


def dsigmoid(y: Array) -> Array:
    """Derivative of the sigmoid, from its output."""
    return y * (1.0 - y)


def dtanh(y: Array) -> Array:
    """Derivative of tanh, from its output."""
    return 1.0 - y * y


def drelu(y: Array) -> Array:
    """Derivative of relu, from its output."""
    return (y > 0).astype(np.float64)


def dlinear(y: Array) -> Array:
    """Derivative of the identity."""
    return np.ones_like(y)


ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "tanh": (tanh, dtanh),
    "relu": (relu, drelu),
    "sigmoid": (sigmoid, dsigmoid),
    "linear": (linear, dlinear),
}
