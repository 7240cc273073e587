"""Losses of classes: crossentropies and hinges."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rnncore.losses._arrays import as_label_targets, as_probability_targets
from rnncore.losses.base import EPSILON, Array, Gradient, Loss
from rnncore.losses.regression import Regression
from rnncore.utils._checks import check_flag, check_number, check_optional_int


class _Smoothed(Loss):
    """Base of those whose targets are probabilities."""

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
        self.fuses = None if self.from_logits else self._compiled

    def _smoothed(self, target: Array, classes: int) -> Array:
        """Return targets smoothed towards ``1 / classes``."""
        share = self.label_smoothing
        smoothed: Array = target * (1.0 - share) + share / classes
        return smoothed


class BinaryCrossentropy(_Smoothed):
    """``-(t * log(p) + (1 - t) * log(1 - p))``, averaged over the last axis.

    Parameters
    ----------
    from_logits : bool, default False
        Whether the predictions are logits rather than probabilities.
    label_smoothing : float, default 0.0
        From 0 to 1: how far to move targets towards 0.5.
    reduction : str, default "sum_over_batch_size"
    name : str, default "binary_crossentropy"

    Examples
    --------
    >>> from rnncore.losses import BinaryCrossentropy
    >>> round(BinaryCrossentropy()([[1], [0]], [[0.8], [0.4]]), 4)
    0.367
    """

    averages = True
    _compiled = "sigmoid"

    def _targets(self, y_true: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        return as_probability_targets(type(self).__name__, y_true, shape, dtype)

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        target = self._smoothed(target, 2)
        low, high = pred.dtype.type(EPSILON), pred.dtype.type(1.0 - EPSILON)
        p = np.clip(pred, low, high)

        def gradient() -> Array:
            dpred: Array = (p - target) / (p * (1 - p) * pred.shape[-1])
            dpred[(pred < low) | (pred > high)] = 0
            return dpred

        return -np.mean(target * np.log(p) + (1 - target) * np.log1p(-p), axis=-1), gradient

    def _logits_kernel(self, target: Array, logits: Array) -> tuple[Array, Gradient]:
        # log(1 + exp(x)) - t*x; the exponential never overflows in this form.
        target = self._smoothed(target, 2)
        decay = np.exp(-np.abs(logits))
        each = np.maximum(logits, 0) - logits * target + np.log1p(decay)

        def gradient() -> Array:
            p = np.where(logits >= 0, logits.dtype.type(1), decay) / (1 + decay)
            return (p - target) / logits.shape[-1]

        return np.mean(each, axis=-1), gradient


class CategoricalCrossentropy(_Smoothed):
    """``-sum(t * log(p))`` over the last axis, ``p`` scaled to sum to 1.

    Parameters
    ----------
    from_logits : bool, default False
        Whether the predictions are logits rather than probabilities.
    label_smoothing : float, default 0.0
        From 0 to 1: how far to move targets towards ``1 / classes``.
    reduction : str, default "sum_over_batch_size"
    name : str, default "categorical_crossentropy"

    Examples
    --------
    >>> from rnncore.losses import CategoricalCrossentropy
    >>> round(CategoricalCrossentropy()([[0, 1, 0]], [[0.2, 0.7, 0.1]]), 4)
    0.3567
    """

    _compiled = "softmax"

    def _targets(self, y_true: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        owner = type(self).__name__
        _check_classes(owner, shape)
        labels = np.shape(y_true) in (shape[:-1], (*shape[:-1], 1))
        hint = "; for class numbers use sparse_categorical_crossentropy" if labels else ""
        return as_probability_targets(owner, y_true, shape, dtype, hint)

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        target = self._smoothed(target, target.shape[-1])
        low, high = pred.dtype.type(EPSILON), pred.dtype.type(1.0 - EPSILON)
        total = pred.sum(axis=-1, keepdims=True)
        q = pred / total
        clipped = np.clip(q, low, high)

        def gradient() -> Array:
            dq = -target / clipped
            dq[(q < low) | (q > high)] = 0
            return (dq - np.sum(dq * q, axis=-1, keepdims=True)) / total

        return -np.sum(target * np.log(clipped), axis=-1), gradient

    def _logits_kernel(self, target: Array, logits: Array) -> tuple[Array, Gradient]:
        target = self._smoothed(target, target.shape[-1])
        shifted, exp, total = _shifted_exp(logits)
        mass = target.sum(axis=-1, keepdims=True)
        losses = np.log(total[..., 0]) * mass[..., 0] - np.sum(target * shifted, axis=-1)
        return losses, lambda: exp * (mass / total) - target


class SparseCategoricalCrossentropy(Loss):
    """``-log(p[label])``, ``p`` scaled to sum to 1.

    Parameters
    ----------
    from_logits : bool, default False
        Whether the predictions are logits rather than probabilities.
    ignore_class : int, optional
        Samples with this label are ignored, both in the sum and in the number of samples.
    reduction : str, default "sum_over_batch_size"
    name : str, default "sparse_categorical_crossentropy"

    Examples
    --------
    >>> from rnncore.losses import SparseCategoricalCrossentropy
    >>> round(SparseCategoricalCrossentropy()([1], [[0.2, 0.7, 0.1]]), 4)
    0.3567
    """

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

    def counted(self, target: Array) -> Array | None:
        return None if self.ignore_class is None else target != self.ignore_class

    def _targets(self, y_true: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        owner = type(self).__name__
        _check_classes(owner, shape)
        return as_label_targets(owner, y_true, shape, self.ignore_class)

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        low, high = pred.dtype.type(EPSILON), pred.dtype.type(1.0 - EPSILON)
        total = pred.sum(axis=-1, keepdims=True)
        index = self._index(target)
        q = np.take_along_axis(pred, index, axis=-1) / total
        clipped = np.clip(q, low, high)

        def gradient() -> Array:
            slope = np.where((q < low) | (q > high), pred.dtype.type(0), 1 / clipped) / total
            return _less_at(index, slope, np.repeat(slope * q, pred.shape[-1], axis=-1))

        return -np.log(clipped)[..., 0], gradient

    def _logits_kernel(self, target: Array, logits: Array) -> tuple[Array, Gradient]:
        shifted, exp, total = _shifted_exp(logits)
        index = self._index(target)
        losses = (np.log(total) - np.take_along_axis(shifted, index, axis=-1))[..., 0]
        return losses, lambda: _less_at(index, 1, exp / total)

    def _index(self, target: Array) -> Array:
        """Return the labels with a last axis, ignored ones replaced by a valid one."""
        if self.ignore_class is not None:
            target = np.where(target == self.ignore_class, 0, target)
        return target[..., np.newaxis]


def _less_at(index: Array, amount: Array | int, values: Array) -> Array:
    """Subtract ``amount`` from the values at ``index`` on the last axis."""
    at_label = np.take_along_axis(values, index, axis=-1) - amount
    np.put_along_axis(values, index, at_label, axis=-1)
    return values


def _shifted_exp(logits: Array) -> tuple[Array, Array, Array]:
    """Return ``s = x - max(x)``, ``exp(s)`` and ``sum(exp(s))`` over the last axis, all new."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    exp = np.exp(shifted)
    return shifted, exp, exp.sum(axis=-1, keepdims=True)


