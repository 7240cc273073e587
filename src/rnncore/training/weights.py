"""Weights of samples, given one by one or by their classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._convert import numeric_array
from rnncore.training.ragged import Ragged, array_or_ragged
from rnncore.utils._arrays import narrowed
from rnncore.utils._checks import check_number


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
    return _finite(argument, array, dtype)


def weights_of_steps(
    argument: str, weight: Any, lengths: NDArray[np.intp], dtype: np.dtype[Any]
) -> NDArray[Any] | Ragged:
    """Return the weights for sequences of `lengths`: one each, or a list of one a time step."""
    array = array_or_ragged(argument, weight)
    if not isinstance(array, Ragged):
        return checked_weights(argument, array, (len(lengths), 1), dtype)
    if array.values.ndim != 1 or not np.array_equal(array.lengths, lengths):
        raise ValueError(
            f"{argument}: expected shape ({len(lengths)},), or for each sequence as many numbers "
            "as it has steps"
        )
    return array.converted(lambda values: _finite(argument, values, dtype))


def _finite(argument: str, array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if not np.isfinite(array).all():
        raise ValueError(f"{argument}: expected finite numbers, got NaN or infinity")
    return narrowed(argument, array, dtype)


def weights_of_classes(
    y: NDArray[Any] | Ragged, class_weight: Mapping[int, float], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return the weight of each sample's class, 1 where `class_weight` has none.

    `y` holds class numbers or one-hot rows.
    """
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"class_weight: expected a dict {{class: weight}}, got {class_weight!r}")
    by_class = {
        key: check_number("fit", f"class_weight[{key}]", value)
        for key, value in class_weight.items()
    }
    if isinstance(y, Ragged) or y.ndim > 2:
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
    found = np.array([by_class.get(int(label), 1.0) for label in classes])
    weights: NDArray[Any] = narrowed("class_weight", found, dtype)[inverse.reshape(-1)]
    return weights
