"""Arrays kept from one training step to the next."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Buffers:
    """Arrays by name, made on first use and enlarged when too small.

    What `take` returns still holds the values of the previous step, and the next step overwrites
    it. A copy or a pickle starts empty.
    """

    def __init__(self) -> None:
        self._memory: dict[str, NDArray[Any]] = {}
        self._views: dict[str, NDArray[Any]] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return a contiguous, uninitialized array of this shape and dtype."""
        view = self._views.get(name)
        if view is not None and view.shape == shape and view.dtype == dtype:
            return view
        memory = self._memory.get(name)
        size = math.prod(shape)
        if memory is None or memory.size < size or memory.dtype != dtype:
            memory = self._memory[name] = np.empty(size, dtype)
        view = self._views[name] = memory[:size].reshape(shape)
        return view

    def copied(self, name: str, array: NDArray[Any]) -> NDArray[Any]:
        """Return a contiguous copy of an array, in memory as `take` gives it."""
        copy = self.take(name, array.shape, array.dtype)
        copy[...] = array
        return copy

    def __reduce__(self) -> tuple[type[Buffers], tuple[()]]:
        return type(self), ()
