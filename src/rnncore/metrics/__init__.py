"""Metrics: averages over an epoch, updated batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rnncore import losses
from rnncore.losses.base import SHORT_NAMES
from rnncore.losses.functions import *  # noqa: F403
from rnncore.metrics.accuracy import (
    Accuracy as Accuracy,
    BinaryAccuracy as BinaryAccuracy,
    CategoricalAccuracy as CategoricalAccuracy,
    SparseCategoricalAccuracy as SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy as SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy as TopKCategoricalAccuracy,
    binary_accuracy as binary_accuracy,
    categorical_accuracy as categorical_accuracy,
    sparse_categorical_accuracy as sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy as sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy as top_k_categorical_accuracy,
)
from rnncore.metrics.base import Mean as Mean, Metric as Metric
from rnncore.metrics.from_losses import (
    BinaryCrossentropy as BinaryCrossentropy,
    CategoricalCrossentropy as CategoricalCrossentropy,
    CategoricalHinge as CategoricalHinge,
    CosineSimilarity as CosineSimilarity,
    FunctionMetric as FunctionMetric,
    Hinge as Hinge,
    KLDivergence as KLDivergence,
    LogCoshError as LogCoshError,
    LossMetric as LossMetric,
    MeanAbsoluteError as MeanAbsoluteError,
    MeanAbsolutePercentageError as MeanAbsolutePercentageError,
    MeanSquaredError as MeanSquaredError,
    MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
    Poisson as Poisson,
    RootMeanSquaredError as RootMeanSquaredError,
    SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
    SquaredHinge as SquaredHinge,
)
from rnncore.metrics.from_sums import (
    AUC as AUC,
    F1Score as F1Score,
    FalseNegatives as FalseNegatives,
    FalsePositives as FalsePositives,
    Precision as Precision,
    R2Score as R2Score,
    Recall as Recall,
    TrueNegatives as TrueNegatives,
    TruePositives as TruePositives,
)
from rnncore.utils._checks import lookup
from rnncore.utils._config import (
    constructor_arguments,
    deserialize as deserialize,
    serialize as serialize,
)
from rnncore.utils._names import named, public

_BY_NAME = named(globals(), Metric, without=(FunctionMetric, LossMetric, Mean))
_BY_NAME |= {short: _BY_NAME[name] for short, name in SHORT_NAMES.items()}
_BY_NAME |= {"rmse": RootMeanSquaredError, "RMSE": RootMeanSquaredError, "acc": Accuracy}
_BY_NAME |= {"log_cosh": LogCoshError, "logcosh": LogCoshError}


def get(
    identifier: str | Metric | type[Metric] | losses.Loss | Callable[..., Any],
    loss: str | losses.Loss | None = None,
    output_shape: Sequence[int | None] | None = None,
) -> Metric:
    """Return the metric of that name.

    Parameters
    ----------
    identifier : str, Metric, class, Loss or callable
        A name such as ``"accuracy"`` or ``"mae"``, which the returned metric keeps; a metric,
        returned unchanged; a metric class; a loss; or a function ``(y_true, y_pred) -> one value
        per sample``.
    loss : str or Loss, optional
        The model's loss, which together with the shape determines what ``"accuracy"`` means.
    output_shape : sequence of int or None, optional
        Shape of the predictions. ``"accuracy"`` means binary accuracy if the last axis has length
        1; otherwise sparse categorical accuracy if the loss takes class numbers, and categorical
        accuracy if it does not. Without loss and shape, it is the fraction of predictions that
        equal their targets.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If `identifier` is none of these.

    Examples
    --------
    >>> from rnncore import metrics
    >>> metrics.get("accuracy", "binary_crossentropy", (None, 1))
    BinaryAccuracy(name='accuracy', threshold=0.5)
    """
    if isinstance(identifier, losses.Loss):
        return LossMetric(identifier)
    if identifier == "huber":
        return LossMetric("huber", name="huber")
    if isinstance(identifier, str) and identifier in _BY_NAME:
        cls = _BY_NAME[identifier]
        if identifier in ("accuracy", "acc"):
            cls = _accuracy_for(loss, output_shape)
        ignored = getattr(loss, "ignore_class", None)
        if ignored is not None and "ignore_class" in constructor_arguments(cls):
            return cls(name=identifier, ignore_class=ignored)
        return cls(name=identifier)
    if callable(identifier) and not isinstance(identifier, (type, Metric)):
        return FunctionMetric(identifier)
    made: Metric = lookup("metric", identifier, _BY_NAME, Metric)
    return made


def _accuracy_for(
    loss: str | losses.Loss | None, output_shape: Sequence[int | None] | None
) -> type[Metric]:
    if output_shape and output_shape[-1] == 1:
        return BinaryAccuracy
    if loss is None:
        return Accuracy
    sparse = isinstance(losses.get(loss), losses.SparseCategoricalCrossentropy)
    return SparseCategoricalAccuracy if sparse else CategoricalAccuracy


if not TYPE_CHECKING:  # type checkers find the names by these imports
    __all__ = public(globals(), "deserialize", "serialize") + losses.functions.__all__
