"""Fractions of correct predictions, as metrics and as functions that do not average."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rnncore.losses._arrays import (
    as_float_targets,
    as_label_targets,
    as_predictions,
)
from rnncore.metrics.base import Array, Metric
from rnncore.utils._checks import check_count, check_number, check_optional_int


def _floats(owner: str, y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Array, Array]:
    pred = as_predictions(owner, y_pred)
    if pred.ndim == 1 and np.shape(y_true) == (*pred.shape, 1):
        pred = pred[:, np.newaxis]
    return as_float_targets(owner, y_true, pred.shape, pred.dtype), pred


class Accuracy(Metric):
    """Fraction of predictions that equal their target.

    Parameters
    ----------
    name : str, default "accuracy"

    Examples
    --------
    >>> from rnncore.metrics import Accuracy
    >>> metric = Accuracy()
    >>> metric.update([[1], [2], [3], [4]], [[0.0], [2.0], [3.0], [4.0]])
    >>> metric.result()
    0.75
    """

    default_name = "accuracy"

    def _values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        target, pred = _floats(type(self).__name__, y_true, y_pred)
        return np.asarray(target == pred)


class BinaryAccuracy(Metric):
    """Fraction of probabilities on the same side of ``threshold`` as their target.

    Parameters
    ----------
    name : str, default "binary_accuracy"
    threshold : float, default 0.5
        From 0 to 1; a prediction above it means 1.

    Examples
    --------
    >>> from rnncore.metrics import BinaryAccuracy
    >>> metric = BinaryAccuracy()
    >>> metric.update([1, 1, 0, 0], [[0.98], [1.0], [0.0], [0.6]])
    >>> metric.result()
    0.75
    """

    default_name = "binary_accuracy"

    def __init__(self, name: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = check_number(
            type(self).__name__, "threshold", threshold, low=0.0, high=1.0
        )

    def _values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        target, pred = _floats(type(self).__name__, y_true, y_pred)
        return np.asarray((pred > self.threshold) == target)

    def update_checked(
        self, y_true: Array, y_pred: Array, sample_weight: ArrayLike | None = None
    ) -> None:
        if y_true.size == y_pred.size:
            target = y_true.reshape(y_pred.shape)
            self._add((y_pred > self.threshold) == target, sample_weight)
        else:
            self.update(y_true, y_pred, sample_weight)


class _OfClasses(Metric):
    """Base of the metrics that look for the target among the largest entries."""

    k: int | None = None

    def _hits(self, labels: Array, pred: Array) -> Array:
        """Return where fewer than ``k`` entries exceed the one at the label; False for NaN there.

        Without ``k``, take the first of the largest entries.
        """
        if self.k is None:
            return np.asarray(np.argmax(pred, axis=-1) == labels)
        # A label that the loss ignores may be out of range; it has no weight.
        places = np.clip(labels, 0, pred.shape[-1] - 1)[..., np.newaxis]
        at_label = np.take_along_axis(pred, places, axis=-1)
        larger = np.sum(pred > at_label, axis=-1)
        return np.asarray((larger < self.k) & np.isfinite(at_label[..., 0]))


class CategoricalAccuracy(_OfClasses):
    """Fraction of predictions whose largest entry is at the target's largest entry.

    Parameters
    ----------
    name : str, default "categorical_accuracy"

    Examples
    --------
    >>> from rnncore.metrics import CategoricalAccuracy
    >>> metric = CategoricalAccuracy()
    >>> metric.update([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.0]])
    >>> metric.result()
    0.5
    """

    default_name = "categorical_accuracy"

    def _values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        target, pred = _floats(type(self).__name__, y_true, y_pred)
        return self._hits(np.argmax(target, axis=-1), pred)


class SparseCategoricalAccuracy(_OfClasses):
    """Fraction of predictions whose largest entry is at the target, a class number.

    Parameters
    ----------
    name : str, default "sparse_categorical_accuracy"
    ignore_class : int, optional
        Samples with this label are ignored.

    Examples
    --------
    >>> from rnncore.metrics import SparseCategoricalAccuracy
    >>> metric = SparseCategoricalAccuracy()
    >>> metric.update([2, 1], [[0.1, 0.6, 0.3], [0.05, 0.95, 0.0]])
    >>> metric.result()
    0.5
    """

    default_name = "sparse_categorical_accuracy"

    def __init__(self, name: str | None = None, ignore_class: int | None = None) -> None:
        super().__init__(name)
        self.ignore_class = check_optional_int(type(self).__name__, "ignore_class", ignore_class)

    def update_checked(
        self, y_true: Array, y_pred: Array, sample_weight: ArrayLike | None = None
    ) -> None:
        labels = y_true.dtype == np.int64 and y_true.size == y_pred.size // y_pred.shape[-1]
        if self.ignore_class is None and labels:
            self._add(self._hits(y_true.reshape(y_pred.shape[:-1]), y_pred), sample_weight)
        else:
            self.update(y_true, y_pred, sample_weight)

    def _values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        pred = as_predictions(type(self).__name__, y_pred)
        labels = as_label_targets(type(self).__name__, y_true, pred.shape, self.ignore_class)
        return self._hits(labels, pred)

    def _counted(self, y_true: ArrayLike) -> Array | None:
        return None if self.ignore_class is None else np.asarray(y_true) != self.ignore_class


class TopKCategoricalAccuracy(CategoricalAccuracy):
    """Fraction of predictions with the target's largest entry among their ``k`` largest.

    Parameters
    ----------
    k : int, default 5
    name : str, default "top_k_categorical_accuracy"

    Examples
    --------
    >>> from rnncore.metrics import TopKCategoricalAccuracy
    >>> metric = TopKCategoricalAccuracy(k=2)
    >>> metric.update([[0, 0, 1], [1, 0, 0]], [[0.1, 0.6, 0.3], [0.05, 0.6, 0.35]])
    >>> metric.result()
    0.5
    """

    default_name = "top_k_categorical_accuracy"

    def __init__(self, k: int = 5, name: str | None = None) -> None:
        super().__init__(name)
        self.k = check_count(type(self).__name__, "k", k)


class SparseTopKCategoricalAccuracy(SparseCategoricalAccuracy):
    """Fraction of predictions with the target, a class number, among their ``k`` largest.

    Parameters
    ----------
    k : int, default 5
    name : str, default "sparse_top_k_categorical_accuracy"
    ignore_class : int, optional
        Samples with this label are ignored.

    Examples
    --------
    >>> from rnncore.metrics import SparseTopKCategoricalAccuracy
    >>> metric = SparseTopKCategoricalAccuracy(k=2)
    >>> metric.update([2, 0], [[0.1, 0.6, 0.3], [0.05, 0.6, 0.35]])
    >>> metric.result()
    0.5
    """

    default_name = "sparse_top_k_categorical_accuracy"

    def __init__(
        self, k: int = 5, name: str | None = None, ignore_class: int | None = None
    ) -> None:
        super().__init__(name, ignore_class)
        self.k = check_count(type(self).__name__, "k", k)


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
