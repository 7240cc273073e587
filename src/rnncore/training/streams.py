"""Batches that come one by one: from generators, datasets and other iterables."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from rnncore.training.batches import Batches, one_batch
from rnncore.training.data import Batch, Samples
from rnncore.utils.dataset import PyDataset


def is_stream(data: Any) -> bool:
    """Whether `data` yields batches, that is, is not an array or a list or dict of arrays."""
    if isinstance(data, PyDataset):
        return True
    if isinstance(data, (Sequence, Mapping, Set, type)) or hasattr(data, "__array__"):
        return False
    return hasattr(data, "__iter__") or _is_indexed(data)


def _is_indexed(data: Any) -> bool:
    return isinstance(data, PyDataset) or (
        hasattr(data, "__getitem__") and hasattr(data, "__len__") and not hasattr(data, "__next__")
    )


# Makes `Samples` of ``(x, y, sample_weight)`` and the beginning of the names in errors.
Prepare = Callable[[tuple[Any, Any, Any], str], Samples]


class Stream:
    """Batches of a generator, a dataset or another iterable, prepared one by one.

    Parameters
    ----------
    data
        An iterator is consumed once. An object with ``__getitem__`` and ``__len__`` is indexed; any
        other iterable is iterated over in every epoch.
    prepare : callable
        Makes `Samples` from the parts of a batch ``(x, y, sample_weight)`` and the prefix of names
        in errors.
    prefix : str, default ""
        What precedes the number of the batch in errors.
    """

    def __init__(self, data: Any, prepare: Prepare, prefix: str = "") -> None:
        self._data = data
        self._prepare = prepare
        self._prefix = prefix
        self._indexed = _is_indexed(data)
        self.once = not self._indexed and iter(data) is data
        self._begun: Iterator[Batch] | None = None

    @property
    def steps(self) -> int | None:
        """Number of batches; None if it is unknown or infinite."""
        if isinstance(self._data, PyDataset):
            return self._data.num_batches
        try:
            return len(self._data)
        except (TypeError, NotImplementedError):
            return None

    def peek(self) -> None:
        """Prepare the first batch, which builds the model and reveals most errors.

        Raises
        ------
        ValueError
            When there is none.
        """
        batches = self._walk()
        for first in batches:
            if not self._indexed:  # which is asked for it again
                self._begun = itertools.chain([first], batches)
            return
        raise ValueError(f"{self._prefix}x: expected at least one batch, got none")

    def batches(self, rng: np.random.Generator | None = None) -> Iterator[Batch]:
        """Return the batches; with a generator those of a dataset come in a random order."""
        found = self._begun or self._walk(rng)
        self._begun = found if self.once else None
        return found

    def _walk(self, rng: np.random.Generator | None = None) -> Iterator[Batch]:
        items: Iterable[tuple[int, Any]]
        if self._indexed:
            count = self.steps
            order: Any = itertools.count() if count is None else range(count)
            if count is not None and rng is not None:
                order = rng.permutation(count).tolist()
            items = ((number, self._data[number]) for number in order)
        else:
            items = enumerate(self._data)
        for number, item in items:
            yield self._prepared(item, number)

    def tell(self, hook: str) -> None:
        """Tell the dataset that an epoch begins or has ended."""
        listener = getattr(self._data, hook, None)
        if callable(listener):
            listener()

    def _prepared(self, item: Any, number: int) -> Batch:
        prefix = f"{self._prefix}batch {number}: "
        parts = tuple(item) if isinstance(item, (tuple, list)) else (item,)
        if not 1 <= len(parts) <= 3:
            raise ValueError(
                f"{prefix}expected (x,), (x, y) or (x, y, sample_weight), "
                f"got a {type(item).__name__} of {len(parts)}"
            )
        x, y, weight = (*parts, None, None)[:3]
        return one_batch(self._prepare((x, y, weight), prefix))


# Where the batches of `fit`, `evaluate` and `predict` come from.
Source = Batches | Stream


class Feed:
    """The batches of one epoch after another.

    Parameters
    ----------
    source : Source
    wanted : int, optional
        Number of batches in an epoch, by default all that the source yields. If given, the next
        epoch continues where the last one stopped, and starts again at the end of the source.

    Attributes
    ----------
    taken : int
        Number of batches yielded in this epoch so far.
    spent : bool
        Whether the source has ended for good.
    """

    def __init__(self, source: Source, wanted: int | None = None) -> None:
        self.source = source
        self._wanted = wanted
        self._rest: Iterator[Batch] | None = None
        self._found: int | None = None
        self.taken = 0
        self.spent = False

    @property
    def steps(self) -> int | None:
        """Number of batches in an epoch; None while unknown."""
        return self._wanted or self.source.steps or self._found

    @property
    def short(self) -> bool:
        """Whether the finished epoch had fewer batches than wanted."""
        return self._wanted is not None and self.taken < self._wanted

    def epoch(self, rng: np.random.Generator | None = None) -> Iterator[Batch]:
        """Yield the batches of the next epoch, shuffled if a generator is given."""
        self.taken = 0
        self.source.tell("on_epoch_begin")
        if self._wanted is None:
            self._rest = None
        while self._wanted is None or self.taken < self._wanted:
            begun = self._rest is not None
            if self._rest is None:
                self._rest = self.source.batches(rng)
            batch = next(self._rest, None)
            if batch is not None:
                self.taken += 1
                yield batch
                continue
            self._rest = None
            if self.taken or not begun or self.source.once:
                # If a pass ended with the last epoch, start the next one.
                self.spent = not self.taken or self.source.once
                break
        if self._wanted is None:
            self._found = self.taken
        self.source.tell("on_epoch_end")
