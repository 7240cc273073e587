"""The loops of fit and evaluate, and the guard against interruptions of them."""

from __future__ import annotations

import contextvars
import math
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._context import ActivityPenalties
from rnncore.networks.network import Output
from rnncore.training.data import Batch
from rnncore.training.progress import Progress
from rnncore.training.streams import Feed
from rnncore.utils._checks import warn

if TYPE_CHECKING:
    from rnncore.callbacks.base import CallbackList
    from rnncore.callbacks.history import History
    from rnncore.models.model import Model


class InterruptGuard:
    """While active, lets Ctrl-C wait where it would leave something half done.

    While `holding` it waits, as `pending`, for `release`; elsewhere it acts at once, through the
    previous handler. Outside the main thread there are no signals, and the guard does nothing.

    Examples
    --------
    >>> from rnncore.training.loop import InterruptGuard
    >>> with InterruptGuard() as guard:
    ...     guard.holding = True
    ...     pass  # all or nothing
    ...     guard.release()
    """

    def __init__(self) -> None:
        self._previous: Any = None
        self.holding = False
        self.pending: tuple[int, FrameType | None] | None = None

    def __enter__(self) -> InterruptGuard:
        if threading.current_thread() is threading.main_thread():
            previous = signal.getsignal(signal.SIGINT)
            if callable(previous):
                self._previous = previous
                signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            self.release()  # after an error in between

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.holding:
            self.pending = (number, frame)
        else:
            self._previous(number, frame)

    def release(self) -> None:
        """Hold Ctrl-C no longer; one that came meanwhile acts now."""
        self.holding = False
        pending, self.pending = self.pending, None
        if pending is not None:
            self._previous(*pending)


class Steps:
    """What a run does with each batch, where NumPy is silent: the loss shows what is not finite.

    Looks up once what all batches of a run share: with the kernels of a small model every Python
    call counts.

    Parameters
    ----------
    model : Model
        Compiled and built. After another `compile`, make new steps.
    """

    def __init__(self, model: Model) -> None:
        self.objective, self._optimizer = model.objective, model.optimizer
        self._parameters = model.parameter_buffer()
        self._network = model.network
        self._penalized = model.penalizes_activity
        activations = model.network.output_activations()
        self._taken_over = self.objective.taken_over(activations)
        outputs = zip(model.network.graph.outputs, self._taken_over, strict=True)
        self._logits = [number for number, activation in outputs if activation is not None]

    def train(self, batch: Batch, guard: InterruptGuard) -> float:
        """Train on one batch, add it to the metrics and return its loss."""
        loss = self._compute(batch, training=True)
        guard.holding = True
        self._parameters.apply_gradients(self._optimizer)
        guard.holding = False
        if guard.pending is not None:
            guard.release()
        return loss

    def test(self, batch: Batch) -> None:
        """Add one batch to the loss and the metrics."""
        self._compute(batch, training=False)

    def gradients(self, batch: Batch) -> None:
        """Compute the gradients for a batch, with the side effects of a training forward pass."""
        self._compute(batch, training=True, counts=False)

    def _compute(self, batch: Batch, *, training: bool, counts: bool = True) -> float:
        """Return the loss of a batch; in training compute the gradients too.

        With `counts` the batch is added to the loss and the metrics.
        """
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
                outputs[index] = y, None
        if batch.counted is not None:
            outputs = list(map(_with_steps, outputs, batch.counted))
        regularized = self._parameters.regularized
        if regularized:
            penalty += self._parameters.penalty()
        loss, gradients = self.objective.evaluate(
            batch.y,
            outputs,
            batch.weight,
            self._taken_over,
            penalty,
            training=training,
            counts=counts,
        )
        if training:
            self._network.run_backward(tape, gradients)
            if regularized:
                self._parameters.add_penalty_gradients()
        return loss


