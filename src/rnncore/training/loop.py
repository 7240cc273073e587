"""The loops of fit, evaluate and predict."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncore.activations import Activation
from rnncore.layers._activity import ActivityPenalties
from rnncore.training.data import Batches, Samples
from rnncore.training.history import History
from rnncore.training.interfaces import Arrays, Hooks, Output, Trainable
from rnncore.training.interrupts import InterruptGuard
from rnncore.training.progress import Progress
from rnncore.utils._memory import room_for


def train_step(model: Trainable, batch: Samples, guard: InterruptGuard) -> float:
    """Change the weights for one batch, add it to the metrics and return its loss."""
    with np.errstate(all="ignore"):  # a loss that is NaN is reported by `fit`, once
        done = _compute(model, batch, training=True)
        _backward(model, done)
        with guard.held():
            model.apply_gradients()
        _update(model, batch, done)
    return model.objective.total(done.losses, done.penalty)


def test_step(model: Trainable, batch: Samples) -> None:
    """Add one batch to the loss and the metrics."""
    with np.errstate(all="ignore"):
        _update(model, batch, _compute(model, batch, training=False))


def gradient_step(model: Trainable, batch: Samples) -> None:
    """Compute the gradients for one batch and change nothing else."""
    with np.errstate(all="ignore"):
        _backward(model, _compute(model, batch, training=True))


class _Computed(NamedTuple):
    """What a batch gave, output by output, with the activations that the losses took over.

    `penalty` is what the regularizers of weights and outputs add to the losses.
    """

    outputs: list[Output]
    taken_over: list[Activation | None]
    losses: list[float]
    gradients: list[NDArray[Any] | None]
    penalty: float


def _compute(model: Trainable, batch: Samples, *, training: bool) -> _Computed:
    objective = model.objective
    activations = model.output_activations()
    logits = objective.fused(activations)
    with ActivityPenalties() as activity:
        found = model.run(batch.x, training=training, logits=logits)
    outputs = [Output(y, None if mask is None or mask.all() else mask) for y, mask in found]
    losses, gradients = objective.evaluate(
        batch.y, outputs, batch.weight, logits, training=training
    )
    taken_over = [one if fused else None for one, fused in zip(activations, logits, strict=True)]
    return _Computed(outputs, taken_over, losses, gradients, activity.total + model.penalty())


def _backward(model: Trainable, done: _Computed) -> None:
    model.run_backward(done.gradients)
    model.add_penalty_gradients()


def _update(model: Trainable, batch: Samples, done: _Computed) -> None:
    model.objective.update(
        done.losses, batch.y, done.outputs, batch.weight, done.taken_over, done.penalty
    )


def fit(
    model: Trainable,
    samples: Samples,
    validation: Samples | None,
    history: History,
    *,
    batch_size: int,
    validation_batch_size: int,
    validation_freq: int,
    epochs: int,
    shuffle: bool,
    verbose: int,
    hooks: Hooks,
) -> None:
    """Train from the model's `first_epoch` to `epochs`, filling `history` as they end."""
    batches = Batches(samples, batch_size)
    held_out = None if validation is None else Batches(validation, validation_batch_size)
    progress = Progress(verbose, epochs)
    warned = False
    model.stop_training = False
    logs: dict[str, float] = {}
    try:
        with InterruptGuard() as guard:
            hooks.call("on_train_begin", {})
            for epoch in range(model.first_epoch, epochs):
                hooks.call("on_epoch_begin", epoch, {})
                progress.begin(len(batches), epoch)
                order = _in_order(batches, model, shuffle)
                warned = _epoch(model, order, len(batches), epoch, warned, guard, progress, hooks)
                logs = model.objective.results()
                progress.training_done()
                if held_out is not None and (epoch + 1) % validation_freq == 0:
                    found = evaluate(model, held_out, hooks)
                    logs |= {f"val_{name}": value for name, value in found.items()}
                hooks.call("on_epoch_end", epoch, logs)
                history.add(epoch, logs)
                progress.end(logs)
                if model.stop_training:
                    break
            hooks.call("on_train_end", logs)
    finally:
        progress.abandon()


