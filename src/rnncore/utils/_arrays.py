"""Checks of arrays and of the memory for them, and arrays with a name."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray


class NamedArray:
    """Base of weights and of variables of optimizers and metrics: a name, an array as `value`."""

    name: str
    value: NDArray[Any]
    # What is assigned is converted to this dtype, if any.
    _assigned: Any = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array, () of a number."""
        return self.value.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """dtype of the array."""
        return self.value.dtype

    def numpy(self) -> NDArray[Any]:
        """Return a copy."""
        return self.value.copy()

    def assign(self, value: ArrayLike) -> None:
        """Set it; ValueError for another shape."""
        array = np.array(value, self._assigned)
        if array.shape != self.shape:
            raise ValueError(f"{self.name}: expected shape {self.shape}, got {array.shape}")
        self.value = array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.numpy() if dtype is None else self.value.astype(dtype)


_ADDRESSABLE = int(np.iinfo(np.intp).max)


@contextmanager
def room_for(argument: str, got: object, shape: Sequence[int], itemsize: int = 8) -> Iterator[None]:
    """Guard the code that allocates an array of ``shape``.

    Compares the size with the machine's memory first: an overcommitting system would let the
    allocation pass and kill the program when it is filled.

    Parameters
    ----------
    argument : str
        Start of error messages, such as ``"LSTM: units"``.
    got : object
        What came.
    shape : sequence of int
    itemsize : int, default 8
        Bytes of one element.

    Raises
    ------
    ValueError
        If no array can have that shape on this platform.
    MemoryError
        If there is not enough memory, also for the guarded code.
    """
    shape = tuple(shape)
    # As in NumPy, an axis of length 0 does not make an impossible shape possible.
    if math.prod(n for n in shape if n) * itemsize > _ADDRESSABLE:
        raise ValueError(
            f"{argument}: expected a size for which an array can be addressed, up to "
            f"{_ADDRESSABLE} bytes, got {got}, which makes one of shape {shape}"
        )
    size = math.prod(shape) * itemsize
    try:
        if size > machine_memory():
            raise MemoryError("more than the machine has")
        yield
    except MemoryError:
        raise MemoryError(
            f"{argument}: expected a size for which the memory suffices, got {got}, which makes an "
            f"array of shape {shape} and takes {size / 2**30:.3g} GiB"
        ) from None


def machine_memory() -> float:
    """Return the machine's memory in bytes, infinity if unknown."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):  # not a POSIX system
        return math.inf


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
        with np.errstate(all="ignore", over="raise"):
            return array.astype(dtype)
    except FloatingPointError:
        target = np.dtype(dtype)
        with np.errstate(all="ignore"):
            wrong = np.isfinite(array) & ~np.isfinite(array.astype(target))
        raise ValueError(
            f"{argument}: expected numbers within the range of {target}, up to "
            f"{np.finfo(target).max:.3g}, got {array[wrong].reshape(-1)[0]}"
        ) from None
