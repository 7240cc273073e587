"""`pad_sequences` and `TimeseriesGenerator`, where Keras had them too."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.utils._checks import check_count, check_flag
from rnncore.utils.dataset import PyDataset
from rnncore.utils.random import new_rng
from rnncore.utils.sequences import pad_sequences

_OWNER = "TimeseriesGenerator"


class TimeseriesGenerator(PyDataset):
    """Batches of windows over a series, each with the target that follows it.

    `rnncore.utils.timeseries_dataset_from_array` is its successor.

    Parameters
    ----------
    data, targets : array_like, shape (N, ...)
        One row per time step. The target of the window that ends before row i is ``targets[i]``.
    length : int
        Number of rows that a window spans.
    sampling_rate : int, default 1
        A window takes every `sampling_rate`-th row.
    stride : int, default 1
        Number of rows between the starts of neighbouring windows.
    start_index, end_index : int, optional
        First and last row to use. Default: all.
    shuffle : bool, default False
        Whether to draw windows at random, with replacement.
    reverse : bool, default False
        Whether to reverse the steps of each window.
    batch_size : int, default 128

    Raises
    ------
    ValueError, TypeError
        If a number does not fit the data.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.preprocessing.sequence import TimeseriesGenerator
    >>> series = np.arange(6.0)
    >>> windows = TimeseriesGenerator(series, series, length=3, batch_size=2)
    >>> len(windows)
    2
    >>> x, y = windows[0]
    >>> x.tolist(), y.tolist()
    ([[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]], [3.0, 4.0])
    """

    def __init__(
        self,
        data: ArrayLike,
        targets: ArrayLike,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
    ) -> None:
        super().__init__()
        self.data, self.targets = np.asarray(data), np.asarray(targets)
        if len(self.data) != len(self.targets):
            raise ValueError(
                f"{_OWNER}: targets: expected {len(self.data)} rows, as in data, got "
                f"{len(self.targets)}"
            )
        self.length = check_count(_OWNER, "length", length)
        self.sampling_rate = check_count(_OWNER, "sampling_rate", sampling_rate)
        self.stride = check_count(_OWNER, "stride", stride)
        self.batch_size = check_count(_OWNER, "batch_size", batch_size)
        self.shuffle = check_flag(_OWNER, "shuffle", shuffle)
        self.reverse = check_flag(_OWNER, "reverse", reverse)
        self.start_index = int(start_index) + self.length
        self.end_index = len(self.data) - 1 if end_index is None else int(end_index)
        if not self.length <= self.start_index <= self.end_index < len(self.data):
            raise ValueError(
                f"{_OWNER}: length: expected windows with a target in rows {start_index} to "
                f"{self.end_index} of {len(self.data)}, got {length}"
            )
        self._rows = np.arange(self.start_index, self.end_index + 1, self.stride)
        self._rng = new_rng() if self.shuffle else None

    def __len__(self) -> int:
        return -(-len(self._rows) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[Any], NDArray[Any]]:
        if not 0 <= index < len(self):
            raise IndexError(f"{_OWNER}: expected a batch below {len(self)}, got {index}")
        rows = self._rows[index * self.batch_size :][: self.batch_size]
        if self._rng is not None:
            rows = self._rng.integers(self.start_index, self.end_index + 1, self.batch_size)
        steps = np.arange(-self.length, 0, self.sampling_rate)
        if self.reverse:
            steps = steps[::-1]
        return self.data[rows[:, None] + steps], self.targets[rows]


__all__ = ["TimeseriesGenerator", "pad_sequences"]
