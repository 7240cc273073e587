"""``keras.backend`` for Keras programs; the only backend is rnncore itself.

It also has the functions used in metrics, such as ``K.mean``, ``K.square`` and ``K.clip``: see
`rnncore.ops.arrays`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.ops.arrays import FUNCTIONS
from rnncore.utils._names import clear_session as clear_session, public


def backend() -> str:
    """Return the name of the backend: ``"rnncore"``."""
    return "rnncore"


def floatx() -> str:
    """Return the default dtype of layers and models: ``"float32"``."""
    return "float32"


def set_floatx(value: str) -> None:
    """Accept only ``"float32"``, the default dtype.

    Raises
    ------
    ValueError
        For any other dtype, which must be given to the layers.
    """
    if value != "float32":
        raise ValueError(
            f"set_floatx: value: expected 'float32', got {value!r}; give the first layers a dtype"
        )


def epsilon() -> float:
    """Return the small number that keeps divisors and logarithms away from zero."""
    return 1e-7


def get_value(x: Any) -> Any:
    """Return the value of a weight, a learning rate or similar as an array.

    Examples
    --------
    >>> from rnncore import backend as K
    >>> from rnncore.optimizers import Adam
    >>> optimizer = Adam(0.5)
    >>> K.set_value(optimizer.learning_rate, 0.25)
    >>> float(K.get_value(optimizer.learning_rate))
    0.25
    """
    return np.array(x)


def set_value(x: Any, value: ArrayLike) -> None:
    """Set the value of a weight, a learning rate or similar.

    Raises
    ------
    TypeError
        If `x` cannot be set.
    """
    if not hasattr(x, "assign"):
        raise TypeError(f"set_value: x: expected a weight or the like, got {type(x).__name__}")
    x.assign(value)


def argmax(x: ArrayLike, axis: int = -1) -> Any:
    """Return the index of the largest number, by default along the last axis."""
    return np.argmax(x, axis)


def argmin(x: ArrayLike, axis: int = -1) -> Any:
    """Return the index of the smallest number, by default along the last axis."""
    return np.argmin(x, axis)


def flatten(x: ArrayLike) -> NDArray[Any]:
    """Return all numbers as a flat array."""
    return np.ravel(np.asarray(x))


def pow(x: ArrayLike, a: ArrayLike) -> Any:
    """Return ``x ** a``."""
    return np.power(x, a)


def int_shape(x: Any) -> tuple[int | None, ...]:
    """Return the shape of an array or a symbolic tensor, with None for unknown sizes."""
    return tuple(x.shape)


def __getattr__(name: str) -> Any:
    # concatenate and expand_dims have a different default axis there than in `rnncore.ops`.
    if name in FUNCTIONS and name not in ("concatenate", "expand_dims"):
        return FUNCTIONS[name]
    raise AttributeError(f"module 'rnncore.backend' has no attribute {name!r}")


if not TYPE_CHECKING:  # type checkers find the names by these imports
    __all__ = public(globals(), "clear_session")
