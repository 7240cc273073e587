"""Sample weights, given directly or by class."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._convert import numeric_array
from rnncore.training.ragged import Ragged, array_or_ragged
from rnncore.utils._arrays import narrowed
from rnncore.utils._checks import check_number


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
        return found.converted(argument, lambda values: _finite(argument, values, dtype))
    else:
        array, expected = found, expected[:1]
    if array.shape != expected and array.shape == (*expected[:1], 1):
        array = array[:, 0]
    if array.shape not in (expected[:1], expected):
        shapes = str(expected[:1]) if len(expected) == 1 else f"{expected[:1]} or {expected}"
        raise ValueError(f"{argument}: expected shape {shapes}, got {array.shape}")
    return _finite(argument, array, dtype)


def _finite(argument: str, array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if not np.isfinite(array).all():
        raise ValueError(f"{argument}: expected finite numbers, got NaN or infinity")
    return narrowed(argument, array, dtype)


def weights_of_classes(
    argument: str,
    y: NDArray[Any] | Ragged,
    class_weight: Mapping[Any, float],
    output_shape: Sequence[int | None],
    dtype: np.dtype[Any],
    *,
    binary: bool = False,
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
