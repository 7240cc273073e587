"""Samples in batches: in order, shuffled, or by length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.tape import Buffers
from rnncore.training.data import Batch, Samples
from rnncore.training.ragged import Ragged

Rows = NDArray[np.intp] | slice

# The most by which a length is scaled up before sorting, so that sequences of similar length are
# shuffled.
_SPREAD = 0.1


class Batches:
    """Samples in batches, in order or shuffled.

    Batches in order are views. Shuffled ones are gathered into buffers that the next batch
    overwrites, and so are sequences of different lengths: an epoch allocates its order only.

    Parameters
    ----------
    samples : Samples
    batch_size : int
    by_length : bool, default True
        Whether sequences of different lengths are sorted from short to long when not shuffled.
    """

    # As a source of batches: it can be iterated over repeatedly, and ignores epochs.
    once = False

    def __init__(self, samples: Samples, batch_size: int, *, by_length: bool = True) -> None:
        self.samples = samples
        self.batch_size = min(batch_size, len(samples))
        ragged = [one.lengths for one in samples.x if isinstance(one, Ragged)]
        self._lengths = cast("NDArray[np.intp]", sum(ragged)) if ragged else None
        self._by_length = by_length
        self._parts = (*samples.x, *samples.y, *samples.weight)
        self._ends = len(samples.x), len(samples.x) + len(samples.y)
        self._buffers = Buffers()

    @property
    def steps(self) -> int:
        """Number of batches."""
        return -(-len(self.samples) // self.batch_size)

    def tell(self, hook: str) -> None:
        """Do nothing when an epoch begins or ends."""

    def rows(self, rng: np.random.Generator | None = None) -> Iterator[Rows]:
        """Yield which samples are in each batch, every sample once."""
        count, size = len(self.samples), self.batch_size
        if self._lengths is not None and (self._by_length or rng is not None):
            yield from batches_by_length(self._lengths, size, rng)
            return
        order = None if rng is None else rng.permutation(count)
        for start in range(0, count, size):
            rows = slice(start, min(start + size, count))
            yield rows if order is None else order[rows]

    def batches(self, rng: np.random.Generator | None = None) -> Iterator[Batch]:
        """Return every sample once, shuffled where there is a generator for it."""
        return map(self.take, self.rows(rng))

    def take(self, rows: Rows) -> Batch:
        """Return the batch of these samples."""
        samples = self.samples
        arrays: list[Any] = []
        masks: dict[int, NDArray[np.bool_] | None] = {}
        for index, part in enumerate(self._parts):
            array: Any = part
            if isinstance(part, Ragged):
                array, masks[index] = part.padded(rows, self._buffers, str(index))
            elif part is not None:
                if isinstance(rows, slice) or not part.flags.c_contiguous:
                    array = part[rows]  # of which take would copy all first
                else:
                    shape = (len(rows), *part.shape[1:])
                    out = self._buffers.take(str(index), shape, part.dtype)
                    # mode="clip" writes straight into out; the default buffers it to undo errors.
                    array = part.take(rows, axis=0, out=out, mode="clip")
            arrays.append(array)
        cut = tuple(arrays)
        first, after = self._ends
        batch = Batch(cut[:first], cut[first:after], cut[after:])
        if self._lengths is not None:
            batch.masks = tuple(map(masks.get, range(first)))
            batch.counted = tuple(map(masks.get, range(first, after)))
            batch.lengths = samples.lengths and tuple(
                None if one is None else one[rows] for one in samples.lengths
            )
        return batch


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
        Of all batches except one, which has the rest.
    rng : Generator, optional
        Decides which sequences of similar length share a batch, which batch is the smaller one, and
        the order of the batches. Without it they go from short to long.

    Notes
    -----
    With `rng`, all batches together have room for ``1.1 * sum(lengths)`` steps plus some of the
    longest sequences, since sequences are sorted by a length scaled up by at most a tenth.
    """
    count = len(lengths)
    if rng is None:
        order = np.argsort(lengths, kind="stable")
        starts = np.arange(0, count, batch_size)
        return np.split(order, starts[1:])
    order = np.argsort(lengths * (1 + _SPREAD * rng.random(count)), kind="stable")
    # Only empty sequences tie.
    empty = int(np.count_nonzero(lengths == 0))
    order[:empty] = rng.permutation(order[:empty])
    batches = -(-count // batch_size)
    sizes = np.full(batches, batch_size)
    sizes[rng.integers(batches)] -= batches * batch_size - count
    found = np.split(order, np.cumsum(sizes)[:-1])
    return [found[index] for index in rng.permutation(batches)]
