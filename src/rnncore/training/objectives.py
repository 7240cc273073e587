"""The losses and the metrics of a compiled model, one objective an output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.activations import Activation
from rnncore.metrics import Mean, Metric
from rnncore.training.objective import Objective
from rnncore.training.structure import Structure
from rnncore.utils._checks import check_number

Parts = Sequence[NDArray[Any] | None]


class Objectives:
    """The weighted sum of the losses of all outputs, and the metrics.

    Parameters
    ----------
    outputs : Structure
        The outputs of the model.
    loss : str, Loss, or a list or dict of them
        One that stands alone is that of every output; None, or left out of a dict: the output is
        not trained.
    metrics, weighted_metrics : optional
        For one output a list, for several a list or dict with a metric or a list for each.
    loss_weights : number, or a list or dict of them, optional
        What each loss counts in the sum, by default 1.

    Attributes
    ----------
    parts : list of Objective or None
        One for each output, None without a loss.

    Raises
    ------
    ValueError, TypeError
        For an unknown name or a structure that does not fit the outputs.
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
        # Of the losses of the samples so far: of each output, and of the weighted sum.
        self._sums = [0.0] * len(self.parts)
        self._loss_sum = 0.0
        self._samples = 0

    def warn_of_activations(self, activations: Sequence[Activation | None]) -> None:
        """Warn when a loss of probabilities is to get numbers that are none."""
        for part, activation in zip(self.parts, activations, strict=True):
            if part is not None:
                part.warn_of_activation(activation)

    def fused(self, activations: Sequence[Activation | None]) -> list[bool]:
        """Return for each output whether its loss takes the activation over."""
        return [
            part is not None and activation is not None and part.loss.takes_over(activation.kernel)
            for part, activation in zip(self.parts, activations, strict=True)
        ]

    def reset(self) -> None:
        """Start to accumulate anew."""
        self._sums = [0.0] * len(self.parts)
        self._loss_sum, self._samples = 0.0, 0
        for part in self.parts:
            if part is not None:
                part.reset()

    def evaluate(
        self,
        targets: Parts,
        outputs: Sequence[tuple[NDArray[Any], NDArray[Any] | None]],
        weights: Parts,
        logits: Sequence[bool],
        *,
        training: bool,
    ) -> tuple[list[float], list[NDArray[Any] | None]]:
        """Return the loss of each output for a batch and, in training, what flows back into it.

        The gradients are those of the weighted sum; the next call overwrites them.
        """
        losses: list[float] = []
        gradients: list[NDArray[Any] | None] = []
        for index, (part, (y, mask)) in enumerate(zip(self.parts, outputs, strict=True)):
            target = targets[index]
            if part is None or target is None:
                losses.append(0.0)
                gradients.append(None)
                continue
            loss, gradient = part.evaluate(
                target, y, mask, weights[index], from_logits=logits[index], training=training
            )
            scale = self.weights[index]
            if gradient is not None and scale != 1.0:
                gradient = gradient * gradient.dtype.type(scale)
            losses.append(loss)
            gradients.append(gradient)
        return losses, gradients

    def update(
        self,
        losses: Sequence[float],
        targets: Parts,
        outputs: Sequence[tuple[NDArray[Any], NDArray[Any] | None]],
        weights: Parts,
        activations: Sequence[Activation | None],
        penalty: float,
    ) -> float:
        """Add a batch and return its loss; `activations` are those that the losses took over."""
        count, total = 0, penalty
        for index, (part, (y, mask)) in enumerate(zip(self.parts, outputs, strict=True)):
            count = len(y)
            target, activation = targets[index], activations[index]
            if part is None or target is None:
                continue
            total += self.weights[index] * losses[index]
            self._sums[index] += losses[index] * count
            if part.resolved:
                prediction = y if activation is None else part.activated(activation, y)
                part.update(target, prediction, mask, weights[index])
        self._loss_sum += total * count
        self._samples += count
        return total

    def results(self) -> dict[str, float]:
        """Return loss and metrics over all batches since `reset`, with Keras' names.

        In the order of the names, as in Keras.
        """
        found = self._means()
        for name, part in self._named():
            prefix = "" if len(self.parts) == 1 else f"{name}_"
            found |= {prefix + key: value for key, value in part.metric_results().items()}
        return dict(sorted(found.items())) if len(found) > 1 else found

    def listed(self, results: Mapping[str, float]) -> list[str]:
        """Return the names of `results` in the order of Keras' lists.

        The loss, the metrics of the only output, the losses of several outputs, then the others.
        """
        named = self._named()
        wanted = ["loss", *(metric for _, part in named for metric in part.metric_names())]
        wanted += [f"{name}_loss" for name, _ in named]
        first = dict.fromkeys(name for name in wanted if name in results)
        return [*first, *sorted(name for name in results if name not in first)]

    def metrics_names(self) -> list[str]:
        """Return what Keras calls the names of the metrics: those of compile are one of them."""
        named = self._named()
        losses = [f"{name}_loss" for name, _ in named] if len(named) > 1 else []
        return ["loss", *(["compile_metrics"] if self._asked else []), *losses]

    def as_metrics(self) -> list[Metric]:
        """Return the loss, all metrics, and the losses of several outputs."""
        loss, *others = [_mean(name, value) for name, value in self._means().items()]
        return [loss, *(metric for _, part in self._named() for metric in part.metrics), *others]

    def _means(self) -> dict[str, float]:
        """Return the mean of the sum, and with several outputs of each loss, since `reset`."""
        count = max(self._samples, 1)
        found = {
            f"{name}_loss": total / count
            for name, part, total in zip(self.outputs.names, self.parts, self._sums, strict=True)
            if part is not None
        }
        return {"loss": self._loss_sum / count, **(found if len(found) > 1 else {})}

    def _named(self) -> list[tuple[str, Objective]]:
        pairs = zip(self.outputs.names, self.parts, strict=True)
        return [(name, part) for name, part in pairs if part is not None]

    def converted(
        self, index: int, targets: NDArray[Any], shape: tuple[int | None, ...], dtype: Any
    ) -> NDArray[Any]:
        """Return the targets of an output of `shape` as its loss takes them; raise for others."""
        part = self.parts[index]
        if part is None:
            return targets
        part.resolve((None, *shape[1:]))
        part.check(targets, shape)
        return part.convert(targets, shape, np.dtype(dtype))


def _mean(name: str, value: float) -> Metric:
    mean = Mean(name)
    mean.update_values(value)
    return mean


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
    if value is None or (isinstance(value, (list, tuple)) and not value):
        return [None] * len(outputs)
    if len(outputs) == 1 and isinstance(value, (list, tuple)):
        return [list(_flat(value))]  # as in Keras, however they are nested
    return outputs.flatten(f"compile: {argument}", value, missing=True)


def _flat(value: Any) -> Iterator[Any]:
    for one in value:
        if isinstance(one, (list, tuple)):
            yield from _flat(one)
        else:
            yield one


def _weights(outputs: Structure, value: Any) -> list[float]:
    if value is None:
        return [1.0] * len(outputs)
    if len(outputs) == 1 and isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    parts = outputs.flatten("compile: loss_weights", value, missing=True)
    return [
        1.0 if one is None else check_number("compile", outputs.argument("loss_weights", i), one)
        for i, one in enumerate(parts)
    ]
