"""The loops of fit and evaluate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._activity import ActivityPenalties
from rnncore.networks.network import Output
from rnncore.training.data import Batch
from rnncore.training.interrupts import InterruptGuard
from rnncore.training.progress import Progress
from rnncore.training.streams import Feed, Source
from rnncore.utils._checks import warn

if TYPE_CHECKING:
    from rnncore.callbacks.base import CallbackList
    from rnncore.callbacks.history import History
    from rnncore.models.model import Model


class Steps:
    """What a run does with each batch.

    What the batches of a run have in common is looked up once: beside the kernels of a small model
    every call of Python shows.

    Parameters
    ----------
    model : Model
        Compiled and built; compiled again, it needs new steps.
    """

    def __init__(self, model: Model) -> None:
        self._objective, self._optimizer = model.objective, model.optimizer
        self._parameters = model.parameter_buffer()
        self._network = model.network
        self._penalized = model.penalizes_activity
        activations = model.network.output_activations()
        self._logits = self._objective.fused(activations)
        self._taken_over = [
            one if fused else None for one, fused in zip(activations, self._logits, strict=True)
        ]

    def train(self, batch: Batch, guard: InterruptGuard) -> float:
        """Change the weights for one batch, add it to the metrics and return its loss."""
        with np.errstate(all="ignore"):  # a loss that is NaN is reported by `fit`, once
            done = self._compute(batch, True)
            self._backward(done)
            with guard.held:
                self._parameters.apply_gradients(self._optimizer)
            return self._update(batch, done)

    def test(self, batch: Batch) -> None:
        """Add one batch to the loss and the metrics."""
        with np.errstate(all="ignore"):
            self._update(batch, self._compute(batch, False))

    def gradients(self, batch: Batch) -> None:
        """Compute the gradients for a batch; change what its forward pass in training changes."""
        with np.errstate(all="ignore"):
            self._backward(self._compute(batch, True))

    def _compute(self, batch: Batch, training: bool) -> _Computed:
        run, logits = self._network.run, self._logits
        penalty = 0.0
        if self._penalized:
            with ActivityPenalties(len(batch)) as activity:
                outputs, tape = run(batch.x, masks=batch.masks, training=training, logits=logits)
            penalty = activity.total
        else:
            outputs, tape = run(batch.x, masks=batch.masks, training=training, logits=logits)
        for index, (y, mask) in enumerate(outputs):
            if mask is not None and mask.all():
                outputs[index] = Output(y, None)
        if batch.counted is not None:
            outputs = list(map(_with_steps, outputs, batch.counted))
        losses, gradients = self._objective.evaluate(
            batch.y, outputs, batch.weight, logits, training=training
        )
        if self._parameters.regularized:
            penalty += self._parameters.penalty()
        return _Computed(outputs, losses, gradients, penalty, tape)

    def _backward(self, done: _Computed) -> None:
        self._network.run_backward(done.tape, done.gradients)
        if self._parameters.regularized:
            self._parameters.add_penalty_gradients()

    def _update(self, batch: Batch, done: _Computed) -> float:
        return self._objective.update(
            done.losses, batch.y, done.outputs, batch.weight, self._taken_over, done.penalty
        )


class Validation(NamedTuple):
    """What is evaluated between the epochs of `fit`.

    Attributes
    ----------
    source : Source
    steps : int or None
        How many of its batches.
    follows : callable
        Whether it is to be done after the epoch of a number, counted from 1.
    """

    source: Source
    steps: int | None
    follows: Callable[[int], bool]


class _Computed(NamedTuple):
    """What a batch gave, output by output; what the regularizers add; what the backward needs."""

    outputs: list[Output]
    losses: list[float]
    gradients: list[NDArray[Any] | None]
    penalty: float
    tape: Any


def _with_steps(output: Output, steps: NDArray[Any] | None) -> Output:
    """Return an output with the real steps of its targets, where the mask was lost on the way."""
    y, mask = output
    if steps is None:
        return output
    if y.shape[:2] != steps.shape:
        raise ValueError(
            f"x: expected outputs whose steps are those of one of the inputs, got {y.shape[1]} "
            f"steps for sequences of up to {steps.shape[1]}"
        )
    return Output(y, steps if mask is None else mask)


def fit(
    model: Model,
    feed: Feed,
    validation: Validation | None,
    history: History,
    *,
    epochs: int,
    shuffle: bool,
    verbose: int,
    hooks: CallbackList,
) -> None:
    """Train from the model's `first_epoch` to `epochs`, filling `history` as they end."""
    progress = Progress(verbose, epochs)
    warned = False
    model.stop_training = False
    logs: dict[str, float] = {}
    try:
        with InterruptGuard() as guard:
            hooks.call("on_train_begin", {})
            for epoch in range(model.first_epoch, epochs):
                hooks.call("on_epoch_begin", epoch, {})
                progress.begin(feed.steps, epoch)
                batches = feed.epoch(model.shuffle_rng if shuffle else None)
                warned = _epoch(model, batches, feed.steps, epoch, warned, guard, progress, hooks)
                if not model.stop_training and (feed.short or not feed.taken):
                    _warn_of_end(feed, f"epoch {epoch + 1} of {epochs}")
                if not feed.taken:
                    break
                logs = model.objective.results()
                progress.training_done()
                if validation is not None and validation.follows(epoch + 1):
                    found = evaluate(model, Feed(validation.source, validation.steps), hooks)
                    logs |= {f"val_{name}": value for name, value in found.items()}
                    if not warned and not math.isfinite(found.get("loss", 0.0)):
                        warned = True
                        warn(
                            f"fit: the validation loss is {found['loss']} after epoch {epoch + 1}; "
                            "look for NaN in the validation data or in the weights",
                            RuntimeWarning,
                        )
                hooks.call("on_epoch_end", epoch, logs)
                history.add(epoch, logs)
                progress.end(logs)
                if model.stop_training or feed.spent:
                    break
            hooks.call("on_train_end", logs)
    finally:
        progress.abandon()


