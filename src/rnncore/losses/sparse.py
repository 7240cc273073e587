"""Cross-entropy of one choice among several classes, targets given as class numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from rnncore.losses._arrays import as_label_targets
from rnncore.losses._softmax import check_classes, shifted_exp
from rnncore.losses.base import EPSILON, Loss
from rnncore.utils._checks import check_flag, check_optional_int

Array = NDArray[Any]


class SparseCategoricalCrossentropy(Loss):
    """``-log(p[label])``, ``p`` scaled to sum to 1.

    Parameters
    ----------
    from_logits : bool, default False
        Whether the predictions are logits and not probabilities.
    ignore_class : int, optional
        Samples with this label do not count, neither in the sum nor in the number of samples.
    reduction : str, default "sum_over_batch_size"
    name : str, default "sparse_categorical_crossentropy"

    Examples
    --------
    >>> from rnncore.losses import SparseCategoricalCrossentropy
    >>> round(SparseCategoricalCrossentropy()([1], [[0.2, 0.7, 0.1]]), 4)
    0.3567
    """

    default_name = "sparse_categorical_crossentropy"
    _compiled = "softmax"

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        *,
        reduction: str = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction=reduction, name=name)
        owner = type(self).__name__
        self.from_logits = check_flag(owner, "from_logits", from_logits)
        self.ignore_class = check_optional_int(owner, "ignore_class", ignore_class)
        self.fuses = None if self.from_logits else "softmax"

    def compiled(self, from_logits: bool) -> bool:
        return self.ignore_class is None and super().compiled(from_logits)

    def convert_targets(self, y_true: Array, dtype: np.dtype[Any]) -> Array:
        return y_true.astype(np.int64, copy=False)

    def _targets(self, y_true: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        owner = type(self).__name__
        check_classes(owner, shape)
        return as_label_targets(owner, y_true, shape, self.ignore_class)

    def counted(self, target: Array) -> Array | None:
        return None if self.ignore_class is None else target != self.ignore_class

    def _kernel(self, target: Array, pred: Array, grad: bool) -> tuple[Array, Array | None]:
        if self.from_logits:
            return self._logits_kernel(target, pred, grad)
        low, high = pred.dtype.type(EPSILON), pred.dtype.type(1.0 - EPSILON)
        total = pred.sum(axis=-1, keepdims=True)
        index = self._index(target)
        q = np.take_along_axis(pred, index, axis=-1) / total
        clipped = np.clip(q, low, high)
        losses = -np.log(clipped)[..., 0]
        if not grad:
            return self._only_valid(target, losses), None
        slope = np.where((q < low) | (q > high), pred.dtype.type(0), 1 / clipped)
        dpred = np.repeat(slope * q / total, pred.shape[-1], axis=-1)
        at_label = np.take_along_axis(dpred, index, axis=-1) - slope / total
        np.put_along_axis(dpred, index, at_label, axis=-1)
        return self._only_valid(target, losses), self._only_valid(target, dpred)

    def _logits_kernel(
        self, target: Array, logits: Array, grad: bool
    ) -> tuple[Array, Array | None]:
        shifted, exp, total = shifted_exp(logits)
        index = self._index(target)
        losses = (np.log(total) - np.take_along_axis(shifted, index, axis=-1))[..., 0]
        if not grad:
            return self._only_valid(target, losses), None
        exp /= total
        at_label = np.take_along_axis(exp, index, axis=-1) - 1
        np.put_along_axis(exp, index, at_label, axis=-1)
        return self._only_valid(target, losses), self._only_valid(target, exp)

    def _index(self, target: Array) -> Array:
        """Return the labels with a last axis, and a valid one for the samples to be ignored."""
        if self.ignore_class is not None:
            target = np.where(target == self.ignore_class, 0, target)
        return target[..., np.newaxis]

    def _only_valid(self, target: Array, values: Array) -> Array:
        """Put 0 where a sample is ignored, also in place of a NaN."""
        if self.ignore_class is not None:
            values[target == self.ignore_class] = 0
        return values
