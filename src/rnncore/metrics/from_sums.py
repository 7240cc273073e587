"""Metrics from sums over all samples: counts, their ratios, areas under curves, and R2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnncore.activations import sigmoid
from rnncore.losses._arrays import (
    as_float_targets,
    as_predictions,
    as_probability_targets,
    as_weights,
)
from rnncore.metrics.base import Array, Metric
from rnncore.utils._checks import (
    check_choice,
    check_count,
    check_flag,
    check_optional_int,
    check_optional_number,
)

_AVERAGES = (None, "micro", "macro", "weighted")
_AGGREGATIONS = ("uniform_average", "variance_weighted_average")


class _OfSums(Metric):
    """Base of the metrics whose result follows from several sums over all samples."""

    _as_targets: Any = staticmethod(as_probability_targets)

    def update(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        owner = type(self).__name__
        pred = as_predictions(owner, y_pred)
        if pred.ndim == 1:
            pred = pred[:, np.newaxis]
        target = self._as_targets(owner, y_true, pred.shape, np.float64)
        weights = as_weights(owner, sample_weight, pred.shape[:-1], np.float64)
        each = np.ones((1,)) if weights is None else weights[..., np.newaxis]
        found = self._sums(target, pred, np.broadcast_to(each, pred.shape))
        self._total = np.add(self._total, found)

    def _sums(self, target: Array, pred: Array, weights: Array) -> Sequence[Any]:
        """Return what a batch adds; all arguments have the shape of the predictions."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method _sums")


class Counting(_OfSums):
    """Base of the metrics that sum the weights of true and false positives and negatives.

    Targets are from 0 to 1; all but 0 are positive.
    """

    _zero = np.zeros((2, 2))  # [target][prediction]

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        owner = type(self).__name__
        if top_k is not None:
            raise ValueError(
                f"{owner}: top_k: expected None (no other value is supported yet), got {top_k!r}"
            )
        if isinstance(thresholds, (list, tuple)) and len(thresholds) == 1:
            thresholds = thresholds[0]
        self.thresholds = check_optional_number(owner, "thresholds", thresholds, low=0.0, high=1.0)
        self.class_id = check_optional_int(owner, "class_id", class_id)

    def _sums(self, target: Array, pred: Array, weights: Array) -> Sequence[Any]:
        if self.class_id is not None:
            if not -pred.shape[-1] <= self.class_id < pred.shape[-1]:
                raise ValueError(
                    f"{type(self).__name__}: y_pred: expected a class {self.class_id}, got "
                    f"{pred.shape[-1]}"
                )
            target, pred, weights = (a[..., self.class_id] for a in (target, pred, weights))
        real, yes = target != 0, pred > (0.5 if self.thresholds is None else self.thresholds)
        return [
            [np.sum(weights, where=(real == truth) & (yes == said)) for said in (False, True)]
            for truth in (False, True)
        ]


def _quotient(part: float, other: float) -> float:
    whole = part + other
    return float(part / whole) if whole else 0.0


class Precision(Counting):
    """Fraction of the predictions above a threshold whose target is not 0.

    Parameters
    ----------
    thresholds : float, optional
        A single number from 0 to 1; default 0.5.
    top_k : None
        Only None is supported so far.
    class_id : int, optional
        Index on the last axis to count. Default: all.
    name : str, default "precision", then "precision_1" and so on

    Raises
    ------
    ValueError, TypeError
        For an argument that is out of range or not supported yet.

    Examples
    --------
    >>> from rnncore.metrics import Precision
    >>> metric = Precision()
    >>> metric.update([[0], [1], [1], [1]], [[0.9], [0.2], [0.8], [0.7]])
    >>> round(metric.result(), 4)
    0.6667
    """

    def result(self) -> float:
        """Return the fraction so far; 0.0 if nothing was above the threshold."""
        return _quotient(self._total[1, 1], self._total[0, 1])


class Recall(Counting):
    """Fraction of the targets other than 0 whose prediction is above a threshold.

    Parameters
    ----------
    thresholds : float, optional
        A single number from 0 to 1; default 0.5.
    top_k : None
        Only None is supported so far.
    class_id : int, optional
        Index on the last axis to count. Default: all.
    name : str, default "recall", then "recall_1" and so on

    Raises
    ------
    ValueError, TypeError
        For an argument that is out of range or not supported yet.

    Examples
    --------
    >>> from rnncore.metrics import Recall
    >>> metric = Recall()
    >>> metric.update([[0], [1], [1], [1]], [[0.9], [0.2], [0.8], [0.7]])
    >>> round(metric.result(), 4)
    0.6667
    """

    def result(self) -> float:
        """Return the fraction so far; 0.0 if every target was 0."""
        return _quotient(self._total[1, 1], self._total[1, 0])


class _Count(Counting):
    """Base of the metrics that return one entry of the confusion matrix."""

    _place = (0, 0)

    def __init__(self, thresholds: float | None = None, name: str | None = None) -> None:
        super().__init__(thresholds, name=name)

    def result(self) -> float:
        """Return the number so far, or the sum of the weights if given."""
        return float(self._total[self._place])


