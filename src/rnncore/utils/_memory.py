"""Check whether an array can be allocated before trying."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

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
    if size > machine_memory():
        raise _too_large(argument, got, shape, size)
    try:
        yield
    except MemoryError:
        raise _too_large(argument, got, shape, size) from None


def _too_large(argument: str, got: object, shape: tuple[int, ...], size: int) -> MemoryError:
    return MemoryError(
        f"{argument}: expected a size for which the memory suffices, got {got}, which makes an "
        f"array of shape {shape} and takes {size / 2**30:.3g} GiB"
    )


def machine_memory() -> float:
    """Return the machine's memory in bytes, infinity if unknown."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):  # not a POSIX system
        return math.inf
