"""Cross-entropy of independent yes-or-no predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from rnncore.losses._arrays import as_probability_targets
from rnncore.losses.base import EPSILON, Loss
from rnncore.utils._checks import check_flag, check_number

Array = NDArray[Any]


class BinaryCrossentropy(Loss):
    """``-(t * log(p) + (1 - t) * log(1 - p))``, averaged over the last axis.

    Parameters
    ----------
    from_logits : bool, default False
        Whether the predictions are logits and not probabilities.
    label_smoothing : float, default 0.0
        From 0 to 1: targets are drawn towards 0.5 by this share.
    reduction : str, default "sum_over_batch_size"
    name : str, default "binary_crossentropy"

    Examples
    --------
    >>> from rnncore.losses import BinaryCrossentropy
    >>> round(BinaryCrossentropy()([[1], [0]], [[0.8], [0.4]]), 4)
    0.367
    """

    default_name = "binary_crossentropy"
    averages = True
    _compiled = "sigmoid"

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
        self.fuses = None if self.from_logits else "sigmoid"

    def _compiled_options(self) -> dict[str, float]:
        return {"smoothing": self.label_smoothing}

    def _targets(self, y_true: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        return as_probability_targets(type(self).__name__, y_true, shape, dtype)

    def _kernel(self, target: Array, pred: Array, grad: bool) -> tuple[Array, Array | None]:
        if self.from_logits:
            return self._logits_kernel(target, pred, grad)
        target = self._smoothed(target)
        low, high = pred.dtype.type(EPSILON), pred.dtype.type(1.0 - EPSILON)
        p = np.clip(pred, low, high)
        losses = -np.mean(target * np.log(p) + (1 - target) * np.log1p(-p), axis=-1)
        if not grad:
            return losses, None
        dpred = (p - target) / (p * (1 - p) * pred.shape[-1])
        dpred[(pred < low) | (pred > high)] = 0
        return losses, dpred

    def _logits_kernel(
        self, target: Array, logits: Array, grad: bool
    ) -> tuple[Array, Array | None]:
        # log(1 + exp(x)) - t*x; the exponential never overflows in this form.
        target = self._smoothed(target)
        decay = np.exp(-np.abs(logits))
        each = np.maximum(logits, 0) - logits * target + np.log1p(decay)
        losses = np.mean(each, axis=-1)
        if not grad:
            return losses, None
        dlogits = np.where(logits >= 0, logits.dtype.type(1), decay) / (1 + decay)
        dlogits -= target
        dlogits /= logits.shape[-1]
        return losses, dlogits

    def _smoothed(self, target: Array) -> Array:
        if not self.label_smoothing:
            return target
        return target * (1.0 - self.label_smoothing) + 0.5 * self.label_smoothing
