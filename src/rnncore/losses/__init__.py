"""Losses with their gradients.

Every loss gives the mean loss of a batch and the gradient with respect to the predictions; the
cross-entropies also have a form that starts from logits and does not lose digits where the
activation saturates.
"""

from __future__ import annotations

from rnncore.losses.base import Loss
from rnncore.losses.binary import BinaryCrossentropy
from rnncore.losses.categorical import CategoricalCrossentropy
from rnncore.losses.regression import Huber, MeanAbsoluteError, MeanSquaredError
from rnncore.losses.sparse import SparseCategoricalCrossentropy
from rnncore.utils._checks import lookup
from rnncore.utils._config import deserialize, serialize

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "deserialize",
    "get",
    "serialize",
]

_BY_NAME: dict[str, type[Loss]] = {
    "mse": MeanSquaredError,
    "MSE": MeanSquaredError,
    "mean_squared_error": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "MAE": MeanAbsoluteError,
    "mean_absolute_error": MeanAbsoluteError,
    "huber": Huber,
    "bce": BinaryCrossentropy,
    "BCE": BinaryCrossentropy,
    "binary_crossentropy": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
}
_BY_NAME |= {cls.__name__: cls for cls in set(_BY_NAME.values())}


def get(identifier: str | Loss | type[Loss]) -> Loss:
    """Return the loss of that name.

    Parameters
    ----------
    identifier : str, Loss or class
        A name such as ``"mse"`` or ``"binary_crossentropy"``, a loss, which is returned as it is,
        or a class of losses, which is called without arguments.

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
    found: Loss = lookup("loss", identifier, _BY_NAME, Loss)
    return found
