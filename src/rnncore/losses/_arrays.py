"""Conversion and checks of predictions, targets and weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from rnncore.utils._arrays import narrowed, plain_array

Array = NDArray[Any]


def as_predictions(owner: str, y_pred: ArrayLike) -> Array:
    """Return predictions as a float32 or float64 array with at least one axis and one element."""
    pred = plain_array(f"{owner}: y_pred", y_pred)
    if pred.dtype.kind in "biu":
        pred = pred.astype(np.float64)
    if pred.dtype not in (np.float32, np.float64):
        raise TypeError(f"{owner}: y_pred: expected float32 or float64, got {pred.dtype}")
    if pred.ndim == 0 or pred.size == 0:
        raise ValueError(
            f"{owner}: y_pred: expected an array with an axis and an element, got shape "
            f"{pred.shape}"
        )
    return pred


def as_numbers(owner: str, name: str, values: ArrayLike) -> Array:
    """Return ``values`` as an array of bool, integers or floats."""
    array = plain_array(f"{owner}: {name}", values)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{owner}: {name}: expected numbers, got dtype {array.dtype}")
    return array


def fill_unknown(pred_shape: Sequence[int | None], true_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Replace every None in ``pred_shape`` by the size of the targets there."""
    return tuple(
        (true_shape[axis] if axis < len(true_shape) else 1) if length is None else length
        for axis, length in enumerate(pred_shape)
    )


def align(array: Array, shape: tuple[int, ...]) -> Array | None:
    """Add or drop a last axis of length 1 so that ``array`` has ``shape``; None if that fails."""
    if array.shape == shape:
        return array
    if array.shape == (*shape, 1) or (*array.shape, 1) == shape:
        return array.reshape(shape)
    return None


def as_float_targets(
    owner: str, y_true: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike, hint: str = ""
) -> Array:
    """Return targets of ``shape`` and ``dtype``, or raise if they do not fit or are not finite."""
    array = as_numbers(owner, "y_true", y_true)
    aligned = align(array, shape)
    if aligned is None:
        raise ValueError(
            f"{owner}: y_true: expected shape {shape}, that of the predictions, got "
            f"{array.shape}{hint}"
        )
    target = narrowed(f"{owner}: y_true", aligned, dtype)
    finite = np.isfinite(target)
    if not finite.all():
        wrong = aligned[~finite].reshape(-1)[0]
        raise ValueError(
            f"{owner}: y_true: expected finite numbers, got {wrong} ({np.sum(~finite)} of "
            f"{target.size} elements)"
        )
    return target


def as_probability_targets(
    owner: str, y_true: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike, hint: str = ""
) -> Array:
    """Return finite targets of ``shape`` that lie between 0 and 1."""
    target = as_float_targets(owner, y_true, shape, dtype, hint)
    low, high = target.min(), target.max()
    if low < 0 or high > 1:
        raise ValueError(
            f"{owner}: y_true: expected numbers from 0 to 1, got {low if low < 0 else high}"
        )
    return target


def as_label_targets(
    owner: str, y_true: ArrayLike, shape: tuple[int, ...], ignore_class: int | None
) -> NDArray[np.int64]:
    """Return class numbers of shape ``shape[:-1]``, below ``shape[-1]`` or ``ignore_class``."""
    array = as_numbers(owner, "y_true", y_true)
    aligned = align(array, shape[:-1])
    if aligned is None:
        hint = "; for one-hot targets use categorical_crossentropy" if array.shape == shape else ""
        raise ValueError(
            f"{owner}: y_true: expected class numbers of shape {shape[:-1]}, got shape "
            f"{array.shape}{hint}"
        )
    if aligned.dtype.kind == "f":
        whole = np.isfinite(aligned) & (aligned == np.trunc(aligned))
        if not whole.all():
            raise ValueError(
                f"{owner}: y_true: expected whole class numbers, got {aligned[~whole][0]}"
            )
    with np.errstate(invalid="ignore"):
        labels: NDArray[np.int64] = aligned.astype(np.int64, copy=False)
    wrong = (labels < 0) | (labels >= shape[-1])
    if ignore_class is not None:
        wrong &= labels != ignore_class
    if wrong.any():
        raise ValueError(
            f"{owner}: y_true: expected class numbers from 0 to {shape[-1] - 1}, got "
            f"{aligned[wrong].reshape(-1)[0]}"
        )
    return labels


def as_weights(
    owner: str, sample_weight: ArrayLike | None, shape: tuple[int, ...], dtype: DTypeLike
) -> Array | None:
    """Return weights that broadcast against losses of ``shape``, or None if there are none.

    Weights may lack trailing axes: a sample's weight applies to all of its time steps.
    """
    if sample_weight is None:
        return None
    weights = as_numbers(owner, "sample_weight", sample_weight)
    given: tuple[int, ...] = weights.shape
    if weights.ndim == len(shape) + 1 and given[-1] == 1:
        weights = weights[..., 0]
    weights = weights.reshape(weights.shape + (1,) * (len(shape) - weights.ndim))
    # A single number applies to all samples; otherwise each sample has its own.
    have: tuple[int, ...] = weights.shape
    fits = len(have) == len(shape) and (not given or have[:1] == shape[:1])
    if not fits or any(n not in (1, m) for n, m in zip(have, shape, strict=True)):
        expected = "shape " + " or ".join(map(str, dict.fromkeys((shape[:1], shape))))
        if not shape:
            expected = "one number, since y_pred with one axis is one sample"
        raise ValueError(f"{owner}: sample_weight: expected {expected}, got {given}")
    return as_finite(f"{owner}: sample_weight", weights, dtype)


def as_finite(argument: str, array: Array, dtype: DTypeLike) -> Array:
    """Return ``array`` in ``dtype``, or raise if it is not finite."""
    if not np.isfinite(array).all():
        raise ValueError(f"{argument}: expected finite numbers, got NaN or infinity")
    return narrowed(argument, array, dtype)


def fold_mask(
    mask: Array,
    weights: Array | None,
    reduction: str,
    dtype: DTypeLike,
    counted: Array | None = None,
) -> Array:
    """Return weights that are 0 where ``mask`` is False.

    For a mean the other weights grow, so that the mean over all samples (or those in ``counted``)
    becomes the mean over those that ``mask`` includes.
    """
    scale = 1.0
    if reduction in ("sum_over_batch_size", "mean"):
        kept, size = mask, mask.size
        if counted is not None:
            kept, size = product(mask, counted), int(np.count_nonzero(counted))
        scale = size / max(1, int(np.count_nonzero(kept)))
    folded: Array = mask.astype(dtype) * scale
    return folded if weights is None else product(folded, weights)


def product(first: Array, second: Array) -> Array:
    """Return the product of masks or weights that may lack each other's trailing axes."""
    axes = max(first.ndim, second.ndim)
    one, other = (a.reshape(a.shape + (1,) * (axes - a.ndim)) for a in (first, second))
    found: Array = one * other
    return found
