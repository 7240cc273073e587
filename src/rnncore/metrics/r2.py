"""The fraction of the targets' variance that the predictions explain."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rnncore.losses._arrays import as_float_targets, as_predictions, as_weights
from rnncore.metrics.base import Metric
from rnncore.utils._checks import check_choice


class R2Score(Metric):
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

    def __init__(self, class_aggregation: str = "uniform_average", name: str | None = None) -> None:
        super().__init__(name)
        self.class_aggregation = check_choice(
            "R2Score",
            "class_aggregation",
            class_aggregation,
            ("uniform_average", "variance_weighted_average"),
        )

    def update(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Add a batch; see `Metric.update`."""
        pred = as_predictions("R2Score", y_pred)
        if pred.ndim == 1:
            pred = pred[:, np.newaxis]
        if pred.ndim != 2:
            raise ValueError(f"R2Score: y_pred: expected shape (B, C), got {pred.shape}")
        target = as_float_targets("R2Score", y_true, pred.shape, np.float64)
        weights = as_weights("R2Score", sample_weight, pred.shape[:1], np.float64)
        w = np.ones((len(pred), 1)) if weights is None else weights[:, np.newaxis]
        w = np.broadcast_to(w, pred.shape)
        error = target - pred
        self._total = np.add(
            self._total, [(w * part).sum(axis=0) for part in (1, target, target**2, error**2)]
        )

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
        with np.errstate(all="ignore"):
            return float(np.sum(scores * spread) / spread.sum())
