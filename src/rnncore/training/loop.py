"""The loops of fit, evaluate and predict."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.training.data import Batches, Samples
from rnncore.training.history import History
from rnncore.training.interfaces import Hooks, Trainable
from rnncore.training.interrupts import InterruptGuard
from rnncore.training.progress import Progress
from rnncore.utils._memory import room_for


def train_step(model: Trainable, batch: Samples, guard: InterruptGuard) -> float:
    """Change the weights for one batch, add it to the metrics and return its loss."""
    with np.errstate(all="ignore"):  # a loss that is NaN is reported by `fit`, once
        loss, prediction, gradient = _compute(model, batch, training=True)
        if gradient is not None:
            model.run_backward(gradient)
        with guard.held():
            model.apply_gradients()
        _update(model, batch, loss, prediction)
    return loss


def test_step(model: Trainable, batch: Samples) -> float:
    """Add one batch to the loss and the metrics and return its loss."""
    with np.errstate(all="ignore"):
        loss, prediction, _ = _compute(model, batch, training=False)
        _update(model, batch, loss, prediction)
    return loss


class _Prediction:
    """Output of a batch; the activation that the loss took over is applied when asked for."""

    def __init__(self, model: Trainable, y: NDArray[Any], mask: Any, logits: bool) -> None:
        self._model, self._y, self._logits = model, y, logits
        self.mask = mask

    def values(self) -> NDArray[Any]:
        activation = self._model.output_activation()
        if activation is None or not self._logits:
            return self._y
        return self._model.objective.activated(activation, self._y)


def _compute(
    model: Trainable, batch: Samples, *, training: bool
) -> tuple[float, _Prediction, NDArray[Any] | None]:
    objective = model.objective
    activation = model.output_activation()
    fused = activation is not None and activation.name == objective.loss.fuses
    y, mask = model.run(batch.x, training=training, to_logits=fused)
    if mask is not None and mask.all():
        mask = None
    loss, gradient = objective.evaluate(
        batch.y, y, mask, batch.weight, from_logits=fused, training=training
    )
    return loss, _Prediction(model, y, mask, fused), gradient


def _update(model: Trainable, batch: Samples, loss: float, prediction: _Prediction) -> None:
    objective = model.objective
    values = prediction.values() if objective.has_metrics else None
    objective.update(loss, batch.y, values, prediction.mask, batch.weight)


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
    model: Trainable, x: NDArray[Any], batch_size: int, progress: Progress, hooks: Hooks
) -> NDArray[Any]:
    """Return the outputs for all rows of `x`, computed in batches."""
    result: NDArray[Any] | None = None
    hooks.call("on_predict_begin", {})
    for step, start in enumerate(range(0, len(x), batch_size)):
        hooks.call("on_predict_batch_begin", step, {})
        with np.errstate(all="ignore"):
            y, _ = model.run(x[start : start + batch_size])
        hooks.call("on_predict_batch_end", step, {"outputs": y})
        if len(y) == len(x):
            result = y.copy() if y.base is not None or y is x else y
            break
        if result is None:
            shape = (len(x), *y.shape[1:])
            with room_for("predict: x", f"{len(x)} samples", shape, y.itemsize):
                result = np.empty(shape, y.dtype)
        result[start : start + len(y)] = y
        progress.step(dict)
    hooks.call("on_predict_end", {})
    return np.empty((0,)) if result is None else result
