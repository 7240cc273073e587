"""Penalties on the outputs of layers: the values are collected while a model runs."""

from __future__ import annotations

from contextvars import ContextVar, Token

_collecting: ContextVar[ActivityPenalties | None] = ContextVar("activity penalties", default=None)


class ActivityPenalties:
    """A context in which the penalties on outputs are added up; without one none is computed.

    Each thread has its own, so that models may be shared by threads.

    Parameters
    ----------
    samples : int
        Number of samples of the batch, by which the penalties are divided. A layer within a
        `TimeDistributed` gets the steps of all of them as samples.

    Attributes
    ----------
    total : float
        What the layers that have run in the context add to the loss.
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
    """Return what collects the penalties in this thread, None where nothing does."""
    return _collecting.get()
