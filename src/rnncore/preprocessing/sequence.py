"""Windows over a series; `pad_sequences` and `TimeseriesGenerator` where Keras had them too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.utils._arrays import plain_array
from rnncore.utils._checks import check_count, check_flag
from rnncore.utils.dataset import PyDataset
from rnncore.utils.numerical import pad_sequences
from rnncore.utils.random import new_rng

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


def sliding_windows(
    series: ArrayLike,
    window: int,
    horizon: int = 1,
    stride: int = 1,
    *,
    target: int | Sequence[int] | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cut a series into windows and the steps that follow each, as samples for forecasting.

    Sample ``i`` begins at step ``i * stride``: ``x[i]`` holds `window` steps, and ``y[i]`` the next
    `horizon` steps. There are ``N = (T - window - horizon) // stride + 1`` samples; the rest of the
    series is not used.

    Parameters
    ----------
    series : array_like, shape (T,) or (T, F)
        One number or F numbers per step.
    window : int
        Steps that the network sees.
    horizon : int, default 1
        Steps that it forecasts.
    stride : int, default 1
        Steps between the starts of neighbouring samples.
    target : int or sequence of int, optional
        Which of the F numbers to forecast. Default: all.

    Returns
    -------
    x : ndarray, shape (N, window, F)
        F is 1 for a series with one axis. A read-only view, which takes no memory.
    y : ndarray, shape (N, horizon) or (N, horizon, K)
        The former for a series with one axis or a single `target`; K is the number of targets. Also
        a view, unless `target` is a sequence.

    Raises
    ------
    TypeError
        If the series is not an array, or a size is not an integer.
    ValueError
        If the series has other axes or is too short, a size is below 1, or a target does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.preprocessing import sliding_windows
    >>> x, y = sliding_windows(np.arange(7), window=3, horizon=2)
    >>> x.shape, y.shape
    ((3, 3, 1), (3, 2))
    >>> x[1, :, 0], y[1]
    (array([1, 2, 3]), array([4, 5]))
    """
    owner = "sliding_windows"
    array = plain_array(f"{owner}: series", series)
    window = check_count(owner, "window", window)
    horizon = check_count(owner, "horizon", horizon)
    stride = check_count(owner, "stride", stride)
    if array.ndim not in (1, 2):
        raise ValueError(f"{owner}: series: expected shape (T,) or (T, F), got {array.shape}")
    if len(array) < window + horizon:
        raise ValueError(
            f"{owner}: series: expected at least window + horizon = {window + horizon} steps, "
            f"got {len(array)}"
        )
    rows = array if array.ndim == 2 else array[:, None]
    x = _windows(rows[: len(rows) - horizon], window)[::stride]
    y = _windows(rows[window:], horizon)[::stride]
    if target is not None:
        y = y[:, :, _columns(owner, target, rows.shape[1])]
    elif array.ndim == 1:
        y = y[:, :, 0]
    return x, y


def _windows(rows: NDArray[Any], length: int) -> NDArray[Any]:
    """All stretches of `length` rows, shape (N, length, F)."""
    return np.lib.stride_tricks.sliding_window_view(rows, length, axis=0).transpose(0, 2, 1)


def _columns(owner: str, target: int | Sequence[int], count: int) -> Any:
    columns = np.asarray(target)
    if columns.dtype.kind not in "iu" or columns.ndim > 1:
        raise TypeError(f"{owner}: target: expected an integer or a list of them, got {target!r}")
    if columns.size == 0 or columns.min() < 0 or columns.max() >= count:
        raise ValueError(f"{owner}: target: expected numbers from 0 to {count - 1}, got {target!r}")
    return int(columns) if columns.ndim == 0 else columns


__all__ = ["TimeseriesGenerator", "pad_sequences", "sliding_windows"]