class TruePositives(_Count):
    """Number of predictions above a threshold whose target is not 0.

    Parameters
    ----------
    thresholds : float, optional
        A single number from 0 to 1; default 0.5.
    name : str, default "true_positives", then "true_positives_1" and so on

    Raises
    ------
    ValueError, TypeError
        For an argument that is out of range or not supported yet.

    Examples
    --------
    >>> from rnncore.metrics import TruePositives
    >>> TruePositives()([[0], [1], [1], [1]], [[0.9], [0.2], [0.8], [0.7]])
    2.0
    """

    _place = (1, 1)


class FalsePositives(_Count):
    """Number of predictions above a threshold whose target is 0.

    Parameters
    ----------
    thresholds : float, optional
        A single number from 0 to 1; default 0.5.
    name : str, default "false_positives", then "false_positives_1" and so on

    Raises
    ------
    ValueError, TypeError
        For an argument that is out of range or not supported yet.

    Examples
    --------
    >>> from rnncore.metrics import FalsePositives
    >>> FalsePositives()([[0], [1], [1], [1]], [[0.9], [0.2], [0.8], [0.7]])
    1.0
    """

    _place = (0, 1)


class TrueNegatives(_Count):
    """Number of predictions up to a threshold whose target is 0.

    Parameters
    ----------
    thresholds : float, optional
        A single number from 0 to 1; default 0.5.
    name : str, default "true_negatives", then "true_negatives_1" and so on

    Raises
    ------
    ValueError, TypeError
        For an argument that is out of range or not supported yet.

    Examples
    --------
    >>> from rnncore.metrics import TrueNegatives
    >>> TrueNegatives()([[0], [0], [1]], [[0.9], [0.2], [0.8]])
    1.0
    """

    _place = (0, 0)


class FalseNegatives(_Count):
    """Number of predictions up to a threshold whose target is not 0.

    Parameters
    ----------
    thresholds : float, optional
        A single number from 0 to 1; default 0.5.
    name : str, default "false_negatives", then "false_negatives_1" and so on

    Raises
    ------
    ValueError, TypeError
        For an argument that is out of range or not supported yet.

    Examples
    --------
    >>> from rnncore.metrics import FalseNegatives
    >>> FalseNegatives()([[0], [1], [1]], [[0.9], [0.2], [0.8]])
    1.0
    """

    _place = (1, 0)


class F1Score(_OfSums):
    """Harmonic mean of precision and recall, for each class or as a mean of these.

    Targets are 0 or 1 for each class.

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}, default None
        "micro": count all classes together. "macro": the mean over the classes. "weighted": the
        mean weighted by the number of targets of each class. None: no average, only for predictions
        of a single number.
    threshold : float, optional
        Predictions above it are positive. Default: the largest of each sample is.
    name : str, default "f1_score"

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or several classes have no average.

    Examples
    --------
    >>> from rnncore.metrics import F1Score
    >>> round(F1Score(threshold=0.5)([[0], [1], [1]], [[0.9], [0.8], [0.7]]), 4)
    0.8
    """

    default_name = "f1_score"

    def __init__(
        self, average: str | None = None, threshold: float | None = None, name: str | None = None
    ) -> None:
        super().__init__(name)
        self.average = check_choice("F1Score", "average", average, _AVERAGES)
        self.threshold = check_optional_number("F1Score", "threshold", threshold, low=0.0, high=1.0)

    def _sums(self, target: Array, pred: Array, weights: Array) -> Sequence[Any]:
        if self.average is None and pred.shape[-1] > 1:
            raise ValueError(
                f"F1Score: average: expected 'micro', 'macro' or 'weighted' for {pred.shape[-1]} "
                "classes, as the result is one number, got None"
            )
        if self.threshold is not None:
            yes = pred > self.threshold
        else:
            yes = (pred >= pred.max(axis=-1, keepdims=True)) & (np.abs(pred) > 1e-9)
        axes = tuple(range(pred.ndim)) if self.average == "micro" else tuple(range(pred.ndim - 1))
        return [
            np.sum(weights * part, axis=axes)
            for part in (target * yes, (1 - target) * yes, target * ~yes, target)
        ]

    def result(self) -> float:
        """Return the score so far; 0.0 if nothing was right."""
        if not np.ndim(self._total):
            return 0.0
        hits, false_alarms, missed, targets = self._total
        both = 2 * hits + false_alarms + missed
        scores = _share(2 * hits, both)
        if self.average == "weighted":
            total = targets.sum()
            return float((scores * targets).sum() / total) if total else 0.0
        return float(np.mean(scores))


