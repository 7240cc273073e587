"""Penalties on the outputs of layers: the values are collected while a model runs."""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import Any

from numpy.typing import NDArray

from rnncore import regularizers
from rnncore.layers._buffers import Buffers

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


class Penalizing:
    """What `Layer` has of the regularizer of its output.

    Whoever runs a layer inside of another, and walks backwards, calls `penalize` with what the
    layer gave and `penalized` with the gradient that comes back, where there is an
    `activity_regularizer`.
    """

    name: str
    activity_regularizer: Any = None

    _buffers: Buffers

    @property
    def penalizes_activity(self) -> bool:
        """Whether something flows back from the layer even if no loss depends on its output."""
        return self.activity_regularizer is not None

    def penalize(self, y: Any, *, training: bool | None) -> None:
        """Add the penalty on an output, or a list of them, to those that are collected.

        In training its gradient is kept for `penalized`.
        """
        collected = _collecting.get()
        if collected is None and not training:
            return
        for index, one in enumerate(y if isinstance(y, list) else [y]):
            samples = max(1, len(one)) if collected is None else collected.samples
            if not one.flags.c_contiguous:  # a regularizer would make a copy of its own
                copy = self._buffers.when(bool(training)).take(
                    f"output {index}", one.shape, one.dtype
                )
                copy[...] = one
                one = copy
            if collected is not None:
                collected.total += regularizers.value(self.activity_regularizer, one) / samples
            if training:
                gradient = self._buffers.take(f"activity {index}", one.shape, one.dtype)
                gradient[...] = 0
                regularizers.add_grad(
                    self.activity_regularizer, one, gradient, f"{self.name}: activity"
                )
                gradient /= samples

    def penalized(self, dy: Any) -> Any:
        """Return the gradient of the output with that of the penalty on it."""
        if isinstance(dy, list):
            return [self._with_penalty(index, one) for index, one in enumerate(dy)]
        return self._with_penalty(0, dy)

    def _with_penalty(self, index: int, dy: NDArray[Any] | None) -> NDArray[Any]:
        gradient = self._buffers.last(f"activity {index}")
        if dy is not None:
            gradient += dy
        return gradient
