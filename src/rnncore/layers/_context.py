"""What a layer finds in its thread: where penalties are summed, and what supplies weights."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar, Token
from typing import Any

import numpy as np
from numpy.typing import NDArray

_collecting: ContextVar[ActivityPenalties | None] = ContextVar("activity penalties", default=None)


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

    def __init__(self, samples: int) -> None:
        self.samples = samples
        self.total = 0.0
        self._token: Token[ActivityPenalties | None] | None = None

    def __enter__(self) -> ActivityPenalties:
        self._token = _collecting.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _collecting.reset(self._token)


def current_penalties() -> ActivityPenalties | None:
    """Return this thread's active context, or None."""
    return _collecting.get()


# (what to blame in errors, shape, dtype) -> the value that a new weight gets
Supply = Callable[[str, tuple[int, ...], np.dtype[Any]], NDArray[Any]]

_supply: ContextVar[Supply | None] = ContextVar("supply of weights", default=None)


@contextlib.contextmanager
def supplied_by(supply: Supply) -> Iterator[None]:
    """Within the block, take new weights in this thread from `supply`, not from initializers."""
    token = _supply.set(supply)
    try:
        yield
    finally:
        _supply.reset(token)


def current_supply() -> Supply | None:
    """Return what supplies new weights, or None for their initializers."""
    return _supply.get()
