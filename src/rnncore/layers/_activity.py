"""Penalties on the outputs of layers, collected while a model runs."""

from __future__ import annotations

from contextvars import ContextVar, Token

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
