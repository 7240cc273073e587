"""The loop of predict, and how the outputs of batches become those of all samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnncore.training.batches import Batches, Rows
from rnncore.training.data import Batch
from rnncore.training.interfaces import Hooks, Trainable
from rnncore.training.progress import Progress
from rnncore.training.streams import Feed
from rnncore.utils._memory import room_for

Array = NDArray[Any]


def predict(model: Trainable, feed: Feed, progress: Progress, hooks: Hooks) -> list[Any]:
    """Return each output for all samples, in their order."""
    source = feed.source
    results: _Results
    rows: Iterator[Rows | None]
    if isinstance(source, Batches):
        batches = len(source) if feed.steps is None else min(feed.steps, len(source))
        count = min(len(source.samples), batches * source.batch_size)
        results = _OfSequences(count) if source.samples.ragged else _InOrder(count)
        rows = source.rows()
    else:
        results, rows = _Appended(), iter(lambda: None, 0)
    hooks.call("on_predict_begin", {})
    for step, batch in enumerate(feed.epoch()):
        hooks.call("on_predict_batch_begin", step, {})
        with np.errstate(all="ignore"):
            ys = [y for y, _ in model.run(batch.x, masks=batch.masks)]
        shown = model.outputs_structure.restore(ys)
        hooks.call("on_predict_batch_end", step, {"outputs": shown})
        results.add(next(rows), batch, ys)
        progress.step(dict)
    hooks.call("on_predict_end", {})
    return results.whole()


class _Results(Protocol):
    """What a loop collects."""

    def add(self, rows: Any, batch: Batch, ys: Sequence[Array]) -> None:
        """Take the outputs of a batch, which are those of `rows`."""

    def whole(self) -> list[Any]:
        """Return the outputs of all samples."""


class _InOrder:
    """Outputs of samples whose number is known, batch after batch."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._arrays: list[Array] = []

    def add(self, rows: Any, batch: Batch, ys: Sequence[Array]) -> None:
        if not self._arrays:
            self._arrays = self._made(ys, batch)
        for array, y in zip(self._arrays, ys, strict=True):
            if array is not y:
                array[rows] = y

    def whole(self) -> list[Any]:
        return list(self._arrays)

    def _made(self, ys: Sequence[Array], batch: Batch) -> list[Array]:
        """Return arrays for all samples: those of the first batch where it is all of them."""
        made: list[Array] = []
        for y in ys:
            # What may be a view of something else, or is given twice, is not the caller's own.
            taken = any(y is other for other in (*batch.x, *made))
            if len(y) == self._count and y.base is None and not taken:
                made.append(y)
            else:
                made.append(_empty(self._count, y))
        return made


class _OfSequences:
    """Outputs of sequences of different lengths: a list where an output has steps of its own."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._outputs: list[Any] = []

    def add(self, rows: Any, batch: Batch, ys: Sequence[Array]) -> None:
        if not self._outputs:
            self._outputs = [
                _empty(self._count, y) if steps is None else [None] * self._count
                for y, steps in zip(ys, _steps_of(batch, ys), strict=True)
            ]
        numbers = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
        for output, y, steps in zip(self._outputs, ys, _steps_of(batch, ys), strict=True):
            if steps is None:
                output[numbers] = y
                continue
            for number, one in zip(numbers, _cut(y, steps), strict=True):
                output[number] = one

    def whole(self) -> list[Any]:
        return self._outputs


class _Appended:
    """Outputs of batches that come one by one."""

    def __init__(self) -> None:
        self._parts: list[list[Any]] = []
        self._cut = False

    def add(self, rows: Any, batch: Batch, ys: Sequence[Array]) -> None:
        self._parts = self._parts or [[] for _ in ys]
        for part, y, steps in zip(self._parts, ys, _steps_of(batch, ys), strict=True):
            part.append(y.copy() if steps is None else _cut(y, steps))

    def whole(self) -> list[Any]:
        return [_joined(part) for part in self._parts]


def _joined(parts: list[Any]) -> Any:
    """Return one array of all samples, or a list of theirs when the shapes differ."""
    arrays = all(isinstance(part, np.ndarray) for part in parts)
    if arrays and len({part.shape[1:] for part in parts}) == 1:
        return np.concatenate(parts)
    return [one for part in parts for one in part]


def _steps_of(batch: Batch, ys: Sequence[Array]) -> Sequence[NDArray[np.intp] | None]:
    return [None] * len(ys) if batch.lengths is None else batch.lengths


def _cut(y: Array, steps: NDArray[np.intp]) -> list[Array]:
    """Return the real steps of each sequence, as arrays of their own."""
    if y.shape[1] != max(1, int(steps.max())):
        raise ValueError(
            "predict: x: expected outputs whose steps are those of one of the inputs, got "
            f"{y.shape[1]} steps for sequences of up to {steps.max()}"
        )
    return [one[:count].copy() for one, count in zip(y, steps, strict=True)]


def _empty(count: int, y: Array) -> Array:
    shape = (count, *y.shape[1:])
    with room_for("predict: x", f"{count} samples", shape, y.itemsize):
        return np.empty(shape, y.dtype)
