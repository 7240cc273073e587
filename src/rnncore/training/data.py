"""From the arrays given to `fit` to batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.layers._convert import numeric_array
from rnncore.training.interfaces import Trainable
from rnncore.utils._arrays import narrowed
from rnncore.utils._checks import check_count, check_number

_DEFAULT_BATCH_SIZE = 32


@dataclass(frozen=True)
class Samples:
    """Inputs with their targets and weights, all of the same length.

    Attributes
    ----------
    x : ndarray
        As the model's first layer takes it.
    y : ndarray
        As the loss takes them: class numbers as int64, others in the model's dtype.
    weight : ndarray or None
        One weight a sample ``(N,)`` or one a time step ``(N, T)``.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    weight: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.x)

    def part(self, start: int, stop: int) -> Samples:
        """Return the samples from `start` to `stop`, without a copy."""
        weight = None if self.weight is None else self.weight[start:stop]
        return Samples(self.x[start:stop], self.y[start:stop], weight)


def prepare_samples(
    model: Trainable,
    x: ArrayLike,
    y: ArrayLike | None,
    sample_weight: ArrayLike | None = None,
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
    inputs = model.prepare_input(x, names["x"])
    if y is None:
        raise ValueError(f"{names['y']}: expected the targets, got None")
    targets = numeric_array(names["y"], y)
    if len(targets) != len(inputs):
        raise ValueError(
            f"{names['y']}: expected as many samples as {names['x']} has, {len(inputs)}, "
            f"got {len(targets)}"
        )
    if targets.dtype.kind == "f":
        targets = narrowed(names["y"], targets, model.dtype)
    output_shape = model.compute_output_shape(inputs.shape)
    model.objective.resolve((None, *output_shape[1:]))
    model.objective.check(targets, output_shape)
    weight = None
    if class_weight is not None:
        if sample_weight is not None:
            raise ValueError("class_weight: expected None beside sample_weight, got both")
        weight = weights_of_classes(targets, class_weight, model.dtype)
    elif sample_weight is not None:
        weight = checked_weights(names["sample_weight"], sample_weight, output_shape, model.dtype)
    return Samples(inputs, model.objective.convert(targets, model.dtype), weight)


def checked_weights(
    argument: str, weight: ArrayLike, output_shape: Sequence[int | None], dtype: np.dtype[Any]
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
        self._buffers: dict[str, NDArray[Any]] = {}
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
            weight = self.samples.weight
            yield Samples(
                self._gather("x", self.samples.x, rows),
                self._gather("y", self.samples.y, rows),
                None if weight is None else self._gather("weight", weight, rows),
            )

    def _gather(self, name: str, array: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
        if not array.flags.c_contiguous:
            picked: NDArray[Any] = array[rows]  # take would copy all of it first
            return picked
        if name not in self._buffers:
            self._buffers[name] = np.empty((self.batch_size, *array.shape[1:]), array.dtype)
        out = self._buffers[name][: len(rows)]
        # mode="clip" writes straight into out; the default buffers it to undo errors.
        np.take(array, rows, axis=0, out=out, mode="clip")
        return out
