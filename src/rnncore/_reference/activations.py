"""Scalar functions of the cells in float64, and their derivatives from the output.

sigmoid(a) = 1 / (1 + exp(-a)),   dsigmoid/da = s * (1 - s)
tanh(a),                          dtanh/da    = 1 - y * y
relu(a)    = max(a, 0),           drelu/da    = 1 where y > 0, else 0 (0 at a = 0 too)
linear(a)  = a,                   dlinear/da  = 1
hard_sigmoid(a) = min(max(a + 3, 0), 6) / 6,   derivative 1/6 where 0 < y < 1, else 0
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


def hard_sigmoid(a: Array) -> Array:
    return np.minimum(np.maximum(a + 3.0, 0.0), 6.0) / 6.0


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


def dhard_sigmoid(y: Array) -> Array:
    """Derivative of the hard sigmoid, from its output."""
    return ((y > 0) & (y < 1)) / 6.0


ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "tanh": (tanh, dtanh),
    "relu": (relu, drelu),
    "sigmoid": (sigmoid, dsigmoid),
    "linear": (linear, dlinear),
    "hard_sigmoid": (hard_sigmoid, dhard_sigmoid),
}


def named(argument: str, name: str) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """Return the function of that name and its derivative."""
    if name not in ACTIVATIONS:
        raise ValueError(f"{argument}: expected one of {sorted(ACTIVATIONS)}, got {name!r}")
    return ACTIVATIONS[name]