def _check_classes(owner: str, shape: tuple[int, ...]) -> None:
    """Raise if predictions of ``shape`` have fewer than two classes: their loss is always 0."""
    if shape[-1] < 2:
        raise ValueError(
            f"{owner}: y_pred: expected at least 2 classes in the last axis, got shape {shape}; "
            "for one output per sample use binary_crossentropy"
        )


class Hinge(Regression):
    """``mean(max(1 - y_true * y_pred, 0))`` over the last axis.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
    name : str, default "hinge"

    Notes
    -----
    Targets are -1 and 1; if all targets of a batch are 0 or 1, a 0 counts as -1.

    Examples
    --------
    >>> from rnncore.losses import Hinge
    >>> Hinge()([[-1.0], [1.0]], [[0.5], [0.5]])
    1.0
    """

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        signs = _signs(target)
        margin = 1 - signs * pred
        losses = np.mean(np.maximum(margin, 0), axis=-1)
        # At the edge the slope is that of the nonzero side, as in Keras on TensorFlow.
        return losses, lambda: (margin >= 0) * -signs / pred.shape[-1]


class SquaredHinge(Regression):
    """``mean(max(1 - y_true * y_pred, 0)**2)`` over the last axis.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
    name : str, default "squared_hinge"

    Notes
    -----
    Targets are -1 and 1; if all targets of a batch are 0 or 1, a 0 counts as -1.

    Examples
    --------
    >>> from rnncore.losses import SquaredHinge
    >>> SquaredHinge()([[-1.0], [1.0]], [[0.5], [0.5]])
    1.25
    """

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        signs = _signs(target)
        margin = np.maximum(1 - signs * pred, 0)
        losses = np.mean(margin * margin, axis=-1)
        return losses, lambda: margin * signs * (-2 / pred.shape[-1])


class CategoricalHinge(Regression):
    """``max(largest of (1 - y_true) * y_pred - sum(y_true * y_pred) + 1, 0)`` over the last axis.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
    name : str, default "categorical_hinge"

    Notes
    -----
    Equal maxima share the gradient, as in Keras.

    Examples
    --------
    >>> from rnncore.losses import CategoricalHinge
    >>> CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.75]])
    0.75
    """

    averages = False

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        others = (1 - target) * pred
        largest = np.max(others, axis=-1, keepdims=True)
        margin = largest[..., 0] - np.sum(target * pred, axis=-1) + 1

        def gradient() -> Array:
            chosen = (others == largest).astype(pred.dtype)
            chosen /= np.maximum(chosen.sum(axis=-1, keepdims=True), 1)  # none if all are NaN
            return (chosen * (1 - target) - target) * (margin >= 0)[..., np.newaxis]

        return np.maximum(margin, 0), gradient


def _signs(target: Array) -> Array:
    """Return targets of 0 and 1 as -1 and 1, others unchanged."""
    bits = np.all((target == 0) | (target == 1))
    signs: Array = target * 2 - 1 if bits else target
    return signs
