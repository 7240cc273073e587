"""Losses of real-valued predictions, of distributions and of directions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rnncore.losses._arrays import as_float_targets
from rnncore.losses.base import EPSILON, Array, Gradient, Loss
from rnncore.utils._checks import check_number


class Regression(Loss):
    """Base of the losses with real targets in the shape of the predictions."""

    averages = True

    def _targets(self, y_true: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        return as_float_targets(type(self).__name__, y_true, shape, dtype)


class MeanSquaredError(Regression):
    """``mean((y_pred - y_true)**2)`` over the last axis.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
    name : str, default "mean_squared_error"

    Examples
    --------
    >>> from rnncore.losses import MeanSquaredError
    >>> MeanSquaredError()([[1.0], [2.0]], [[1.0], [4.0]])
    2.0
    """

    _compiled = "squared"

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        error = pred - target
        return np.mean(error * error, axis=-1), lambda: error * (2.0 / pred.shape[-1])


class MeanAbsoluteError(Regression):
    """``mean(|y_pred - y_true|)`` over the last axis; the derivative at 0 is 0.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
    name : str, default "mean_absolute_error"

    Examples
    --------
    >>> from rnncore.losses import MeanAbsoluteError
    >>> MeanAbsoluteError()([[1.0], [2.0]], [[1.0], [4.0]])
    1.0
    """

    _compiled = "absolute"

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        error = pred - target
        return np.mean(np.abs(error), axis=-1), lambda: np.sign(error) / pred.shape[-1]


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

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        scale = 100 / np.maximum(np.abs(target), target.dtype.type(EPSILON))
        error = pred - target
        losses = np.mean(np.abs(error) * scale, axis=-1)
        return losses, lambda: np.sign(error) * (scale / pred.shape[-1])


class MeanSquaredLogarithmicError(Regression):
    """``mean((log(1 + y_pred) - log(1 + y_true))**2)`` over the last axis.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
    name : str, default "mean_squared_logarithmic_error"

    Notes
    -----
    Numbers below 1e-7 are clipped to 1e-7.

    Examples
    --------
    >>> from rnncore.losses import MeanSquaredLogarithmicError
    >>> round(MeanSquaredLogarithmicError()([[1.0]], [[3.0]]), 4)
    0.4805
    """

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        low = pred.dtype.type(EPSILON)
        kept = np.maximum(pred, low)
        error = np.log(kept + 1) - np.log(np.maximum(target, low) + 1)
        slope = (pred >= low) * pred.dtype.type(2 / pred.shape[-1])
        return np.mean(error * error, axis=-1), lambda: error * slope / (kept + 1)


class Huber(Regression):
    """``e**2 / 2`` for errors up to ``delta``, beyond it ``delta * (|e| - delta / 2)``.

    Parameters
    ----------
    delta : float, default 1.0
        Where the loss changes from quadratic to linear; above 0.
    reduction : str, default "sum_over_batch_size"
    name : str, default "huber_loss"

    Examples
    --------
    >>> from rnncore.losses import Huber
    >>> Huber()([[0.0], [0.0]], [[1.0], [3.0]])
    1.5
    """

    default_name = "huber_loss"
    _compiled = "huber"

    def __init__(
        self,
        delta: float = 1.0,
        *,
        reduction: str = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction=reduction, name=name)
        self.delta = check_number("Huber", "delta", delta, low=0.0, open_low=True)

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        error = pred - target
        clipped = np.clip(error, -self.delta, self.delta)
        # With c = clip(e): c * (e - c/2) is e**2 / 2 inside and delta * (|e| - delta/2) outside.
        losses = np.mean(clipped * (error - 0.5 * clipped), axis=-1)
        return losses, lambda: clipped / pred.shape[-1]


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

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        error = pred - target
        # log(cosh(e)) = |e| + log(1 + exp(-2 |e|)) - log(2), which does not overflow.
        each = np.logaddexp(error, -error) - pred.dtype.type(np.log(2.0))
        return np.mean(each, axis=-1), lambda: np.tanh(error) / pred.shape[-1]


class Poisson(Regression):
    """``mean(y_pred - y_true * log(y_pred + 1e-7))`` over the last axis, for counts.

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

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        safe = pred + pred.dtype.type(EPSILON)
        losses = np.mean(pred - target * np.log(safe), axis=-1)
        return losses, lambda: (1 - target / safe) / pred.shape[-1]


class KLDivergence(Regression):
    """``sum(y_true * log(y_true / y_pred))`` over the last axis, for distributions.

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

    averages = False

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        low = pred.dtype.type(EPSILON)
        true, kept = np.clip(target, low, 1), np.clip(pred, low, 1)

        def gradient() -> Array:
            return np.where((pred >= low) & (pred <= 1), -true / kept, pred.dtype.type(0))

        return np.sum(true * np.log(true / kept), axis=-1), gradient


class CosineSimilarity(Regression):
    """Negative cosine of the angle between target and prediction, along the last axis.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
    name : str, default "cosine_similarity"

    Notes
    -----
    Vectors shorter than 1e-7 are divided by 1e-7.

    Examples
    --------
    >>> from rnncore.losses import CosineSimilarity
    >>> round(CosineSimilarity()([[0.0, 1.0]], [[1.0, 1.0]]), 4)
    -0.7071
    """

    averages = False

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        true = target / _lengths(target)
        length = _lengths(pred)
        unit = pred / length
        losses = -np.sum(true * unit, axis=-1)

        def gradient() -> Array:
            # If the divisor is constant, the loss is linear.
            across = np.where(length > EPSILON, -losses[..., np.newaxis], 0) * unit
            return (across - true) / length

        return losses, gradient


def _lengths(x: Array) -> Array:
    """Return the lengths of vectors, at least 1e-7."""
    return np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), x.dtype.type(EPSILON))
