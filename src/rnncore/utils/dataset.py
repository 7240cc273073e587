"""Data that come batch by batch: classes to derive from, and windows of a series."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.utils._checks import check_count, check_flag
from rnncore.utils.random import new_rng


class PyDataset:
    """Base class of data sets made batch by batch; `Sequence` is its older name.

    A subclass defines ``__getitem__(index)``, which returns a batch as ``(x,)``, ``(x, y)`` or
    ``(x, y, sample_weight)``, and ``__len__()``, the number of batches in an epoch. Without
    ``__len__`` it overrides `num_batches` to return None and never ends. `fit` with
    ``shuffle=True`` requests the batches of each epoch in a new random order.

    Parameters
    ----------
    workers : int, default 1
    use_multiprocessing : bool, default False
    max_queue_size : int, default 10
        Without effect, like the other two: batches are made one at a time, in the training thread.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.layers import LSTM, Dense
    >>> from rnncore.utils import PyDataset
    >>> class Waves(PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         waves = np.sin(np.arange(40) + index).reshape(4, 10, 1)
    ...         return waves[:, :-1], waves[:, -1]
    >>> model = Sequential([LSTM(4), Dense(1)])
    >>> model.compile("adam", "mse")
    >>> model.fit(Waves(), verbose=0).params["steps"]
    3
    """

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """Return a batch."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method __getitem__")

    @property
    def num_batches(self) -> int | None:
        """Number of batches in an epoch; None if they never end."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(
            f"{type(self).__name__}: expected a method __len__, or a property num_batches"
        )

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches in order."""
        count = self.num_batches
        for index in itertools.count() if count is None else range(count):
            yield self[index]

    def on_epoch_begin(self) -> None:
        """Called before each epoch of `fit`, `evaluate` and `predict`."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""


Sequence = PyDataset


_OWNER = "timeseries_dataset_from_array"


class BatchArray(np.ndarray[Any, Any]):
    """An array with a method `numpy` that returns itself, like Keras' tensors."""

    def numpy(self) -> NDArray[Any]:
        """Return the plain array."""
        return np.asarray(self)


@dataclass(eq=False, repr=False)
class TimeseriesDataset(PyDataset):
    """Batches of windows, made on demand, as returned by `timeseries_dataset_from_array`."""

    _data: NDArray[Any]
    _targets: NDArray[Any] | None
    _starts: NDArray[np.intp]
    _steps: NDArray[np.intp]
    _batch_size: int
    _rng: np.random.Generator | None

    def __post_init__(self) -> None:
        super().__init__()
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self._starts) // self._batch_size)

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(f"{_OWNER}: expected a batch below {len(self)}, got {index}")
        starts = self._starts[index * self._batch_size :][: self._batch_size]
        windows = self._data[starts[:, None] + self._steps].view(BatchArray)
        if self._targets is None:
            return windows
        return windows, self._targets[starts].view(BatchArray)

    def take(self, count: int) -> Iterator[Any]:
        """Yield the first batches."""
        return itertools.islice(iter(self), count)

    def on_epoch_end(self) -> None:
        """Reshuffle the windows if `shuffle` is set."""
        if self._rng is not None:
            self._rng.shuffle(self._starts)


def timeseries_dataset_from_array(
    data: ArrayLike,
    targets: ArrayLike | None,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> TimeseriesDataset:
    """Make windows over a series, for `fit`, `evaluate` and `predict`.

    Parameters
    ----------
    data : array_like, shape (N, ...)
        The series, one row per time step.
    targets : array_like, shape (M, ...), or None
        ``targets[i]`` belongs to the window that begins at ``data[i]``. None: only windows.
    sequence_length : int
        Time steps of a window.
    sequence_stride : int, default 1
        Number of rows between the starts of neighbouring windows.
    sampling_rate : int, default 1
        A window takes every `sampling_rate`-th row.
    batch_size : int, default 128
    shuffle : bool, default False
        Whether to put the windows in a random order, a new one after each epoch.
    seed : int, optional
        For that order; by default derived from `set_random_seed`.
    start_index, end_index : int, optional
        The rows to use: from `start_index` up to but not including `end_index`.

    Returns
    -------
    TimeseriesDataset
        A `PyDataset` whose batches are ``windows`` of shape ``(batch_size, sequence_length, ...)``
        or ``(windows, targets)``; the last may be smaller. ``take(n)`` yields the first n. The
        arrays have a method `numpy`, as Keras programs expect.

    Raises
    ------
    ValueError, TypeError
        If a number does not fit the data, or the data are too short for one window.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.utils import timeseries_dataset_from_array
    >>> series = np.arange(10)
    >>> windows = timeseries_dataset_from_array(series[:-3], series[3:], 3, batch_size=2)
    >>> x, y = windows[0]
    >>> x.tolist(), y.tolist()
    ([[0, 1, 2], [1, 2, 3]], [3, 4])
    """
    series = np.asarray(data)
    length = check_count(_OWNER, "sequence_length", sequence_length)
    stride = check_count(_OWNER, "sequence_stride", sequence_stride)
    rate = check_count(_OWNER, "sampling_rate", sampling_rate)
    size = check_count(_OWNER, "batch_size", batch_size)
    first = 0 if start_index is None else _row("start_index", start_index, 0, len(series) - 1)
    end = len(series) if end_index is None else _row("end_index", end_index, 1, len(series))
    wanted = None if targets is None else np.asarray(targets)[first:end]
    count = end - first - (length - 1) * rate
    if wanted is not None:
        count = min(count, len(wanted))
    if count < 1:
        raise ValueError(
            f"{_OWNER}: sequence_length: expected windows that fit into {max(end - first, 0)} rows "
            f"of data and targets, got {length} with sampling_rate {rate}"
        )
    rng = None
    if check_flag(_OWNER, "shuffle", shuffle):
        rng = new_rng() if seed is None else np.random.default_rng(seed)
    starts = np.arange(0, count, stride)
    steps = np.arange(0, length * rate, rate)
    return TimeseriesDataset(series[first:end], wanted, starts, steps, size, rng)


def _row(argument: str, value: Any, low: int, high: int) -> int:
    expected = f"an integer from {low} to {high}, or None"
    return check_count(_OWNER, argument, value, expected, least=low, most=high)
