"""Losses of real-valued predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from rnncore.losses._arrays import as_float_targets
from rnncore.losses.base import Loss
from rnncore.utils._checks import check_number

Array = NDArray[Any]


class Regression(Loss):
    """Base of the losses whose targets are numbers of the shape of the predictions."""

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

    default_name = "mean_squared_error"
    _compiled = "squared"

    def _kernel(self, target: Array, pred: Array, grad: bool) -> tuple[Array, Array | None]:
        error = pred - target
        losses = np.mean(error * error, axis=-1)
        if not grad:
            return losses, None
        error *= 2.0 / pred.shape[-1]
        return losses, error


class MeanAbsoluteError(Regression):
    """``mean(|y_pred - y_true|)`` over the last axis; the derivative where they are equal is 0.

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

    default_name = "mean_absolute_error"
    _compiled = "absolute"

    def _kernel(self, target: Array, pred: Array, grad: bool) -> tuple[Array, Array | None]:
        error = pred - target
        losses = np.mean(np.abs(error), axis=-1)
        if not grad:
            return losses, None
        np.sign(error, out=error)
        error /= pred.shape[-1]
        return losses, error


class Huber(Regression):
    """``e**2 / 2`` for errors up to ``delta``, beyond it ``delta * (|e| - delta / 2)``.

    Parameters
    ----------
    delta : float, default 1.0
        Where the loss goes over from a square to a straight line, > 0.
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

    def _compiled_options(self) -> dict[str, float]:
        return {"delta": self.delta}

    def _kernel(self, target: Array, pred: Array, grad: bool) -> tuple[Array, Array | None]:
        error = pred - target
        clipped = np.clip(error, -self.delta, self.delta)
        # With c = clip(e): c * (e - c/2) is e**2 / 2 inside and delta * (|e| - delta/2) outside.
        losses = np.mean(clipped * (error - 0.5 * clipped), axis=-1)
        if not grad:
            return losses, None
        clipped /= pred.shape[-1]
        return losses, clipped
