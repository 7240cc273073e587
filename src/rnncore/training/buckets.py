"""Which samples come together in a batch: those of similar length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# How much longer, at most, a sequence counts when the order is drawn: those whose lengths differ
# by less may change places.
_SPREAD = 0.1


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