def _with_steps(output: Output, steps: NDArray[Any] | None) -> Output:
    """Return an output with its targets' mask if its own was lost on the way."""
    y, mask = output
    if steps is None:
        return output
    if y.shape[:2] != steps.shape:
        raise ValueError(
            f"x: expected outputs with the steps of one of the inputs, got {y.shape[1]} "
            f"steps for sequences of up to {steps.shape[1]}"
        )
    return y, steps if mask is None else mask


def each_batch(
    kind: str,
    model: Model,
    batches: Iterator[Batch],
    work: Callable[[Batch], Any],
    hooks: CallbackList,
    progress: Progress | None,
    results: Callable[[], dict[str, float]],
) -> None:
    """Do `work` for each batch, between the hooks for "train", "test" or "predict".

    What the work returns is for the hook behind it, `results` where that is None. NumPy is silent
    in the work only.
    """
    begin, end = f"on_{kind}_batch_begin", f"on_{kind}_batch_end"
    begins, ends = hooks.wants(begin), hooks.wants(end)
    if progress is not None and progress.silent:
        progress = None
    run = silently()
    for step, batch in enumerate(batches):
        if begins:
            hooks.call(begin, step, {})
        found = run(work, batch)
        if ends:
            hooks.call(end, step, found or results())
        if progress is not None:
            progress.step(results)
        if kind == "train" and model.stop_training:
            break


def silently() -> Callable[..., Any]:
    """Return what calls a function where NumPy is silent: results show what is not finite.

    NumPy 2 keeps that in the context, so that it is set once: it takes longer than some layers.
    """
    with np.errstate(all="ignore"):
        run = contextvars.copy_context().run
    if run(np.geterr)["invalid"] == "ignore":
        return run

    def run_silently(work: Callable[..., Any], *arguments: Any) -> Any:
        with np.errstate(all="ignore"):
            return work(*arguments)

    return run_silently


def fit(
    model: Model,
    feed: Feed,
    validation: Callable[[int], Feed | None],
    history: History,
    *,
    epochs: int,
    rng: np.random.Generator | None,
    hooks: CallbackList,
    progress: Progress,
) -> None:
    """Train from the model's `first_epoch` to `epochs`, and fill `history`.

    `validation` gives what is evaluated after the epoch of a number, counted from 1; `rng`
    shuffles.
    """
    steps: Steps
    warned = False
    model.stop_training = False
    logs: dict[str, float] = {}

    def train(batch: Batch) -> None:
        nonlocal steps, warned
        if model.objective is not steps.objective:  # a callback compiled the model again
            steps = Steps(model)
        loss = steps.train(batch, guard)
        if not warned and not math.isfinite(loss):
            warned = True
            of_all = "" if feed.steps is None else f" of {feed.steps}"
            warn_about(loss, f"epoch {epoch + 1}, step {feed.taken}{of_all}")

    with progress, InterruptGuard() as guard:
        hooks.call("on_train_begin", {})
        for epoch in range(model.first_epoch, epochs):
            hooks.call("on_epoch_begin", epoch, {})
            progress.begin(feed.steps, epoch)
            steps = Steps(model)
            steps.objective.reset()
            batches = feed.epoch(rng)
            each_batch(
                "train", model, batches, train, hooks, progress, lambda: model.objective.results()
            )
            if not model.stop_training and (feed.short or not feed.taken):
                _warn_of_end(feed, f"epoch {epoch + 1} of {epochs}")
            if not feed.taken:
                break
            logs = model.objective.results()
            progress.training_done()
            held = validation(epoch + 1)
            if held is not None:
                found = evaluate(model, held, hooks)
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
    """Return loss and metrics over the batches of an epoch; empty if there are none."""
    steps, results = Steps(model), model.objective.results
    steps.objective.reset()
    hooks.call("on_test_begin", {})
    each_batch("test", model, feed.epoch(), steps.test, hooks, progress, results)
    if feed.short or not feed.taken:
        _warn_of_end(feed, "the evaluation")
    found = results() if feed.taken else {}
    hooks.call("on_test_end", found)
    return found
