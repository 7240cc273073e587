"""The loss and the metrics of one output of a compiled model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import _core, losses, metrics
from rnncore.activations import Activation
from rnncore.activations.fused import Linear, Rectifier, Relu, Tanh
from rnncore.layers._buffers import Buffers
from rnncore.losses._arrays import fold_mask, product
from rnncore.utils._checks import warn

# Activations whose outputs can lie outside [0, 1].
_NO_PROBABILITIES = (Linear, Relu, Rectifier, Tanh)


class Objective:
    """A loss, with metrics that ignore sample weights and metrics that take them.

    Parameters
    ----------
    loss : str or Loss
    unweighted, weighted : sequence of str or Metric, optional
        The `metrics` and `weighted_metrics` of ``compile``.

    Raises
    ------
    ValueError, TypeError
        For an unknown name or a structure that a model with one output does not have.
    """

    def __init__(self, loss: Any, unweighted: Any = None, weighted: Any = None) -> None:
        self.loss = _loss(loss)
        self._requested = (
            self._requests("metrics", unweighted),
            self._requests("weighted_metrics", weighted),
        )
        # Names, metrics, and whether they take weights; None before `resolve`.
        self.resolved: list[tuple[str, metrics.Metric, bool]] | None = None
        # By whether the predictions are logits.
        self._compiled = [self.loss.compiled(from_logits) for from_logits in (False, True)]
        self._buffers = Buffers()

    def resolve(self, output_shape: Sequence[int | None]) -> None:
        """Make the metrics for an output of `output_shape`; the first call decides."""
        if self.resolved is not None:
            return
        made: list[tuple[str, metrics.Metric, bool]] = []
        for requests, takes_weights in zip(self._requested, (False, True), strict=True):
            for request in requests:
                metric = metrics.get(request, loss=self.loss, output_shape=tuple(output_shape))
                name = metric.name
                if takes_weights and any(
                    name == other for other, _, with_weights in made if not with_weights
                ):
                    name = f"weighted_{name}"  # as Keras tells the two apart
                made.append(
                    (_free_name(name, [other for other, *_ in made]), metric, takes_weights)
                )
        self.resolved = made

    def _requests(self, argument: str, value: Any) -> list[Any]:
        """Return the metrics that were asked for; unknown names are an error now."""
        requests = listed(argument, value)
        made = [metrics.get(one, loss=self.loss, output_shape=(None, 1)) for one in requests]
        # Which accuracy a name means shows with the output.
        return [
            one if isinstance(one, str) else metric
            for one, metric in zip(requests, made, strict=True)
        ]

    def check(self, y: NDArray[Any], output_shape: Sequence[int | None]) -> None:
        """Raise for targets that do not fit an output of `output_shape`."""
        self.loss.check_targets(y, output_shape)

    def warn_of_activation(self, activation: Activation | None) -> None:
        """Warn when a loss of probabilities is to get numbers that are none."""
        wanted = self.loss.fuses
        if wanted is None or not isinstance(activation, _NO_PROBABILITIES):
            return
        warn(
            f"compile: loss: {self.loss.name} takes probabilities, but the activation of the last "
            f"layer is {activation.name}; use activation={wanted!r} there, or the loss with "
            "from_logits=True",
            RuntimeWarning,
        )

    def convert(
        self, y: NDArray[Any], output_shape: Sequence[int | None], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        """Return checked targets in the dtype that the loss computes with."""
        if self.loss.own_gradient:
            # One's own loss need not know that the last axis may be missing.
            shape = tuple(output_shape)
            if (*y.shape, 1) == shape:
                y = y[..., None]
            elif y.shape == (*shape, 1):
                y = y[..., 0]
        return np.ascontiguousarray(self.loss.convert_targets(y, dtype))

    @property
    def metrics(self) -> list[metrics.Metric]:
        """The metrics, none before `resolve`."""
        return [metric for _, metric, _ in self.resolved or ()]

    def reset(self) -> None:
        """Start to accumulate anew."""
        for _, metric, _ in self.resolved or ():
            metric.reset()

    def evaluate(
        self,
        y: NDArray[Any],
        output: NDArray[Any],
        mask: NDArray[Any] | None,
        weight: NDArray[Any] | None,
        *,
        from_logits: bool,
        training: bool,
    ) -> tuple[float, NDArray[Any] | None]:
        """Return the loss of a batch and, in training, its gradient.

        Steps that are masked or that the loss ignores do not count.

        The gradient is overwritten by the next call.
        """
        if mask is not None:
            counted = self.loss.counted(y)
            weight = fold_mask(mask, weight, self.loss.reduction, output.dtype, counted)
        if self._compiled[from_logits]:
            gradient = None
            if training:
                gradient = self._buffers.take("gradient", output.shape, output.dtype)
            return self.loss.batch_value(
                y, np.ascontiguousarray(output), weight, gradient
            ), gradient
        compute = self.loss.value_and_grad_from_logits if from_logits else self.loss.value_and_grad
        value, gradient = compute(y, output, weight)
        return float(value), gradient

    def activated(self, activation: Activation, logits: NDArray[Any]) -> NDArray[Any]:
        """Return the predictions that belong to logits; the next call overwrites them."""
        name = activation.kernel
        if name is None:
            return activation.forward(logits)
        y = self._buffers.take("activated", logits.shape, logits.dtype)
        _core.activate(name, np.ascontiguousarray(logits), y)
        return y

    def update(
        self,
        y: NDArray[Any],
        prediction: NDArray[Any],
        mask: NDArray[Any] | None,
        weight: NDArray[Any] | None,
    ) -> None:
        """Add a batch to the metrics."""
        counted = _combined(mask, self.loss.counted(y))
        weighted = _combined(counted, weight)
        for _, metric, takes_weights in self.resolved or ():
            metric.update_checked(y, prediction, weighted if takes_weights else counted)

    def metric_names(self) -> list[str]:
        """Return the names that the metrics have by themselves, in their order."""
        return [metric.name for metric in self.metrics]

    def metric_results(self) -> dict[str, float]:
        """Return the metrics over all batches since `reset`."""
        return {name: float(metric.result()) for name, metric, _ in self.resolved or ()}


def _loss(loss: Any) -> losses.Loss:
    try:
        return losses.get(loss)
    except TypeError:
        if isinstance(loss, type) or not callable(loss):
            raise
        name = getattr(loss, "__name__", type(loss).__name__)
        raise TypeError(
            f"compile: loss: expected a name or an object of class Loss, got the function {name}, "
            "whose gradient is not known; write a subclass of rnncore.losses.Loss with a method "
            "value_and_grad(y_true, y_pred, sample_weight) that returns both"
        ) from None


def _combined(mask: NDArray[Any] | None, weight: NDArray[Any] | None) -> NDArray[Any] | None:
    if mask is None or weight is None:
        return weight if mask is None else mask
    return product(mask, weight)


def listed(argument: str, value: Any) -> list[Any]:
    """Return the metrics of one output as a flat list."""
    if value is None:
        return []
    if isinstance(value, dict) or (
        isinstance(value, (list, tuple)) and any(isinstance(v, (list, tuple, dict)) for v in value)
    ):
        raise TypeError(f"compile: {argument}: expected a flat list for an output, got {value!r}")
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _free_name(name: str, taken: list[str]) -> str:
    count, free = 0, name
    while free in taken or free == "loss":
        count += 1
        free = f"{name}_{count}"
    return free
