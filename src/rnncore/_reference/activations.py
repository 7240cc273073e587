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
from numpy.typing import NDArray

Array = NDArray[np.float64]
Function = Callable[[Array], Array]


def sigmoid(a: Array) -> Array:
    """Logistic function; exp of a non-positive number only, so that it cannot overflow."""
    e = np.exp(-np.abs(a))
    return np.asarray(np.where(a >= 0, 1.0, e) / (1.0 + e), dtype=np.float64)


ACTIVATIONS: dict[str, tuple[Function, Function]] = {
    "tanh": (np.tanh, lambda y: 1.0 - y * y),
    "relu": (lambda a: np.maximum(a, 0.0), lambda y: (y > 0).astype(np.float64)),
    "sigmoid": (sigmoid, lambda y: y * (1.0 - y)),
    "linear": (lambda a: a, np.ones_like),
    "hard_sigmoid": (
        lambda a: np.minimum(np.maximum(a + 3.0, 0.0), 6.0) / 6.0,
        lambda y: ((y > 0) & (y < 1)) / 6.0,
    ),
}


def named(argument: str, name: str) -> tuple[Function, Function]:
    """Return the function of that name and its derivative."""
    if name not in ACTIVATIONS:
        raise ValueError(f"{argument}: expected one of {sorted(ACTIVATIONS)}, got {name!r}")
    return ACTIVATIONS[name]
