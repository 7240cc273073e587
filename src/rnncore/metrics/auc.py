"""Area under a curve over all thresholds."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rnncore.activations import sigmoid
from rnncore.metrics.base import Array, Metric
from rnncore.metrics.confusion import binary_batch
from rnncore.utils._checks import check_choice, check_count, check_flag


class AUC(Metric):
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
        If an argument is out of range.

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

    def update(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Add a batch; see `Metric.update`. Predictions are probabilities.

        Raises ValueError if a prediction is not between 0 and 1.
        """
        target, pred, weights = binary_batch("AUC", y_true, y_pred, sample_weight)
        if self.from_logits:
            pred = sigmoid.forward(pred)
        wrong = ~((pred >= 0) & (pred <= 1))
        if wrong.any():
            raise ValueError(f"AUC: y_pred: expected numbers from 0 to 1, got {pred[wrong][0]}")
        # How many thresholds lie below a prediction: the first, below 0, always does.
        below = np.ceil(pred * pred.dtype.type(self.num_thresholds - 1)).astype(np.int64)
        place = np.maximum(below - 1, 0).reshape(-1)
        found = [
            np.bincount(place, (share * weights).reshape(-1), self.num_thresholds)
            for share in (1 - target, target)
        ]
        self._total = np.add(self._total, found)

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
