"""Losses that weigh errors by their relative size, or compare distributions and directions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.losses.base import EPSILON
from rnncore.losses.regression import Regression

Array = NDArray[Any]


class MeanAbsolutePercentageError(Regression):
    """``100 * mean(|y_pred - y_true| / max(|y_true|, 1e-7))`` over the last axis.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
    name : str, default "mean_absolute_percentage_error"

    Examples
    --------
    >>> from rnncore.losses import MeanAbsolutePercentageError
    >>> MeanAbsolutePercentageError()([[1.0], [2.0]], [[1.0], [4.0]])
    50.0
    """

    default_name = "mean_absolute_percentage_error"

    def _kernel(self, target: Array, pred: Array, grad: bool) -> tuple[Array, Array | None]:
        scale = 100 / np.maximum(np.abs(target), target.dtype.type(EPSILON))
        error = pred - target
        losses = np.mean(np.abs(error) * scale, axis=-1)
        if not grad:
            return losses, None
        np.sign(error, out=error)
        error *= scale / pred.shape[-1]
        return losses, error


class MeanSquaredLogarithmicError(Regression):
    """``mean((log(1 + y_pred) - log(1 + y_true))**2)`` over the last axis.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
    name : str, default "mean_squared_logarithmic_error"

    Notes
    -----
    Numbers below 1e-7 count as 1e-7.

    Examples
    --------
    >>> from rnncore.losses import MeanSquaredLogarithmicError
    >>> round(MeanSquaredLogarithmicError()([[1.0]], [[3.0]]), 4)
    0.4805
    """

    default_name = "mean_squared_logarithmic_error"

    def _kernel(self, target: Array, pred: Array, grad: bool) -> tuple[Array, Array | None]:
        low = pred.dtype.type(EPSILON)
        kept = np.maximum(pred, low)
        error = np.log(kept + 1) - np.log(np.maximum(target, low) + 1)
        losses = np.mean(error * error, axis=-1)
        if not grad:
            return losses, None
        error *= (pred >= low) * 2 / pred.shape[-1]
        error /= kept + 1
        return losses, error


class LogCosh(Regression):
    """``mean(log(cosh(y_pred - y_true)))`` over the last axis: a square, then a line.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
    name : str, default "log_cosh"

    Examples
    --------
    >>> from rnncore.losses import LogCosh
    >>> round(LogCosh()([[0.0]], [[1.0]]), 4)
    0.4338
    """

    default_name = "log_cosh"

    def _kernel(self, target: Array, pred: Array, grad: bool) -> tuple[Array, Array | None]:
        error = pred - target
        # log(cosh(e)) = |e| + log(1 + exp(-2 |e|)) - log(2), which does not overflow.
        each = np.logaddexp(error, -error) - pred.dtype.type(np.log(2.0))
        losses = np.mean(each, axis=-1)
        if not grad:
            return losses, None
        np.tanh(error, out=error)
        error /= pred.shape[-1]
        return losses, error


class Poisson(Regression):
    """``mean(y_pred - y_true * log(y_pred + 1e-7))`` over the last axis: of counts.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
    name : str, default "poisson"

    Examples
    --------
    >>> from rnncore.losses import Poisson
    >>> round(Poisson()([[1.0]], [[2.0]]), 4)
    1.3069
    """

    default_name = "poisson"

    def _kernel(self, target: Array, pred: Array, grad: bool) -> tuple[Array, Array | None]:
        safe = pred + pred.dtype.type(EPSILON)
        losses = np.mean(pred - target * np.log(safe), axis=-1)
        if not grad:
            return losses, None
        return losses, (1 - target / safe) / pred.shape[-1]


class KLDivergence(Regression):
    """``sum(y_true * log(y_true / y_pred))`` over the last axis: of two distributions.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
    name : str, default "kl_divergence"

    Notes
    -----
    Both are clipped to the range from 1e-7 to 1.

    Examples
    --------
    >>> from rnncore.losses import KLDivergence
    >>> round(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]), 4)
    0.1438
    """

    default_name = "kl_divergence"
    averages = False

    def _kernel(self, target: Array, pred: Array, grad: bool) -> tuple[Array, Array | None]:
        low = pred.dtype.type(EPSILON)
        true, kept = np.clip(target, low, 1), np.clip(pred, low, 1)
        losses = np.sum(true * np.log(true / kept), axis=-1)
        if not grad:
            return losses, None
        return losses, np.where((pred >= low) & (pred <= 1), -true / kept, pred.dtype.type(0))


class CosineSimilarity(Regression):
    """Minus the cosine of the angle between target and prediction, along the last axis.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
    name : str, default "cosine_similarity"

    Notes
    -----
    Vectors shorter than 1e-7 are divided by that.

    Examples
    --------
    >>> from rnncore.losses import CosineSimilarity
    >>> round(CosineSimilarity()([[0.0, 1.0]], [[1.0, 1.0]]), 4)
    -0.7071
    """

    default_name = "cosine_similarity"
    averages = False

    def _kernel(self, target: Array, pred: Array, grad: bool) -> tuple[Array, Array | None]:
        true = target / _lengths(target)
        length = _lengths(pred)
        unit = pred / length
        losses = -np.sum(true * unit, axis=-1)
        if not grad:
            return losses, None
        # Where the divisor is the constant, the loss is linear.
        across = np.where(length > EPSILON, -losses[..., np.newaxis], 0) * unit
        return losses, (across - true) / length


def _lengths(x: Array) -> Array:
    """Return the lengths of vectors, at least 1e-7."""
    squares = np.sum(x * x, axis=-1, keepdims=True)
    return np.maximum(np.sqrt(squares), x.dtype.type(EPSILON))
