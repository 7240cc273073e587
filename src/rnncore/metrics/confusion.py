"""Counts of right and wrong binary predictions, and their ratios."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnncore.losses._arrays import as_predictions, as_probability_targets, as_weights
from rnncore.metrics.base import Array, Metric
from rnncore.utils._checks import check_optional_int, check_optional_number


def binary_batch(
    owner: str, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[Array, Array, Array]:
    """Return targets from 0 to 1, predictions and weights, all in the predictions' shape."""
    pred = as_predictions(owner, y_pred)
    if pred.ndim == 1:
        pred = pred[:, np.newaxis]
    target = as_probability_targets(owner, y_true, pred.shape, np.float64)
    weights = as_weights(owner, sample_weight, pred.shape[:-1], np.float64)
    each = np.ones((1,)) if weights is None else weights[..., np.newaxis]
    return target, pred, np.broadcast_to(each, pred.shape)


class Counting(Metric):
    """Base of the metrics that sum the weights of true and false positives and negatives."""

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

    def update(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Add a batch; see `Metric.update`. Targets are from 0 to 1; all but 0 are positive."""
        owner = type(self).__name__
        target, pred, weights = binary_batch(owner, y_true, y_pred, sample_weight)
        if self.class_id is not None:
            if not -pred.shape[-1] <= self.class_id < pred.shape[-1]:
                raise ValueError(
                    f"{owner}: y_pred: expected a class {self.class_id}, got {pred.shape[-1]}"
                )
            target, pred, weights = (a[..., self.class_id] for a in (target, pred, weights))
        real, yes = target != 0, pred > (0.5 if self.thresholds is None else self.thresholds)
        found = np.array(
            [
                [np.sum(weights, where=(real == truth) & (yes == said)) for said in (False, True)]
                for truth in (False, True)
            ]
        )
        self._total = self._total + found


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
