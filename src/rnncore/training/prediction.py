"""The loop of predict, and the joining of its batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rnncore.training.batches import Batches, Rows
from rnncore.training.data import Batch
from rnncore.training.loop import each_batch
from rnncore.training.progress import Progress
from rnncore.training.streams import Feed
from rnncore.utils._arrays import room_for

if TYPE_CHECKING:
    from rnncore.callbacks.base import CallbackList
    from rnncore.models.model import Model

Array = NDArray[Any]


def predict(model: Model, feed: Feed, hooks: CallbackList, progress: Progress) -> list[Any]:
    """Return each output for all samples, in order."""
    source = feed.source
    count: int | None = None
    rows: Iterator[Rows | None] = repeat(None)
    if isinstance(source, Batches):
        count = min(len(source.samples), (feed.steps or source.steps) * source.batch_size)
        rows = source.rows()
    results = _Results(count)

    def work(batch: Batch) -> dict[str, Any]:
        outputs, _ = model.network.run(batch.x, masks=batch.masks)
        ys = [y for y, _ in outputs]
        results.add(next(rows), batch, ys)
        return {"outputs": model.outputs_structure.restore(ys)}

    hooks.call("on_predict_begin", {})
    each_batch("predict", model, feed.epoch(), work, hooks, progress, dict)
    hooks.call("on_predict_end", {})
    return results.whole()


class _Results:
    """Collects the outputs of batches; `count` is the number of samples if known."""

    def __init__(self, count: int | None) -> None:
        self._count = count
        self._outputs: list[Any] = []

    def add(self, rows: Any, batch: Batch, ys: Sequence[Array]) -> None:
        """Add the outputs of a batch, which belong to `rows`."""
        lengths = batch.lengths or [None] * len(ys)
        if not self._outputs:
            for y, steps in zip(ys, lengths, strict=True):
                self._outputs.append(self._room(rows, batch, y, steps))
        for output, y, steps in zip(self._outputs, ys, lengths, strict=True):
            if self._count is None:
                output.append(y.copy() if steps is None else _cut(y, steps))
            elif steps is not None:
                numbers = range(rows.start, rows.stop) if isinstance(rows, slice) else rows
                for number, one in zip(numbers, _cut(y, steps), strict=True):
                    output[number] = one
            elif output is not y:
                output[rows] = y

    def whole(self) -> list[Any]:
        """Return the outputs of all samples."""
        return self._outputs if self._count is not None else list(map(_joined, self._outputs))

    def _room(self, rows: Any, batch: Batch, y: Array, steps: NDArray[np.intp] | None) -> Any:
        """Return the array for an output: the first batch itself if it holds all samples."""
        if self._count is None:
            return []
        if steps is not None:
            return [None] * self._count
        # A view of something else, or an array returned twice, must be copied for the caller.
        taken = any(y is other for other in (*batch.x, *self._outputs))
        if isinstance(rows, slice) and len(y) == self._count and y.base is None and not taken:
            return y
        shape = (self._count, *y.shape[1:])
        with room_for("predict: x", f"{self._count} samples", shape, y.itemsize):
            return np.empty(shape, y.dtype)


def _joined(parts: list[Any]) -> Any:
    """Return one array of all samples, or a list of arrays if their shapes differ."""
    arrays = all(isinstance(part, np.ndarray) for part in parts)
    if arrays and len({part.shape[1:] for part in parts}) == 1:
        return np.concatenate(parts)
    return [one for part in parts for one in part]


def _cut(y: Array, steps: NDArray[np.intp]) -> list[Array]:
    """Return the real steps of each sequence as separate arrays."""
    if y.shape[1] != max(1, int(steps.max())):
        raise ValueError(
            "predict: x: expected outputs with the steps of one of the inputs, got "
            f"{y.shape[1]} steps for sequences of up to {steps.max()}"
        )
    return [one[:count].copy() for one, count in zip(y, steps, strict=True)]
