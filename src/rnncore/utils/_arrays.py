"""Checks of arrays used everywhere: masked arrays, foreign byte order, numbers too large."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

RAGGED = "sequences of different lengths; rnncore.utils.pad_sequences makes them one array"


def plain_array(argument: str, value: ArrayLike) -> NDArray[Any]:
    """Return ``value`` as an array.

    Raises TypeError for a masked array, whose mask NumPy would silently drop, and for foreign byte
    order, and ValueError for rows of different lengths; all name ``argument``.
    """
    if _is_masked(value) or (isinstance(value, (list, tuple)) and any(map(_is_masked, value))):
        raise TypeError(
            f"{argument}: expected a plain array, got a masked array; fill it (numpy.ma.filled), "
            "and exclude time steps by a mask or by weights"
        )
    try:
        array = np.asarray(value)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError(f"{argument}: expected a rectangular array, got {RAGGED}") from None
    if not array.dtype.isnative:
        raise TypeError(
            f"{argument}: expected an array in native byte order, got dtype {array.dtype.str}; "
            "x.astype(x.dtype.newbyteorder('=')) converts it"
        )
    return array


def float_array(argument: str, value: Any) -> NDArray[Any]:
    """Return ``value`` if it is an array of float32 or float64, else raise TypeError."""
    if not (isinstance(value, np.ndarray) and value.dtype in (np.float32, np.float64)):
        got = value.dtype if isinstance(value, np.ndarray) else type(value).__name__
        raise TypeError(f"{argument}: expected a float32 or float64 array, got {got}")
    return value


def _is_masked(value: object) -> bool:
    # NumPy loads this module on first use; before that there are no masked arrays.
    masked = sys.modules.get("numpy.ma")
    return masked is not None and isinstance(value, masked.MaskedArray)


def narrowed(argument: str, array: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Return ``array`` in ``dtype``, itself if it already has that dtype.

    Raises ValueError, naming ``argument``, for a finite number that would become infinite.
    Infinities and NaN are kept.
    """
    if array.dtype == dtype:
        return array
    try:
        with np.errstate(over="raise"):
            return array.astype(dtype)
    except FloatingPointError:
        pass
    target = np.dtype(dtype)
    with np.errstate(over="ignore"):
        wrong = np.isfinite(array) & ~np.isfinite(array.astype(target))
    raise ValueError(
        f"{argument}: expected numbers within the range of {target}, up to "
        f"{np.finfo(target).max:.3g}, got {array[wrong].reshape(-1)[0]}"
    )