def _epoch(
    model: Trainable,
    batches: Iterator[Samples],
    count: int,
    epoch: int,
    warned: bool,
    guard: InterruptGuard,
    progress: Progress,
    hooks: Hooks,
) -> bool:
    """Train on all batches; return whether a loss that is not finite has been warned of."""
    objective = model.objective
    objective.reset()
    begins, ends = hooks.wants("on_train_batch_begin"), hooks.wants("on_train_batch_end")
    for step, batch in enumerate(batches):
        if begins:
            hooks.call("on_train_batch_begin", step, {})
        loss = train_step(model, batch, guard)
        if not warned and not math.isfinite(loss):
            warned = True
            warn_about(loss, f"epoch {epoch + 1}, step {step + 1} of {count}", stacklevel=5)
        if ends:
            hooks.call("on_train_batch_end", step, objective.results())
        progress.step(objective.results)
        if model.stop_training:
            break
    return warned


def _in_order(batches: Batches, model: Trainable, shuffle: bool) -> Iterator[Samples]:
    return batches.shuffled(model.shuffle_rng) if shuffle else iter(batches)


def warn_about(loss: float, where: str, owner: str = "fit", stacklevel: int = 4) -> None:
    """Warn that the loss is not finite."""
    warnings.warn(
        f"{owner}: the loss is {loss} at {where}; training goes on, but the weights are likely "
        "lost. Look for NaN in the data, a learning rate that is too high, or clip the "
        "gradients (clipnorm)",
        RuntimeWarning,
        # From here through the loop above and Model.fit to the user's line.
        stacklevel=stacklevel,
    )


def evaluate(
    model: Trainable, batches: Batches, hooks: Hooks, progress: Progress | None = None
) -> dict[str, float]:
    """Return loss and metrics over all samples."""
    objective = model.objective
    objective.reset()
    begins, ends = hooks.wants("on_test_batch_begin"), hooks.wants("on_test_batch_end")
    hooks.call("on_test_begin", {})
    for step, batch in enumerate(batches):
        if begins:
            hooks.call("on_test_batch_begin", step, {})
        test_step(model, batch)
        if ends:
            hooks.call("on_test_batch_end", step, objective.results())
        if progress is not None:
            progress.step(objective.results)
    results = objective.results()
    hooks.call("on_test_end", results)
    return results


def predict(
    model: Trainable, x: Arrays, batch_size: int, progress: Progress, hooks: Hooks
) -> list[NDArray[Any]]:
    """Return all outputs for all rows of `x`, computed in batches."""
    count = len(x[0])
    results: list[NDArray[Any]] = []
    hooks.call("on_predict_begin", {})
    for step, start in enumerate(range(0, count, batch_size)):
        hooks.call("on_predict_batch_begin", step, {})
        with np.errstate(all="ignore"):
            ys = [y for y, _ in model.run(tuple(one[start : start + batch_size] for one in x))]
        shown = model.outputs_structure.restore(ys)
        hooks.call("on_predict_batch_end", step, {"outputs": shown})
        if not step:
            results = _results(ys, x, count)
        for result, y in zip(results, ys, strict=True):
            if result is not y:
                result[start : start + len(y)] = y
        progress.step(dict)
    hooks.call("on_predict_end", {})
    return results


def _results(ys: Sequence[NDArray[Any]], x: Arrays, count: int) -> list[NDArray[Any]]:
    """Return arrays for all samples: those of the first batch where it is all of them."""
    results: list[NDArray[Any]] = []
    for y in ys:
        # What may be a view of something else, or is given twice, is not the caller's own.
        if len(y) == count and y.base is None and not any(y is other for other in (*x, *results)):
            results.append(y)
            continue
        shape = (count, *y.shape[1:])
        with room_for("predict: x", f"{count} samples", shape, y.itemsize):
            results.append(np.empty(shape, y.dtype))
    return results
