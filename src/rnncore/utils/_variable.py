"""Named arrays that Keras programs read and set."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


class NamedArray:
    """Base of the variables of optimizers and metrics: a name, and an array as `value`."""

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
