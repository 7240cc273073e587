"""Checks that the layers' constructors share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnncore import initializers

DTYPES = ("float32", "float64")

# Arguments that steer only how Keras computes, never what: any value gives the same network.
_WITHOUT_EFFECT = frozenset({"unroll", "implementation", "use_cudnn"})


def positive_int(owner: str, argument: str, value: Any) -> int:
    """Return `value` as an int of at least 1, or raise naming the argument."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{owner}: {argument}: expected a positive integer, got {value!r}")
    if value < 1:
        raise ValueError(f"{owner}: {argument}: expected a positive integer, got {value!r}")
    return int(value)


def boolean(owner: str, argument: str, value: Any) -> bool:
    """Return `value` as a bool, or raise naming the argument."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{owner}: {argument}: expected True or False, got {value!r}")
    return bool(value)


def float_dtype(owner: str, value: Any) -> np.dtype[Any]:
    """Return `value` as one of the two dtypes that a network can have."""
    try:
        dtype: np.dtype[Any] = np.dtype(value)
    except TypeError:
        raise TypeError(
            f"{owner}: dtype: expected one of {', '.join(DTYPES)}, got {value!r}"
        ) from None
    if dtype.name not in DTYPES:
        raise ValueError(f"{owner}: dtype: expected one of {', '.join(DTYPES)}, got {value!r}")
    return np.dtype(dtype.name)  # in native byte order


def reject_unsupported(
    owner: str, arguments: Mapping[str, Any], neutral: Mapping[str, Any]
) -> None:
    """Raise for every extra argument that would change the result.

    `neutral` holds, for each argument that Keras has and this library lacks so far, the one
    value that asks for nothing. Whatever is not in it is unknown.
    """
    for argument, value in arguments.items():
        if argument in _WITHOUT_EFFECT and argument in neutral:
            continue
        if argument not in neutral:
            raise TypeError(f"{owner}: unexpected argument {argument!r}")
        expected = neutral[argument]
        same = value is expected if expected is None else value == expected
        if not same:
            raise ValueError(
                f"{owner}: {argument}: expected {expected!r} (no other value is supported yet), "
                f"got {value!r}"
            )


def feature_shape(owner: str, argument: str, value: Any) -> tuple[int | None, ...]:
    """Return a shape without its batch axis: positive ints, None where the size may vary."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        value = (value,)
    if not isinstance(value, (tuple, list)) or not value:
        raise TypeError(
            f"{owner}: {argument}: expected a tuple such as (timesteps, features), got {value!r}"
        )
    return tuple(
        None if size is None else positive_int(owner, f"{argument}[{axis}]", size)
        for axis, size in enumerate(value)
    )


def known_initializer(initializer: Any) -> Any:
    """Return it as it is; ValueError or TypeError, from `initializers.get`, for an unknown one."""
    initializers.get(initializer)
    return initializer
