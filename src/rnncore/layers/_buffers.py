"""Arrays that are kept from one training step to the next."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Buffers:
    """Arrays by name, made when they are first asked for and enlarged when they are too small.

    What `take` returns holds the values of the last step, and is overwritten in the next one. A
    copy, also by pickle, starts empty.
    """

    def __init__(self) -> None:
        self._memory: dict[str, NDArray[Any]] = {}
        self._views: dict[str, NDArray[Any]] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return a contiguous array of this shape and dtype, its content undefined."""
        view = self._views.get(name)
        if view is not None and view.shape == shape and view.dtype == dtype:
            return view
        memory = self._memory.get(name)
        size = math.prod(shape)
        if memory is None or memory.size < size or memory.dtype != dtype:
            memory = self._memory[name] = np.empty(size, dtype)
        view = self._views[name] = memory[:size].reshape(shape)
        return view

    def __reduce__(self) -> tuple[type[Buffers], tuple[()]]:
        return type(self), ()
