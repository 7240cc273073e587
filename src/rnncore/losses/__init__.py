"""Losses with their gradients.

Every loss gives the mean loss of a batch and the gradient with respect to the predictions; the
cross-entropies also have a form that starts from logits and does not lose digits where the
activation saturates.
"""

from __future__ import annotations

from typing import Any

from rnncore.losses.base import Loss
from rnncore.losses.binary import BinaryCrossentropy
from rnncore.losses.categorical import CategoricalCrossentropy
from rnncore.losses.functions import (
    LOSS_OF,
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    cosine_similarity,
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
from rnncore.losses.further import (
    CosineSimilarity,
    KLDivergence,
    LogCosh,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    Poisson,
)
from rnncore.losses.hinge import CategoricalHinge, Hinge, SquaredHinge
from rnncore.losses.regression import Huber, MeanAbsoluteError, MeanSquaredError
from rnncore.losses.sparse import SparseCategoricalCrossentropy
from rnncore.utils._checks import lookup
from rnncore.utils._config import deserialize, serialize

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
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
    "sparse_categorical_crossentropy",
    "squared_hinge",
]

_BY_NAME: dict[str, type[Loss]] = {
    **{function.__name__: cls for function, cls in LOSS_OF.items()},
    "mse": MeanSquaredError,
    "MSE": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "MAE": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "MAPE": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError,
    "MSLE": MeanSquaredLogarithmicError,
    "kld": KLDivergence,
    "KLD": KLDivergence,
    "kullback_leibler_divergence": KLDivergence,
    "logcosh": LogCosh,
    "bce": BinaryCrossentropy,
    "BCE": BinaryCrossentropy,
}
_BY_NAME |= {cls.__name__: cls for cls in set(_BY_NAME.values())}


def get(identifier: Any) -> Loss:
    """Return the loss of that name.

    Parameters
    ----------
    identifier : str, Loss, class or function
        A name such as ``"mse"`` or ``"binary_crossentropy"``, a loss, which is returned as it is,
        a class of losses, which is called without arguments, or one of the functions here.

    Raises
    ------
    ValueError
        For an unknown name.
    TypeError
        For something that is neither a name nor a loss.

    Examples
    --------
    >>> from rnncore import losses
    >>> losses.get("mse").name
    'mean_squared_error'
    """
    if callable(identifier) and identifier in LOSS_OF:
        identifier = LOSS_OF[identifier]
    found: Loss = lookup("loss", identifier, _BY_NAME, Loss)
    return found
