"""Hinge losses: zero if a prediction is on the right side by a margin of 1."""

from __future__ import annotations

import numpy as np

from rnncore.losses.base import Array, Gradient
from rnncore.losses.regression import Regression


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
