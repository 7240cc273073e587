"""What a layer finds in its thread: where penalties are summed, and what supplies weights."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar, Token
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The thread's active context, or None.
collecting: ContextVar[ActivityPenalties | None] = ContextVar("activity penalties", default=None)


class ActivityPenalties:
    """A context that sums the penalties on outputs; outside it none is computed.

    Each thread has its own, so threads may share models.

    Parameters
    ----------
    samples : int
        Batch size, by which the penalties are divided. (A layer within a `TimeDistributed` gets
        every step as a sample.)

    Attributes
    ----------
    total : float
        What the layers run in this context add to the loss.
    """

    _token: Token[ActivityPenalties | None]

    def __init__(self, samples: int) -> None:
        self.samples = samples
        self.total = 0.0

    def __enter__(self) -> ActivityPenalties:
        self._token = collecting.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        collecting.reset(self._token)


# (what to blame in errors, shape, dtype) -> the value that a new weight gets
Supply = Callable[[str, tuple[int, ...], np.dtype[Any]], NDArray[Any]]

# What supplies new weights in the thread, or None for their initializers.
supplying: ContextVar[Supply | None] = ContextVar("supply of weights", default=None)


@contextlib.contextmanager
def supplied_by(supply: Supply) -> Iterator[None]:
    """Within the block, take new weights in this thread from `supply`, not from initializers."""
    token = supplying.set(supply)
    try:
        yield
    finally:
        supplying.reset(token)
