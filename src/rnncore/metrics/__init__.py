"""Metrics: averages over a whole epoch, fed batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rnncore.losses import (
    Loss,
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from rnncore.losses import SparseCategoricalCrossentropy as _SparseLoss
from rnncore.losses import get as _get_loss
from rnncore.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from rnncore.metrics.auc import AUC
from rnncore.metrics.base import Mean, Metric
from rnncore.metrics.confusion import Precision, Recall
from rnncore.metrics.counts import (
    F1Score,
    FalseNegatives,
    FalsePositives,
    TrueNegatives,
    TruePositives,
)
from rnncore.metrics.from_losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    FunctionMetric,
    LossMetric,
    MeanAbsoluteError,
    MeanSquaredError,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
)
from rnncore.metrics.functions import (
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from rnncore.metrics.further import (
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    Poisson,
    SquaredHinge,
)
from rnncore.metrics.r2 import R2Score
from rnncore.utils._checks import lookup
from rnncore.utils._config import constructor_arguments, deserialize, serialize

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "F1Score",
    "FalseNegatives",
    "FalsePositives",
    "FunctionMetric",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "LossMetric",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "Poisson",
    "Precision",
    "R2Score",
    "Recall",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SquaredHinge",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_hinge",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

_BY_NAME: dict[str, type[Metric]] = {
    "accuracy": Accuracy,
    "acc": Accuracy,
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
    "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
    "mse": MeanSquaredError,
    "MSE": MeanSquaredError,
    "mean_squared_error": MeanSquaredError,
    "rmse": RootMeanSquaredError,
    "RMSE": RootMeanSquaredError,
    "root_mean_squared_error": RootMeanSquaredError,
    "mae": MeanAbsoluteError,
    "MAE": MeanAbsoluteError,
    "mean_absolute_error": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "MAPE": MeanAbsolutePercentageError,
    "mean_absolute_percentage_error": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError,
    "MSLE": MeanSquaredLogarithmicError,
    "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
    "cosine_similarity": CosineSimilarity,
    "log_cosh": LogCoshError,
    "logcosh": LogCoshError,
    "poisson": Poisson,
    "kl_divergence": KLDivergence,
    "kld": KLDivergence,
    "KLD": KLDivergence,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "categorical_hinge": CategoricalHinge,
    "precision": Precision,
    "recall": Recall,
    "auc": AUC,
    "r2_score": R2Score,
    "f1_score": F1Score,
    "true_positives": TruePositives,
    "false_positives": FalsePositives,
    "true_negatives": TrueNegatives,
    "false_negatives": FalseNegatives,
    "bce": BinaryCrossentropy,
    "BCE": BinaryCrossentropy,
    "binary_crossentropy": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
}
_BY_NAME |= {cls.__name__: cls for cls in set(_BY_NAME.values())}

Identifier = str | Metric | type[Metric] | Loss | Callable[..., Any]


def get(
    identifier: Identifier,
    loss: str | Loss | None = None,
    output_shape: Sequence[int | None] | None = None,
) -> Metric:
    """Return the metric of that name.

    Parameters
    ----------
    identifier : str, Metric, class, Loss or callable
        A name such as ``"accuracy"`` or ``"mae"``, which is also the name of the metric that is
        returned; a metric, returned as it is; a class of metrics; a loss; or a function
        ``(y_true, y_pred) -> one value a sample``.
    loss : str or Loss, optional
        The loss of the model, which together with the shape says what ``"accuracy"`` means.
    output_shape : sequence of int or None, optional
        Shape of the predictions. ``"accuracy"`` means binary accuracy when the last axis has
        length 1, whatever the loss; else sparse categorical accuracy when the loss takes class
        numbers, and categorical accuracy when it does not. Without both, the share of predictions
        that equal their targets.

    Raises
    ------
    ValueError
        For an unknown name.
    TypeError
        For something of another kind.

    Examples
    --------
    >>> from rnncore import metrics
    >>> metrics.get("accuracy", "binary_crossentropy", (None, 1))
    BinaryAccuracy(name='accuracy', threshold=0.5)
    """
    if isinstance(identifier, Loss):
        return LossMetric(identifier)
    if isinstance(identifier, str):
        if identifier == "huber":
            return LossMetric("huber", name="huber")
        if identifier in ("accuracy", "acc"):
            return _accuracy_for(identifier, loss, output_shape)
        if identifier in _BY_NAME:
            cls = _BY_NAME[identifier]
            ignored = getattr(loss, "ignore_class", None)
            if ignored is not None and "ignore_class" in constructor_arguments(cls):
                return cls(name=identifier, ignore_class=ignored)  # type: ignore[call-arg]
            return cls(name=identifier)
    if callable(identifier) and not isinstance(identifier, (type, Metric)):
        return FunctionMetric(identifier)
    made: Metric = lookup("metric", identifier, _BY_NAME, Metric)
    return made


def _accuracy_for(
    name: str, loss: str | Loss | None, output_shape: Sequence[int | None] | None
) -> Metric:
    if output_shape and output_shape[-1] == 1:
        return BinaryAccuracy(name)
    if loss is None:
        return Accuracy(name)
    found = _get_loss(loss)
    if isinstance(found, _SparseLoss):
        return SparseCategoricalAccuracy(name, found.ignore_class)
    return CategoricalAccuracy(name)
