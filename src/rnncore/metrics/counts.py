"""Numbers of true and false positives and negatives, and the F1 score."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rnncore.metrics.base import Metric
from rnncore.metrics.confusion import Counting, binary_batch
from rnncore.utils._checks import check_optional_number

_AVERAGES = (None, "micro", "macro", "weighted")


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


class F1Score(Metric):
    """Harmonic mean of precision and recall, for each class or as a mean of these.

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
        if average not in _AVERAGES:
            raise ValueError(
                f"F1Score: average: expected None, micro, macro or weighted, got {average!r}"
            )
        self.average = average
        self.threshold = check_optional_number("F1Score", "threshold", threshold, low=0.0, high=1.0)

    def update(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Add a batch; see `Metric.update`. Targets are 0 or 1 for each class."""
        target, pred, weights = binary_batch("F1Score", y_true, y_pred, sample_weight)
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
        found = [
            np.sum(weights * part, axis=axes)
            for part in (target * yes, (1 - target) * yes, target * ~yes, target)
        ]
        self._total = np.add(self._total, found)

    def result(self) -> float:
        """Return the score so far; 0.0 if nothing was right."""
        if not np.ndim(self._total):
            return 0.0
        hits, false_alarms, missed, targets = self._total
        both = 2 * hits + false_alarms + missed
        scores = np.divide(2 * hits, both, out=np.zeros_like(both), where=both > 0)
        if self.average == "weighted":
            total = targets.sum()
            return float((scores * targets).sum() / total) if total else 0.0
        return float(np.mean(scores))
