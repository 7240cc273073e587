"""The accuracies as functions, not averaged. For the losses see `rnncore.losses`."""

from __future__ import annotations

from numpy.typing import ArrayLike

from rnncore.metrics.accuracy import (
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from rnncore.metrics.base import Array, Metric


def binary_accuracy(y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5) -> Array:
    """Return `BinaryAccuracy` of every prediction, shape ``y_pred.shape``.

    Parameters
    ----------
    y_true, y_pred : array_like
        Targets and predictions, as for the metric. The same applies to all functions here, but the
        others return one value per sample.
    threshold : float, default 0.5

    Raises
    ------
    ValueError, TypeError
        As for the metric.

    Examples
    --------
    >>> from rnncore.metrics import binary_accuracy
    >>> binary_accuracy([[1, 1], [0, 0]], [[0.9, 0.2], [0.4, 0.3]])
    array([[1., 0.],
           [1., 1.]], dtype=float32)
    """
    return _values(BinaryAccuracy(threshold=threshold), y_true, y_pred)


def categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Return `CategoricalAccuracy` of every sample, shape ``y_pred.shape[:-1]``."""
    return _values(CategoricalAccuracy(), y_true, y_pred)


def sparse_categorical_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, ignore_class: int | None = None
) -> Array:
    """Return `SparseCategoricalAccuracy` of every sample, shape ``y_pred.shape[:-1]``."""
    return _values(SparseCategoricalAccuracy(ignore_class=ignore_class), y_true, y_pred)


def top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Array:
    """Return `TopKCategoricalAccuracy` of every sample, shape ``y_pred.shape[:-1]``."""
    return _values(TopKCategoricalAccuracy(k), y_true, y_pred)


def sparse_top_k_categorical_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, k: int = 5, ignore_class: int | None = None
) -> Array:
    """Return `SparseTopKCategoricalAccuracy` of every sample, shape ``y_pred.shape[:-1]``."""
    return _values(SparseTopKCategoricalAccuracy(k, None, ignore_class), y_true, y_pred)


def _values(metric: Metric, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    return metric._values(y_true, y_pred).astype("float32")
