"""From the arrays given to `fit` to batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._convert import numeric_array
from rnncore.training.interfaces import Arrays, Trainable
from rnncore.utils._arrays import narrowed
from rnncore.utils._checks import check_count, check_number

_DEFAULT_BATCH_SIZE = 32

# One for each output, None where there is none.
Parts = tuple[NDArray[Any] | None, ...]


@dataclass(frozen=True)
class Samples:
    """Inputs with their targets and weights, all of the same length.

    Attributes
    ----------
    x : tuple of ndarray
        For each input of the model, as the layer behind it takes it.
    y : tuple of ndarray or None
        For each output, as its loss takes them: class numbers as int64, others in the model's
        dtype; None where there is no loss.
    weight : tuple of ndarray or None
        For each output one weight a sample ``(N,)`` or one a time step ``(N, T)``.
    """

    x: Arrays
    y: Parts
    weight: Parts

    def __len__(self) -> int:
        return len(self.x[0])

    def part(self, start: int, stop: int) -> Samples:
        """Return the samples from `start` to `stop`, without a copy."""

        def cut(arrays: Parts) -> Parts:
            return tuple(None if one is None else one[start:stop] for one in arrays)

        return Samples(tuple(one[start:stop] for one in self.x), cut(self.y), cut(self.weight))

    def unweighted(self) -> Samples:
        """Return the same samples without weights."""
        return Samples(self.x, self.y, (None,) * len(self.y))


def prepare_samples(
    model: Trainable,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
    prefix: str = "",
) -> Samples:
    """Check and convert what the user gave; `prefix` names the arguments in errors.

    Raises
    ------
    ValueError, TypeError
        For shapes and dtypes that do not fit, different lengths, no samples, labels out of
        range, weights that are no numbers.
    """
    names = {name: f"{prefix}{name}" for name in ("x", "y", "sample_weight")}
    objective, outputs = model.objective, model.outputs_structure
    inputs = model.prepare_input(x, names["x"])
    count = len(inputs[0])
    if y is None:
        raise ValueError(f"{names['y']}: expected the targets, got None")
    if class_weight is not None:
        if sample_weight is not None:
            raise ValueError("class_weight: expected None beside sample_weight, got both")
        if len(outputs) > 1:
            raise ValueError("class_weight: expected None for a model with several outputs")

    def all_samples(array: NDArray[Any]) -> bool:
        return len(np.atleast_1d(array)) == count

    if len(outputs) > 1 and isinstance(sample_weight, np.ndarray):
        sample_weight = [sample_weight] * len(outputs)  # as in Keras those of every output
    given = outputs.flatten(names["y"], y, missing=True, whole=all_samples)
    weighing = (
        [None] * len(outputs)
        if sample_weight is None
        else outputs.flatten(names["sample_weight"], sample_weight, missing=True, whole=all_samples)
    )
    targets: list[NDArray[Any] | None] = []
    weights: list[NDArray[Any] | None] = []
    for index, shape in enumerate(model.output_shapes([one.shape for one in inputs])):
        target = weight = None
        if objective.parts[index] is not None:
            name = outputs.argument(names["y"], index)
            plain = _targets(name, given[index], names["x"], count, model.dtype)
            target = objective.converted(index, plain, shape, model.dtype)
            if class_weight is not None:
                weight = weights_of_classes(plain, class_weight, model.dtype)
            elif weighing[index] is not None:
                name = outputs.argument(names["sample_weight"], index)
                weight = checked_weights(name, weighing[index], shape, model.dtype)
        targets.append(target)
        weights.append(weight)
    return Samples(inputs, tuple(targets), tuple(weights))


def _targets(argument: str, y: Any, inputs: str, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the targets of one output as an array of as many samples as the inputs have."""
    if y is None:
        raise ValueError(f"{argument}: expected the targets, got None")
    targets = numeric_array(argument, y)
    if len(targets) != count:
        raise ValueError(
            f"{argument}: expected as many samples as {inputs} has, {count}, got {len(targets)}"
        )
    return narrowed(argument, targets, dtype) if targets.dtype.kind == "f" else targets