class AUC(_OfSums):
    """Area under the curve of a binary prediction, as its threshold goes from 0 to 1.

    Parameters
    ----------
    num_thresholds : int, default 200
        Points of the curve, at least 2.
    curve : {"ROC", "PR"}, default "ROC"
        Recall against false positive rate, or precision against recall.
    summation_method : {"interpolation", "minoring", "majoring"}, default "interpolation"
        How to take the area between two points: interpolated, the lower value, or the higher one.
    name : str, default "auc", then "auc_1" and so on
    from_logits : bool, default False
        Whether the predictions are logits rather than probabilities.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range; in `update`, if a prediction is not from 0 to 1.

    Examples
    --------
    >>> from rnncore.metrics import AUC
    >>> metric = AUC()
    >>> metric.update([[0], [0], [1], [1]], [[0.1], [0.4], [0.35], [0.8]])
    >>> round(metric.result(), 4)
    0.75
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        *,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name)
        self.num_thresholds = check_count(
            "AUC", "num_thresholds", num_thresholds, "an integer from 2 up", least=2
        )
        self.curve = check_choice("AUC", "curve", curve, ("ROC", "PR"))
        self.summation_method = check_choice(
            "AUC", "summation_method", summation_method, ("interpolation", "minoring", "majoring")
        )
        self.from_logits = check_flag("AUC", "from_logits", from_logits)
        self._zero = self._total = np.zeros((2, self.num_thresholds))

    def _sums(self, target: Array, pred: Array, weights: Array) -> Sequence[Any]:
        if self.from_logits:
            pred = sigmoid.forward(pred)
        wrong = ~((pred >= 0) & (pred <= 1))
        if wrong.any():
            raise ValueError(f"AUC: y_pred: expected numbers from 0 to 1, got {pred[wrong][0]}")
        # How many thresholds lie below a prediction: the first, below 0, always does.
        below = np.ceil(pred * pred.dtype.type(self.num_thresholds - 1)).astype(np.int64)
        place = np.maximum(below - 1, 0).reshape(-1)
        return [
            np.bincount(place, (share * weights).reshape(-1), self.num_thresholds)
            for share in (1 - target, target)
        ]

    def result(self) -> float:
        """Return the area so far; 0.0 without data."""
        # What lies above each threshold.
        false_yes, true_yes = self._total[:, ::-1].cumsum(axis=1)[:, ::-1]
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _precision_recall(true_yes, false_yes)
        recall = _share(true_yes, true_yes[0])
        if self.curve == "ROC":
            x, y = _share(false_yes, false_yes[0]), recall
        else:
            x, y = recall, _share(true_yes, true_yes + false_yes)
        heights = {
            "interpolation": (y[:-1] + y[1:]) / 2,
            "minoring": np.minimum(y[:-1], y[1:]),
            "majoring": np.maximum(y[:-1], y[1:]),
        }[self.summation_method]
        return float(np.sum((x[:-1] - x[1:]) * heights))


def _precision_recall(true_yes: Array, false_yes: Array) -> float:
    """Return the area under precision against recall, with true positives linear in all positives.

    Between two points tp = a + s * p, where p are all positives: the area is an integral of tp / p.
    """
    alarms = true_yes + false_yes
    more = true_yes[:-1] - true_yes[1:]
    slope = _share(more, np.maximum(alarms[:-1] - alarms[1:], 0))
    start = true_yes[1:] - slope * alarms[1:]
    both = (alarms[:-1] > 0) & (alarms[1:] > 0)
    ratio = np.where(both, alarms[:-1] / np.where(both, alarms[1:], 1), 1)
    return float(np.sum(_share(slope * (more + start * np.log(ratio)), true_yes[0])))


def _share(part: Array, whole: Array) -> Array:
    """Return ``part / whole``, or 0 where ``whole`` is 0."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


class R2Score(_OfSums):
    """``1 - sum((y_true - y_pred)**2) / sum((y_true - mean(y_true))**2)``: 1 is best.

    Parameters
    ----------
    class_aggregation : {"uniform_average", "variance_weighted_average"}
        How to average the scores of several outputs; the latter weights each by the variance of its
        targets. Default: "uniform_average".
    name : str, default "r2_score"

    Raises
    ------
    ValueError, TypeError
        If the aggregation is unknown, or predictions are not ``(B, C)``.

    Examples
    --------
    >>> from rnncore.metrics import R2Score
    >>> metric = R2Score()
    >>> metric.update([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])
    >>> round(metric.result(), 4)
    0.5714
    """

    default_name = "r2_score"
    _as_targets = staticmethod(as_float_targets)

    def __init__(self, class_aggregation: str = "uniform_average", name: str | None = None) -> None:
        super().__init__(name)
        self.class_aggregation = check_choice(
            "R2Score", "class_aggregation", class_aggregation, _AGGREGATIONS
        )

    def _sums(self, target: Array, pred: Array, weights: Array) -> Sequence[Any]:
        if pred.ndim != 2:
            raise ValueError(f"R2Score: y_pred: expected shape (B, C), got {pred.shape}")
        error = target - pred
        return [(weights * part).sum(axis=0) for part in (1, target, target**2, error**2)]

    def result(self) -> float:
        """Return the score so far; 0.0 without data."""
        if not np.ndim(self._total) or not self._total[0].all():
            return 0.0
        count, total, squares, residue = self._total
        spread = squares - total * total / count
        with np.errstate(all="ignore"):
            scores = 1 - residue / spread
            scores[np.isinf(scores)] = 0.0
            if self.class_aggregation == "uniform_average":
                return float(scores.mean())
            return float(np.sum(scores * spread) / spread.sum())
