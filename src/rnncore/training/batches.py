"""Samples in batches: in order, shuffled, or by length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._buffers import Buffers
from rnncore.networks.network import Arrays
from rnncore.training.data import Batch, Masks, Samples, Targets
from rnncore.training.ragged import Ragged

Rows = NDArray[np.intp] | slice

# How much longer, at most, a sequence counts when the order is drawn: those whose lengths differ
# by less may change places.
_SPREAD = 0.1


class Batches:
    """Iterate over samples in batches, in order or shuffled.

    Batches in order are views. Shuffled ones are gathered into buffers that the next batch
    overwrites, and so are sequences of different lengths: an epoch allocates nothing.

    Parameters
    ----------
    samples : Samples
    batch_size : int
    by_length : bool, default True
        Whether sequences of different lengths go from short to long where they are not shuffled.
    """

    # As a source of batches: it can be walked again and again, and nothing listens to its epochs.
    once = False

    def __init__(self, samples: Samples, batch_size: int, *, by_length: bool = True) -> None:
        self.samples = samples
        self.batch_size = min(batch_size, len(samples))
        ragged = [one.lengths for one in samples.x if isinstance(one, Ragged)]
        self._lengths = cast("NDArray[np.intp]", sum(ragged)) if ragged else None
        self._by_length = by_length
        self._parts: tuple[Sequence[Any], ...] = (samples.x, samples.y, samples.weight)
        self._rooms: list[list[Any]] | None = None
        self._buffers = Buffers()
        self._in_order: NDArray[np.intp] | None = None
        self._order: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return -(-len(self.samples) // self.batch_size)

    @property
    def steps(self) -> int:
        """Number of batches."""
        return len(self)

    def tell(self, hook: str) -> None:
        """An epoch begins or has ended: nothing to do."""

    def rows(self) -> Iterator[Rows]:
        """Yield which samples are in each batch, in order."""
        if self._lengths is not None and self._by_length:
            yield from batches_by_length(self._lengths, self.batch_size)
            return
        for start in range(0, len(self.samples), self.batch_size):
            yield slice(start, min(start + self.batch_size, len(self.samples)))

    def batches(self, rng: np.random.Generator | None = None) -> Iterator[Batch]:
        """Yield every sample once, shuffled where there is a generator for it."""
        return iter(self) if rng is None else self.shuffled(rng)

    def __iter__(self) -> Iterator[Batch]:
        return map(self.take, self.rows())

    def shuffled(self, rng: np.random.Generator) -> Iterator[Batch]:
        """Yield every sample once, in a new random order."""
        if self._lengths is not None:
            yield from map(self.take, batches_by_length(self._lengths, self.batch_size, rng))
            return
        if self._in_order is None or self._order is None:
            self._in_order = np.arange(len(self.samples))
            self._order = np.empty_like(self._in_order)
        order = self._order
        order[...] = self._in_order
        rng.shuffle(order)
        for start in range(0, len(order), self.batch_size):
            yield self.take(order[start : start + self.batch_size])

    def take(self, rows: Rows) -> Batch:
        """Return the batch of these samples."""
        samples = self.samples
        if self._lengths is None:
            if not isinstance(rows, slice):
                x, y, weight = self._gathered(rows)
                return Batch(cast("Arrays", x), y, weight)
            cut: Any = tuple([p if p is None else p[rows] for parts in self._parts for p in parts])
            inputs, targets = len(samples.x), len(samples.x) + len(samples.y)
            return Batch(cut[:inputs], cut[inputs:targets], cut[targets:])
        (x, masks), (y, counted), (weight, _) = map(self._padded, range(3), repeat(rows))
        lengths = samples.lengths and tuple(
            None if one is None else one[rows] for one in samples.lengths
        )
        return Batch(cast("Arrays", x), y, weight, masks, counted, lengths)

    def _padded(self, which: int, rows: Rows) -> tuple[Targets, Masks]:
        """Return arrays for a batch, and which steps are real in those that vary."""
        arrays: list[NDArray[Any] | None] = []
        masks: list[NDArray[np.bool_] | None] = []
        for index, (part, room) in enumerate(self._paired()[which]):
            array = mask = None
            if isinstance(part, Ragged):
                steps = max(1, int(part.lengths[rows].max()))
                array, mask = part.padded(rows, steps, self._buffers, f"{which} {index}")
            elif part is not None:
                array = part[rows] if isinstance(rows, slice) else _taken(part, room, rows)
            arrays.append(array)
            masks.append(mask)
        return tuple(arrays), tuple(masks)

    def _gathered(self, rows: NDArray[np.intp]) -> list[Targets]:
        """Return inputs, targets and weights of some samples; the next call overwrites them."""
        return [
            tuple([None if part is None else _taken(part, room, rows) for part, room in pairs])
            for pairs in self._rooms or self._paired()
        ]

    def _paired(self) -> list[list[Any]]:
        """Return inputs, targets and weights with the memory that batches are gathered in."""
        if self._rooms is None:
            self._rooms = [[(part, self._room(part)) for part in parts] for parts in self._parts]
        return self._rooms

    def _room(self, array: NDArray[Any] | Ragged | None) -> NDArray[Any] | None:
        if array is None or isinstance(array, Ragged) or not array.flags.c_contiguous:
            return None
        return np.empty((self.batch_size, *array.shape[1:]), array.dtype)


def _taken(
    array: NDArray[Any], memory: NDArray[Any] | None, rows: NDArray[np.intp]
) -> NDArray[Any]:
    """Return some rows of an array, in `memory` where there is any."""
    if memory is None:
        return array[rows]  # take would copy all of it first
    out = memory if len(rows) == len(memory) else memory[: len(rows)]
    # mode="clip" writes straight into out; the default buffers it to undo errors.
    return array.take(rows, axis=0, out=out, mode="clip")


def one_batch(samples: Samples) -> Batch:
    """Return all samples as one batch."""
    return Batches(samples, len(samples), by_length=False).take(slice(0, len(samples)))


def batches_by_length(
    lengths: NDArray[np.intp], batch_size: int, rng: np.random.Generator | None = None
) -> list[NDArray[np.intp]]:
    """Return the rows of each batch, every row once.

    Parameters
    ----------
    lengths : ndarray of int, shape (N,)
    batch_size : int
        Of all batches but one, which has the rest.
    rng : Generator, optional
        Draws anew which of the sequences of nearly the same length come together, which batch is
        the smaller one, and the order of the batches. Without it they go from short to long.

    Notes
    -----
    With `rng` a batch has room for ``1.1 * sum(lengths)`` steps, and those of some of the longest
    sequences, in all: sequences are sorted by a length that is up to a tenth too long.
    """
    count = len(lengths)
    if rng is None:
        order = np.argsort(lengths, kind="stable")
        starts = np.arange(0, count, batch_size)
        return np.split(order, starts[1:])
    order = np.argsort(lengths * (1 + _SPREAD * rng.random(count)), kind="stable")
    # Sequences without any step tie; so do none of the others.
    empty = int(np.count_nonzero(lengths == 0))
    order[:empty] = rng.permutation(order[:empty])
    batches = -(-count // batch_size)
    sizes = np.full(batches, batch_size)
    sizes[rng.integers(batches)] -= batches * batch_size - count
    found = np.split(order, np.cumsum(sizes)[:-1])
    return [found[index] for index in rng.permutation(batches)]