def checked_weights(
    argument: str, weight: Any, output_shape: Sequence[int | None], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return sample weights for an output of `output_shape`, one a sample or one a time step."""
    array = numeric_array(argument, weight)
    expected = tuple(output_shape[:-1])
    if array.shape != expected and array.shape == (*expected[:1], 1):
        array = array[:, 0]
    if array.shape not in (expected[:1], expected):
        shapes = str(expected[:1]) if len(expected) == 1 else f"{expected[:1]} or {expected}"
        raise ValueError(f"{argument}: expected shape {shapes}, got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{argument}: expected finite numbers, got NaN or infinity")
    return narrowed(argument, array, dtype)


def weights_of_classes(
    y: NDArray[Any], class_weight: Mapping[int, float], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return the weight of each sample's class; `y` holds class numbers or one-hot rows."""
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"class_weight: expected a dict {{class: weight}}, got {class_weight!r}")
    if y.ndim > 2:
        raise ValueError(
            f"class_weight: expected targets of shape (N,), (N, 1) or (N, classes), got {y.shape}"
        )
    labels = y.reshape(-1) if y.ndim == 1 or y.shape[1] == 1 else y.argmax(axis=1)
    if not (labels == np.floor(labels)).all():
        raise ValueError(
            "class_weight: expected targets that are class numbers, "
            f"got {labels[labels != np.floor(labels)][0]}"
        )
    classes, inverse = np.unique(np.rint(labels).astype(np.int64), return_inverse=True)
    missing = [int(label) for label in classes if int(label) not in class_weight]
    if missing:
        raise ValueError(
            f"class_weight: expected a weight for every class in y, got none for {missing}"
        )
    by_class = np.array(
        [check_number("fit", f"class_weight[{k}]", class_weight[int(k)]) for k in classes]
    )
    weights: NDArray[Any] = narrowed("class_weight", by_class, dtype)[inverse.reshape(-1)]
    return weights


def batch_size_of(owner: str, argument: str, value: Any, default: int = _DEFAULT_BATCH_SIZE) -> int:
    """Return a batch size, `default` for None. TypeError or ValueError for what is none."""
    return default if value is None else check_count(owner, argument, value)


def epoch_number(argument: str, value: Any) -> int:
    """Return a number of epochs. TypeError or ValueError for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"fit: {argument}: expected an integer of at least 0, got {value!r}")
    if value < 0:
        raise ValueError(f"fit: {argument}: expected an integer of at least 0, got {value!r}")
    return int(value)


def validation_share(value: Any) -> float:
    """Return the `validation_split` of `fit`; 0 asks for none."""
    real = (int, float, np.integer, np.floating)
    if isinstance(value, bool) or not isinstance(value, real):
        raise TypeError(f"validation_split: expected a number between 0 and 1, got {value!r}")
    if not 0 <= value < 1:
        raise ValueError(f"validation_split: expected a number between 0 and 1, got {value!r}")
    return float(value)


def split_off_validation(samples: Samples, share: float) -> tuple[Samples, Samples]:
    """Return the samples without and with the last `share` of them, before any shuffling."""
    count = len(samples)
    split = int(np.floor(count * (1.0 - share)))
    if split in (0, count):
        raise ValueError(
            f"validation_split: expected at least one sample on either side, "
            f"got {share!r} of {count} samples"
        )
    return samples.part(0, split), samples.part(split, count)


class Batches:
    """Iterate over samples in batches, in order or shuffled.

    Batches in order are views. Shuffled ones are gathered into buffers that the next batch
    overwrites: an epoch allocates nothing.
    """

    def __init__(self, samples: Samples, batch_size: int) -> None:
        self.samples = samples
        self.batch_size = min(batch_size, len(samples))
        self._buffers: dict[tuple[str, int], NDArray[Any]] = {}
        self._in_order: NDArray[np.intp] | None = None
        self._order: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return -(-len(self.samples) // self.batch_size)

    def __iter__(self) -> Iterator[Samples]:
        for start in range(0, len(self.samples), self.batch_size):
            yield self.samples.part(start, min(start + self.batch_size, len(self.samples)))

    def shuffled(self, rng: np.random.Generator) -> Iterator[Samples]:
        """Yield every sample once, in a new random order."""
        if self._in_order is None or self._order is None:
            self._in_order = np.arange(len(self.samples))
            self._order = np.empty_like(self._in_order)
        order = self._order
        order[...] = self._in_order
        rng.shuffle(order)
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            x, y, weight = (
                tuple(
                    None if array is None else self._gather((name, index), array, rows)
                    for index, array in enumerate(getattr(self.samples, name))
                )
                for name in ("x", "y", "weight")
            )
            yield Samples(cast("Arrays", x), y, weight)

    def _gather(
        self, name: tuple[str, int], array: NDArray[Any], rows: NDArray[Any]
    ) -> NDArray[Any]:
        if not array.flags.c_contiguous:
            picked: NDArray[Any] = array[rows]  # take would copy all of it first
            return picked
        if name not in self._buffers:
            self._buffers[name] = np.empty((self.batch_size, *array.shape[1:]), array.dtype)
        out = self._buffers[name][: len(rows)]
        # mode="clip" writes straight into out; the default buffers it to undo errors.
        np.take(array, rows, axis=0, out=out, mode="clip")
        return out
