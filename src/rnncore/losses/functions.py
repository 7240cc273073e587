"""Losses as functions: one number per sample, without gradients, weights or a mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from rnncore.losses import classification, regression
from rnncore.losses.base import Array
from rnncore.utils._names import public


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Return `MeanSquaredError` of every sample, shape ``y_pred.shape[:-1]``.

    Parameters
    ----------
    y_true, y_pred : array_like
        Targets and predictions, as for the loss. The same applies to all functions here.

    Raises
    ------
    ValueError, TypeError
        As for the loss.

    Examples
    --------
    >>> from rnncore.losses import mean_squared_error
    >>> mean_squared_error([[0.0, 0.0], [1.0, 1.0]], [[1.0, 3.0], [1.0, 1.0]])
    array([5., 0.])
    """
    return regression.MeanSquaredError().per_sample(y_true, y_pred)


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Return `MeanAbsoluteError` of every sample, shape ``y_pred.shape[:-1]``."""
    return regression.MeanAbsoluteError().per_sample(y_true, y_pred)


def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Return `MeanAbsolutePercentageError` of every sample, shape ``y_pred.shape[:-1]``."""
    return regression.MeanAbsolutePercentageError().per_sample(y_true, y_pred)


def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Return `MeanSquaredLogarithmicError` of every sample, shape ``y_pred.shape[:-1]``."""
    return regression.MeanSquaredLogarithmicError().per_sample(y_true, y_pred)


def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Return `CosineSimilarity` of every sample, shape ``y_pred.shape[:-1]``."""
    return regression.CosineSimilarity().per_sample(y_true, y_pred)


def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Return `LogCosh` of every sample, shape ``y_pred.shape[:-1]``."""
    return regression.LogCosh().per_sample(y_true, y_pred)


def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Return `KLDivergence` of every sample, shape ``y_pred.shape[:-1]``."""
    return regression.KLDivergence().per_sample(y_true, y_pred)


def poisson(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Return `Poisson` of every sample, shape ``y_pred.shape[:-1]``."""
    return regression.Poisson().per_sample(y_true, y_pred)


def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Return `Hinge` of every sample, shape ``y_pred.shape[:-1]``."""
    return classification.Hinge().per_sample(y_true, y_pred)


def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Return `SquaredHinge` of every sample, shape ``y_pred.shape[:-1]``."""
    return classification.SquaredHinge().per_sample(y_true, y_pred)


def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """Return `CategoricalHinge` of every sample, shape ``y_pred.shape[:-1]``."""
    return classification.CategoricalHinge().per_sample(y_true, y_pred)


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Array:
    """Return `Huber` of every sample, shape ``y_pred.shape[:-1]``."""
    return regression.Huber(delta).per_sample(y_true, y_pred)


def binary_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> Array:
    """Return `BinaryCrossentropy` of every sample, shape ``y_pred.shape[:-1]``."""
    loss = classification.BinaryCrossentropy(from_logits, label_smoothing)
    return loss.per_sample(y_true, y_pred)


def categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> Array:
    """Return `CategoricalCrossentropy` of every sample, shape ``y_pred.shape[:-1]``."""
    loss = classification.CategoricalCrossentropy(from_logits, label_smoothing)
    return loss.per_sample(y_true, y_pred)


def sparse_categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    ignore_class: int | None = None,
) -> Array:
    """Return `SparseCategoricalCrossentropy` of every sample, shape ``y_pred.shape[:-1]``."""
    loss = classification.SparseCategoricalCrossentropy(from_logits, ignore_class)
    return loss.per_sample(y_true, y_pred)


if not TYPE_CHECKING:  # type checkers find the names by these imports
    __all__ = public(globals())
