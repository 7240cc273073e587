"""Check and convert what is given to `fit`, `evaluate` and `predict`."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._arguments import compatible, numeric_array
from rnncore.layers.layer import Shape
from rnncore.losses import BinaryCrossentropy, Hinge, SquaredHinge
from rnncore.losses._arrays import as_finite
from rnncore.networks.network import Arrays
from rnncore.training.objectives import Objective
from rnncore.training.ragged import Ragged, array_or_ragged, each
from rnncore.utils._arrays import RAGGED, narrowed
from rnncore.utils._checks import check_count, check_number

if TYPE_CHECKING:
    from rnncore.models.model import Model


def batch_size_of(owner: str, value: Any, argument: str = "batch_size") -> int:
    """Return a batch size, 32 for None, or raise TypeError or ValueError."""
    return 32 if value is None else check_count(owner, argument, value)


def steps_of(owner: str, argument: str, value: Any) -> int | None:
    """Return a number of batches or None, or raise TypeError or ValueError."""
    return None if value is None else check_count(owner, argument, value)


def epoch_number(argument: str, value: Any) -> int:
    """Return a number of epochs, or raise TypeError or ValueError."""
    return check_count("fit", argument, value, "an integer of at least 0", least=0)


def validation_share(value: Any) -> float:
    """Return the `validation_split` of `fit`; 0 means none."""
    return check_number("fit", "validation_split", value, low=0, high=1, open_high=True)


def validation_epochs(value: Any) -> Callable[[int], bool]:
    """Return a function that says whether to validate after an epoch, counted from 1."""
    if isinstance(value, Collection) and not isinstance(value, (str, bytes)):
        chosen = {check_count("fit", f"validation_freq[{i}]", one) for i, one in enumerate(value)}
        return chosen.__contains__
    every = check_count("fit", "validation_freq", value)
    return lambda epoch: epoch % every == 0


def adjust_rank(array: NDArray[Any], rank: int, last: int | None) -> NDArray[Any]:
    """Add or drop a last axis of size one, as Keras does."""
    if array.ndim == rank - 1 and last == 1:
        return array[..., None]
    if array.ndim == rank + 1 and array.shape[-1] == 1:
        return array[..., 0]
    return array


def fitted(argument: str, value: Any, expected: Shape | None) -> NDArray[Any] | Ragged:
    """Return the data of one input as an array, or as sequences of different lengths.

    Raises
    ------
    ValueError, TypeError
        If the dtype is not numeric, there are no samples, or the shape does not match `expected`,
        where None matches any size.
    """
    array = array_or_ragged(argument, value)
    if len(array) == 0:
        raise ValueError(f"{argument}: expected at least one sample, got shape {array.shape}")
    if expected is None:
        return array
    array = each(argument, array, lambda one: adjust_rank(one, len(expected), expected[-1]))
    if isinstance(array, Ragged) and len(expected) > 1 and expected[1] is not None:
        raise ValueError(
            f"{argument}: expected shape {expected}, got sequences of different lengths; use an "
            f"Input of shape {(None, *expected[2:])}, or make them one array by "
            "rnncore.utils.pad_sequences"
        )
    if not compatible(expected, array.shape):
        raise ValueError(f"{argument}: expected shape {expected}, got {array.shape}")
    return array


def weights_of_samples(
    argument: str,
    weight: Any,
    output_shape: Sequence[int | None],
    lengths: NDArray[np.intp] | None,
    dtype: np.dtype[Any],
) -> NDArray[Any] | Ragged:
    """Return the weights for an output of `output_shape`, one a sample or one a time step.

    Where its sequences have `lengths`: one each, or a list of one a time step.
    """
    expected = tuple(output_shape[:-1])
    if lengths is None:
        array = numeric_array(argument, weight)
    elif isinstance(found := array_or_ragged(argument, weight), Ragged):
        if found.values.ndim != 1 or not np.array_equal(found.lengths, lengths):
            raise ValueError(
                f"{argument}: expected shape ({output_shape[0]},), or one number per step of each "
                "sequence"
            )
        return found.converted(argument, lambda values: as_finite(argument, values, dtype))
    else:
        array, expected = found, expected[:1]
    if array.shape != expected and array.shape == (*expected[:1], 1):
        array = array[:, 0]
    if array.shape not in (expected[:1], expected):
        shapes = str(expected[:1]) if len(expected) == 1 else f"{expected[:1]} or {expected}"
        raise ValueError(f"{argument}: expected shape {shapes}, got {array.shape}")
    return as_finite(argument, array, dtype)


def weights_of_classes(
    argument: str,
    y: NDArray[Any] | Ragged,
    class_weight: Mapping[Any, float],
    output_shape: Sequence[int | None],
    dtype: np.dtype[Any],
    *,
    binary: bool = False,
    hinge: bool = False,
) -> NDArray[Any] | Ragged:
    """Return the class weight of each sample or time step; 1 for classes not given.

    Parameters
    ----------
    argument : str
        Names the targets in errors.
    y : ndarray or Ragged
        Class numbers ``(N, ...)`` or ``(N, ..., 1)``, or one-hot rows ``(N, ..., classes)``.
    class_weight : dict of int to float
    output_shape : sequence of int or None
        Shape ``(N, ..., classes)`` of the output; a last axis of length 1 holds the class numbers.
    dtype : dtype
    binary : bool, default False
        Whether a single output separates two classes.
    hinge : bool, default False
        Whether the classes may be -1 and 1 in place of 0 and 1.
    """
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"class_weight: expected a dict {{class: weight}}, got {class_weight!r}")
    classes = output_shape[-1] or 1
    if classes == 1 and binary:
        classes = 2
    for key, value in class_weight.items():
        whole = isinstance(key, numbers.Real) and key == key // 1
        if not whole or (classes > 1 and not 0 <= key < classes):
            expected = "class numbers" + (f" from 0 to {classes - 1}" if classes > 1 else "")
            raise ValueError(f"class_weight: expected {expected} as keys, got {key!r}")
        check_number("fit", f"class_weight[{key}]", value)
    if isinstance(y, Ragged):
        labels = _labels(argument, y.values[:-1], len(output_shape) - 1)
    else:
        labels = _labels(argument, y, len(output_shape))
    found, inverse = np.unique(labels, return_inverse=True)
    for low, other in ((-1, 0), (0, -1)) if hinge else ():
        if low in found and other in class_weight:
            raise ValueError(
                f"class_weight: expected {low} and 1, as in {argument}, as keys, got {other}"
            )
    weights = np.array([class_weight.get(int(label), 1.0) for label in found])
    spread: NDArray[Any] = narrowed("class_weight", weights, dtype)[inverse.reshape(labels.shape)]
    if isinstance(y, Ragged):  # whose last row is no step and has no class
        return Ragged(np.append(spread, spread.dtype.type(0)), y.starts, y.lengths)
    return spread


def _labels(argument: str, y: NDArray[Any], axes: int) -> NDArray[Any]:
    """Return the class numbers of targets for an output with this many axes."""
    if y.ndim == axes and y.shape[-1] == 1:
        y = y[..., 0]
    if y.ndim == axes - 1:
        wrong = y != np.floor(y)
        if wrong.any():
            raise ValueError(
                f"class_weight: expected {argument} to hold class numbers, got {y[wrong][0]}"
            )
        return y
    if y.ndim != axes:
        raise ValueError(
            f"class_weight: expected {argument} to hold class numbers or one-hot rows, got shape "
            f"{y.shape}"
        )
    largest = y == y.max(axis=-1, keepdims=True)
    wrong = (y < 0).any(axis=-1) | (abs(y.sum(axis=-1) - 1) > 1e-3) | (largest.sum(axis=-1) > 1)
    if wrong.any():
        raise ValueError(
            f"class_weight: expected {argument} to have one class in each row, got {y[wrong][0]}"
        )
    labels: NDArray[Any] = y.argmax(axis=-1)
    return labels


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
    return Samples(inputs, nothing, nothing, tuple(output_lengths(model, inputs, argument)))


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
            hinge = isinstance(part.loss, (Hinge, SquaredHinge))
            weights[index] = weights_of_classes(
                name, target, class_weight, shape, model.dtype, binary=binary, hinge=hinge
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
    places = [index for index, one in enumerate(inputs) if isinstance(one, Ragged)]
    if not places:
        return [None] * len(model.outputs_structure)
    model.expect_steps_in_order(argument)
    shapes = [(None, *one.shape[1:]) for one in inputs]
    varies = [len(shape) > 2 and shape[1] is None for shape in model.network.output_shapes(shapes)]
    if not any(varies):
        return [None] * len(varies)
    lengths = np.stack([one.lengths for one in inputs if isinstance(one, Ragged)], axis=1)
    distinct, inverse = np.unique(lengths, axis=0, return_inverse=True)
    found = np.empty((len(varies), len(distinct)), np.intp)
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
