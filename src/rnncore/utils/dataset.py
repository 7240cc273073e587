"""PyDataset: batches by index, made on demand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any


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