def _epoch(
    model: Model,
    batches: Iterator[Batch],
    count: int | None,
    epoch: int,
    warned: bool,
    guard: InterruptGuard,
    progress: Progress,
    hooks: CallbackList,
) -> bool:
    """Train on all batches; return whether a loss that is not finite has been warned of."""
    objective, steps = model.objective, Steps(model)
    objective.reset()
    begins, ends = hooks.wants("on_train_batch_begin"), hooks.wants("on_train_batch_end")
    for step, batch in enumerate(batches):
        if begins:
            hooks.call("on_train_batch_begin", step, {})
        if model.objective is not objective:  # a callback has compiled the model again
            objective, steps = model.objective, Steps(model)
        loss = steps.train(batch, guard)
        if not warned and not math.isfinite(loss):
            warned = True
            of_all = "" if count is None else f" of {count}"
            warn_about(loss, f"epoch {epoch + 1}, step {step + 1}{of_all}")
        if ends:
            hooks.call("on_train_batch_end", step, objective.results())
        progress.step(objective.results)
        if model.stop_training:
            break
    return warned


def warn_about(loss: float, where: str, owner: str = "fit") -> None:
    """Warn that the loss is not finite."""
    warn(
        f"{owner}: the loss is {loss} at {where}; training goes on, but the weights are likely "
        "lost. Look for NaN in the data, a learning rate that is too high, or clip the "
        "gradients (clipnorm)",
        RuntimeWarning,
    )


def _warn_of_end(feed: Feed, where: str) -> None:
    steps = f"{feed.taken} of {feed.steps} steps" if feed.short else "its last batch"
    hint = "there are no more batches of this size"
    if feed.source.once:
        hint = "an iterator has to give as many batches as all epochs together need"
    warn(f"the data ran out after {steps} in {where}; {hint}")


def evaluate(
    model: Model, feed: Feed, hooks: CallbackList, progress: Progress | None = None
) -> dict[str, float]:
    """Return loss and metrics over the batches of an epoch, nothing where there are none."""
    objective, steps = model.objective, Steps(model)
    objective.reset()
    begins, ends = hooks.wants("on_test_batch_begin"), hooks.wants("on_test_batch_end")
    hooks.call("on_test_begin", {})
    for step, batch in enumerate(feed.epoch()):
        if begins:
            hooks.call("on_test_batch_begin", step, {})
        steps.test(batch)
        if ends:
            hooks.call("on_test_batch_end", step, objective.results())
        if progress is not None:
            progress.step(objective.results)
    if feed.short or not feed.taken:
        # Model.evaluate is called from the user's line, the validation from `fit` above.
        _warn_of_end(feed, "the evaluation")
    results = objective.results() if feed.taken else {}
    hooks.call("on_test_end", results)
    return results
