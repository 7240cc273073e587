"""The losses and the metrics of a compiled model, output by output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import _core, losses, metrics
from rnncore.activations import Activation
from rnncore.activations.fused import Linear, Rectifier, Relu, Tanh
from rnncore.layers.tape import Buffers
from rnncore.losses._arrays import fold_mask, product
from rnncore.training.structure import Structure
from rnncore.utils._arrays import narrowed
from rnncore.utils._checks import check_number, warn
from rnncore.utils._names import free_name

Parts = Sequence[NDArray[Any] | None]

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
        If a name is unknown, or the structure does not fit a model with one output.
    """

    def __init__(self, loss: Any, unweighted: Any = None, weighted: Any = None) -> None:
        self.loss = _loss(loss)
        # Of what was asked for, and whether it takes weights.
        self._requested: list[tuple[Any, bool]] = []
        for argument, value in (("metrics", unweighted), ("weighted_metrics", weighted)):
            for one in _listed(argument, value):
                # An unknown name is an error now; which accuracy one means shows with the output.
                made = metrics.get(one, loss=self.loss, output_shape=(None, 1))
                chosen = one if isinstance(one, str) else made
                self._requested.append((chosen, argument == "weighted_metrics"))
        # By name, with whether they take weights; None before `converted`.
        self.resolved: dict[str, tuple[metrics.Metric, bool]] | None = None
        self.loss_sum = 0.0  # of all samples so far
        # By whether the predictions are logits.
        self._compiled = [self.loss.compiled(from_logits) for from_logits in (False, True)]
        self._buffers = Buffers()

    @property
    def metrics(self) -> list[metrics.Metric]:
        """The metrics, none before `converted`."""
        return [metric for metric, _ in (self.resolved or {}).values()]

    def converted(
        self, argument: str, y: NDArray[Any], shape: tuple[int | None, ...], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        """Return the targets of an output of `shape` as the loss takes them; raise for others.

        The first call decides what the metrics are.
        """
        if self.resolved is None:
            self._resolve((None, *shape[1:]))
        if y.dtype.kind == "f":
            y = narrowed(argument, y, dtype)
        self.loss.check_targets(y, shape)
        if self.loss.own_gradient:
            # A user's loss need not handle a missing last axis.
            if (*y.shape, 1) == shape:
                y = y[..., None]
            elif y.shape == (*shape, 1):
                y = y[..., 0]
        return np.ascontiguousarray(self.loss.convert_targets(y, dtype))

    def _resolve(self, output_shape: tuple[int | None, ...]) -> None:
        self.resolved = {}
        for request, weighs in self._requested:
            metric = metrics.get(request, loss=self.loss, output_shape=output_shape)
            name = metric.name
            if weighs and not self.resolved.get(name, (metric, True))[1]:
                name = f"weighted_{name}"  # as Keras tells the two apart
            self.resolved[free_name(name, {*self.resolved, "loss"})] = metric, weighs

    def evaluate(
        self,
        y: NDArray[Any],
        output: NDArray[Any],
        mask: NDArray[Any] | None,
        weight: NDArray[Any] | None,
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
            take = self._buffers.take
            gradient = take("gradient", output.shape, output.dtype) if training else None
            return self.loss.batch_value(y, output, weight, gradient), gradient
        compute = self.loss.value_and_grad_from_logits if from_logits else self.loss.value_and_grad
        value, gradient = compute(y, output, weight)
        return float(value), gradient

    def activated(self, activation: Activation, logits: NDArray[Any]) -> NDArray[Any]:
        """Return the predictions for logits; the next call overwrites them."""
        name = activation.kernel
        if name is None:
            return activation.forward(logits)
        y = self._buffers.take("activated", logits.shape, logits.dtype)
        _core.activate(name, logits, y)
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
        for metric, takes_weights in (self.resolved or {}).values():
            metric.update_checked(y, prediction, weighted if takes_weights else counted)


class Objectives:
    """The weighted sum of all outputs' losses, and the metrics.

    Parameters
    ----------
    outputs : Structure
        The outputs of the model.
    loss : str, Loss, or a list or dict of them
        A single one applies to every output. An output with None, or missing from a dict, is not
        trained.
    metrics, weighted_metrics : optional
        For one output a list, for several a list or dict with a metric or a list for each.
    loss_weights : number, or a list or dict of them, optional
        Weight of each loss in the sum; default 1.

    Attributes
    ----------
    parts : list of Objective or None
        One for each output, None without a loss.

    Raises
    ------
    ValueError, TypeError
        If a name is unknown or the structure does not fit the outputs.
    """

    def __init__(
        self,
        outputs: Structure,
        loss: Any,
        metrics: Any = None,
        weighted_metrics: Any = None,
        loss_weights: Any = None,
    ) -> None:
        self.outputs = outputs
        chosen = _losses(outputs, loss)
        plain = _metrics(outputs, "metrics", metrics)
        weighted = _metrics(outputs, "weighted_metrics", weighted_metrics)
        self.parts: list[Objective | None] = []
        for name, one, unweighted, weighing in zip(
            outputs.names, chosen, plain, weighted, strict=True
        ):
            if one is None and (unweighted or weighing):
                raise ValueError(
                    f"compile: loss: expected one for the output {name!r} beside metrics, got None"
                )
            self.parts.append(None if one is None else Objective(one, unweighted, weighing))
        self.weights = _weights(outputs, loss_weights)
        self._asked = metrics is not None or weighted_metrics is not None
        named = zip(outputs.names, self.parts, strict=True)
        self._trained = [(name, part) for name, part in named if part is not None]
        self._loss_sum, self._samples = 0.0, 0

    def warn_of_activations(self, activations: Sequence[Activation | None]) -> None:
        """Warn if a loss of probabilities gets something else."""
        for part, activation in zip(self.parts, activations, strict=True):
            wanted = None if part is None else part.loss.fuses
            if part and wanted is not None and isinstance(activation, _NO_PROBABILITIES):
                warn(
                    f"compile: loss: {part.loss.name} takes probabilities, but the activation of "
                    f"the last layer is {activation.name}; use activation={wanted!r} there, or "
                    "the loss with from_logits=True",
                    RuntimeWarning,
                )

    def taken_over(self, activations: Sequence[Activation | None]) -> list[Activation | None]:
        """Return the activations that the losses apply themselves, None for the others."""
        return [
            one if part and one and part.loss.takes_over(one.kernel) else None
            for part, one in zip(self.parts, activations, strict=True)
        ]

    def reset(self) -> None:
        """Start accumulating again."""
        self._loss_sum, self._samples = 0.0, 0
        for _, part in self._trained:
            part.loss_sum = 0.0
            for metric in part.metrics:
                metric.reset()

    def evaluate(
        self,
        targets: Parts,
        outputs: Sequence[tuple[NDArray[Any], NDArray[Any] | None]],
        weights: Parts,
        taken_over: Sequence[Activation | None],
        penalty: float,
        *,
        training: bool,
        counts: bool = True,
    ) -> tuple[float, list[NDArray[Any] | None]]:
        """Return the loss of a batch and, in training, the gradient of each output.

        Outputs whose activations the losses have `taken_over` are logits. With `counts` the batch
        is added to the loss and the metrics. The next call overwrites the gradients.
        """
        gradients: list[NDArray[Any] | None] = []
        total, count = penalty, len(outputs[0][0])
        for index, part in enumerate(self.parts):
            (y, mask), target, weight = outputs[index], targets[index], weights[index]
            activation, gradient = taken_over[index], None
            if part is not None and target is not None:
                logits = activation is not None
                loss, gradient = part.evaluate(target, y, mask, weight, logits, training)
                scale = self.weights[index]
                total += scale * loss
                if gradient is not None and scale != 1.0:
                    gradient = gradient * gradient.dtype.type(scale)
                if counts:
                    part.loss_sum += loss * count
                    if part.resolved:
                        prediction = y if activation is None else part.activated(activation, y)
                        part.update(target, prediction, mask, weight)
            gradients.append(gradient)
        if counts:
            self._loss_sum += total * count
            self._samples += count
        return total, gradients

    def results(self) -> dict[str, float]:
        """Return loss and metrics over all batches since `reset`, with Keras' names.

        In the order of the names, as in Keras.
        """
        found = self._means()
        for output, part in self._trained:
            prefix = "" if len(self.parts) == 1 else f"{output}_"
            for name, (metric, _) in (part.resolved or {}).items():
                found[prefix + name] = float(metric.result())
        return dict(sorted(found.items())) if len(found) > 1 else found

    def listed(self, results: Mapping[str, float]) -> list[str]:
        """Return the names of `results` in the order of Keras' lists.

        The loss, the metrics of the only output, the losses of several outputs, then the others.
        """
        wanted = ["loss", *(one.name for _, part in self._trained for one in part.metrics)]
        wanted += [f"{name}_loss" for name, _ in self._trained]
        first = dict.fromkeys(name for name in wanted if name in results)
        return [*first, *sorted(results.keys() - first)]

    def metrics_names(self) -> list[str]:
        """Return Keras' `metrics_names`, in which the metrics of compile are a single name."""
        loss, *others = self._means()
        return [loss, *(["compile_metrics"] if self._asked else []), *others]

    def as_metrics(self) -> list[metrics.Metric]:
        """Return the loss, all metrics, and the losses of several outputs."""
        means = []
        for name, value in self._means().items():
            means.append(metrics.Mean(name))
            means[-1].update_values(value)
        return [means[0], *(one for _, part in self._trained for one in part.metrics), *means[1:]]

    def _means(self) -> dict[str, float]:
        """Return the mean of the sum, and with several outputs of each loss, since `reset`."""
        count = max(self._samples, 1)
        found = {f"{name}_loss": part.loss_sum / count for name, part in self._trained}
        return {"loss": self._loss_sum / count, **(found if len(found) > 1 else {})}


def _loss(loss: Any) -> losses.Loss:
    try:
        return losses.get(loss)
    except TypeError:
        if isinstance(loss, type) or not callable(loss):
            raise
        name = getattr(loss, "__name__", type(loss).__name__)
        raise TypeError(
            f"compile: loss: expected a name or a Loss, got the function {name}, whose gradient "
            "is not known; write a subclass of rnncore.losses.Loss with a method "
            "value_and_grad(y_true, y_pred, sample_weight) that returns both"
        ) from None


def _combined(mask: NDArray[Any] | None, weight: NDArray[Any] | None) -> NDArray[Any] | None:
    if mask is None or weight is None:
        return weight if mask is None else mask
    return product(mask, weight)


def _listed(argument: str, value: Any) -> list[Any]:
    """Return the metrics of one output as a flat list."""
    if value is None:
        return []
    if isinstance(value, dict) or (
        isinstance(value, (list, tuple)) and any(isinstance(v, (list, tuple, dict)) for v in value)
    ):
        raise TypeError(f"compile: {argument}: expected a flat list for an output, got {value!r}")
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _losses(outputs: Structure, loss: Any) -> list[Any]:
    if isinstance(loss, (list, tuple, Mapping)):
        if not isinstance(loss, Mapping) and len(outputs) == 1 and len(loss) == 1:
            return list(loss)
        chosen = outputs.flatten("compile: loss", loss, missing=True)
        if all(one is None for one in chosen):
            raise ValueError("compile: loss: expected a loss for at least one output, got none")
        return chosen
    return [loss] * len(outputs)


def _metrics(outputs: Structure, argument: str, value: Any) -> list[Any]:
    if len(outputs) == 1 and isinstance(value, (list, tuple)):
        return [list(_flat(value))]  # as in Keras, however they are nested
    if isinstance(value, (list, tuple)) and not value:
        value = None
    return outputs.flatten(f"compile: {argument}", value, missing=True)


def _flat(value: Any) -> Iterator[Any]:
    for one in value:
        if isinstance(one, (list, tuple)):
            yield from _flat(one)
        else:
            yield one


def _weights(outputs: Structure, value: Any) -> list[float]:
    if len(outputs) == 1 and isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    parts = outputs.flatten("compile: loss_weights", value, missing=True)
    return [
        1.0 if one is None else check_number("compile", outputs.argument("loss_weights", i), one)
        for i, one in enumerate(parts)
    ]
