"""Check and convert what is given to `fit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rnncore.losses import BinaryCrossentropy
from rnncore.networks.network import Arrays
from rnncore.training.objectives import Objective
from rnncore.training.ragged import Ragged, array_or_ragged
from rnncore.training.weights import weights_of_classes, weights_of_samples
from rnncore.utils._arrays import RAGGED

if TYPE_CHECKING:
    from rnncore.models.model import Model

# The same for prepared inputs, which may be ragged.
Inputs = tuple[NDArray[Any] | Ragged, ...]
# One for each output, or None.
Parts = tuple[NDArray[Any] | Ragged | None, ...]
Targets = tuple[NDArray[Any] | None, ...]
Masks = tuple[NDArray[np.bool_] | None, ...]
Lengths = tuple[NDArray[np.intp] | None, ...]


@dataclass(slots=True)
class Batch:
    """Samples that run together, with sequences padded to one length.

    Attributes
    ----------
    x, y, weight
        As in `Samples`, arrays only.
    masks : tuple of ndarray or None, optional
        For ragged inputs: the real steps of each.
    counted : tuple of ndarray or None, optional
        For ragged inputs: the real steps of each output's targets.
    lengths : tuple of ndarray or None, optional
        For ragged inputs, when predicting: the steps of each output for each sequence.
    """

    x: Arrays
    y: Targets
    weight: Targets
    masks: Masks | None = None
    counted: Masks | None = None
    lengths: Lengths | None = None

    def __len__(self) -> int:
        return len(self.x[0])


@dataclass(frozen=True)
class Samples:
    """Inputs with their targets and weights, with the same number of samples.

    Attributes
    ----------
    x : tuple of ndarray or Ragged
        For each input of the model, as its layer takes it.
    y : tuple of ndarray, Ragged or None
        For each output, as its loss takes them: class numbers as int64, others in the model's
        dtype; None without a loss.
    weight : tuple of ndarray, Ragged or None
        For each output one weight per sample ``(N,)`` or per time step ``(N, T)``.
    lengths : tuple of ndarray or None, optional
        When predicting: the steps of each output for each sequence.
    """

    x: Inputs
    y: Parts
    weight: Parts
    lengths: Lengths | None = None

    def __len__(self) -> int:
        return len(self.x[0])

    def part(self, start: int, stop: int) -> Samples:
        """Return the samples from `start` to `stop`, without a copy."""

        def cut(arrays: Parts) -> Parts:
            return tuple(None if one is None else one[start:stop] for one in arrays)

        return Samples(tuple(one[start:stop] for one in self.x), cut(self.y), cut(self.weight))


def samples_to_predict(model: Model, inputs: Inputs, argument: str = "x") -> Samples:
    """Return inputs alone, for outputs to be computed; `argument` is their name in errors."""
    nothing = (None,) * len(model.outputs_structure)
    lengths = tuple(output_lengths(model, inputs, argument))
    varies = any(one is not None for one in lengths)
    return Samples(inputs, nothing, nothing, lengths if varies else None)


def prepare_samples(
    model: Model,
    inputs: Inputs,
    y: Any,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
    prefix: str = "",
) -> Samples:
    """Check and convert what the user gave beside prepared inputs; `prefix` is for errors.

    Raises
    ------
    ValueError, TypeError
        If shapes, dtypes or numbers of samples do not fit, there are no samples, a label is out of
        range, or weights are not numeric.
    """
    x_name, y_name, weight_name = f"{prefix}x", f"{prefix}y", f"{prefix}sample_weight"
    objective, outputs = model.objective, model.outputs_structure
    count = len(inputs[0])
    if y is None:
        raise ValueError(f"{y_name}: expected the targets, got None")
    if class_weight is not None:
        if sample_weight is not None:
            raise ValueError("class_weight: expected None with sample_weight, got both")
        if len(outputs) > 1:
            raise ValueError("class_weight: expected None for a model with several outputs")

    def all_samples(array: NDArray[Any]) -> bool:
        return len(np.atleast_1d(array)) == count

    if len(outputs) > 1 and isinstance(sample_weight, np.ndarray):
        sample_weight = [sample_weight] * len(outputs)  # as in Keras, for every output
    given = outputs.flatten(y_name, y, missing=True, whole=all_samples)
    weighing = outputs.flatten(weight_name, sample_weight, missing=True, whole=all_samples)
    lengths = output_lengths(model, inputs, x_name)
    targets: list[NDArray[Any] | Ragged | None] = [None] * len(outputs)
    weights: list[NDArray[Any] | Ragged | None] = [None] * len(outputs)
    for index, shape in enumerate(model.network.output_shapes([one.shape for one in inputs])):
        part, steps, weight = objective.parts[index], lengths[index], weighing[index]
        if part is None:
            continue
        name = outputs.argument(y_name, index)
        targets[index] = target = _targets(
            name, given[index], x_name, (count, *shape[1:]), steps, part, model.dtype
        )
        if class_weight is not None:
            binary = isinstance(part.loss, BinaryCrossentropy)
            weights[index] = weights_of_classes(
                name, target, class_weight, shape, model.dtype, binary=binary
            )
        elif weight is not None:
            name = outputs.argument(weight_name, index)
            weights[index] = weights_of_samples(name, weight, shape, steps, model.dtype)
    return Samples(inputs, tuple(targets), tuple(weights))


def _targets(
    argument: str,
    y: Any,
    of_inputs: str,
    shape: tuple[int | None, ...],
    steps: NDArray[np.intp] | None,
    objective: Objective,
    dtype: np.dtype[Any],
) -> NDArray[Any] | Ragged:
    """Return the targets of an output of `shape` as its loss takes them.

    `steps` are the steps of the output for each sequence; None if they do not vary.
    """
    if y is None:
        raise ValueError(f"{argument}: expected the targets, got None")
    targets = array_or_ragged(argument, y)
    if len(targets) != shape[0]:
        raise ValueError(
            f"{argument}: expected as many samples as {of_inputs} has, {shape[0]}, "
            f"got {len(targets)}"
        )
    if steps is None:
        if isinstance(targets, Ragged):
            raise ValueError(f"{argument}: expected a rectangular array, got {RAGGED}")
        return objective.converted(argument, targets, shape, dtype)
    if not isinstance(targets, Ragged):
        raise ValueError(
            f"{argument}: expected a list with the targets of each sequence, one per step, got "
            f"shape {targets.shape}"
        )
    wrong = np.flatnonzero(targets.lengths != steps)
    if len(wrong):
        raise ValueError(
            f"{argument}[{wrong[0]}]: expected targets for {steps[wrong[0]]} steps, "
            f"got {targets.lengths[wrong[0]]}"
        )
    return targets.converted(
        argument,
        lambda one: objective.converted(argument, one, (*one.shape[:2], *shape[2:]), dtype),
    )


def output_lengths(model: Model, inputs: Inputs, argument: str) -> list[NDArray[np.intp] | None]:
    """Return, for each output, its number of steps for each sequence.

    None for an output whose shape does not depend on the lengths. Errors name `argument` if a layer
    does not accept them.
    """
    ragged = [one for one in inputs if isinstance(one, Ragged)]
    if not ragged:
        return [None] * len(model.outputs_structure)
    model.expect_steps_in_order(argument)
    shapes = [(None, *one.shape[1:]) for one in inputs]
    varies = [len(shape) > 2 and shape[1] is None for shape in model.network.output_shapes(shapes)]
    if not any(varies):
        return [None] * len(varies)
    lengths = np.stack([one.lengths for one in ragged], axis=1)
    distinct, inverse = np.unique(lengths, axis=0, return_inverse=True)
    found = np.empty((len(varies), len(distinct)), np.intp)
    places = [index for index, one in enumerate(inputs) if isinstance(one, Ragged)]
    for column, sizes in enumerate(distinct):
        for place, size in zip(places, sizes, strict=True):
            shapes[place] = (1, int(size), *shapes[place][2:])
        for row, shape in enumerate(model.network.output_shapes(shapes)):
            found[row, column] = (shape[1] or 0) if varies[row] else 0
    rows = inverse.reshape(-1)
    return [steps[rows] if one else None for one, steps in zip(varies, found, strict=True)]


def split_off_validation(samples: Samples, share: float) -> tuple[Samples, Samples]:
    """Split off the last `share` of the samples, before any shuffling."""
    count = len(samples)
    split = int(np.floor(count * (1.0 - share)))
    if split in (0, count):
        raise ValueError(
            f"validation_split: expected at least one sample on each side, got {share!r} of "
            f"{count} samples"
        )
    return samples.part(0, split), samples.part(split, count)
