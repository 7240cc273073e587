"""Cross-entropy of one choice among several classes, targets given as distributions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from rnncore.losses._arrays import as_probability_targets
from rnncore.losses._softmax import check_classes, shifted_exp
from rnncore.losses.base import EPSILON, Loss
from rnncore.utils._checks import check_flag, check_number

Array = NDArray[Any]


class CategoricalCrossentropy(Loss):
    """``-sum(t * log(p))`` over the last axis, ``p`` scaled to sum to 1.

    Parameters
    ----------
    from_logits : bool, default False
        Whether the predictions are logits and not probabilities.
    label_smoothing : float, default 0.0
        From 0 to 1: targets are drawn towards ``1 / classes`` by this share.
    reduction : str, default "sum_over_batch_size"
    name : str, default "categorical_crossentropy"

    Examples
    --------
    >>> from rnncore.losses import CategoricalCrossentropy
    >>> round(CategoricalCrossentropy()([[0, 1, 0]], [[0.2, 0.7, 0.1]]), 4)
    0.3567
    """

    default_name = "categorical_crossentropy"
    _compiled = "softmax"

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        *,
        reduction: str = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction=reduction, name=name)
        owner = type(self).__name__
        self.from_logits = check_flag(owner, "from_logits", from_logits)
        self.label_smoothing = check_number(
            owner, "label_smoothing", label_smoothing, low=0.0, high=1.0
        )
        self.fuses = None if self.from_logits else "softmax"

    def _compiled_options(self) -> dict[str, float]:
        return {"smoothing": self.label_smoothing}

    def _targets(self, y_true: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        owner = type(self).__name__
        check_classes(owner, shape)
        labels = np.shape(y_true) in (shape[:-1], (*shape[:-1], 1))
        hint = "; for class numbers use sparse_categorical_crossentropy" if labels else ""
        return as_probability_targets(owner, y_true, shape, dtype, hint)

    def _kernel(self, target: Array, pred: Array, grad: bool) -> tuple[Array, Array | None]:
        if self.from_logits:
            return self._logits_kernel(target, pred, grad)
        target = self._smoothed(target)
        low, high = pred.dtype.type(EPSILON), pred.dtype.type(1.0 - EPSILON)
        total = pred.sum(axis=-1, keepdims=True)
        q = pred / total
        clipped = np.clip(q, low, high)
        losses = -np.sum(target * np.log(clipped), axis=-1)
        if not grad:
            return losses, None
        dq = -target / clipped
        dq[(q < low) | (q > high)] = 0
        dpred = (dq - np.sum(dq * q, axis=-1, keepdims=True)) / total
        return losses, dpred

    def _logits_kernel(
        self, target: Array, logits: Array, grad: bool
    ) -> tuple[Array, Array | None]:
        target = self._smoothed(target)
        shifted, exp, total = shifted_exp(logits)
        mass = target.sum(axis=-1, keepdims=True)
        losses = np.log(total[..., 0]) * mass[..., 0] - np.sum(target * shifted, axis=-1)
        if not grad:
            return losses, None
        exp *= mass / total
        exp -= target
        return losses, exp

    def _smoothed(self, target: Array) -> Array:
        if not self.label_smoothing:
            return target
        share = self.label_smoothing
        smoothed: Array = target * (1.0 - share) + share / target.shape[-1]
        return smoothed
