"""Losses with their gradients.

Every loss returns the mean loss of a batch and its gradient with respect to the predictions. The
cross-entropies can also start from logits, which keeps their precision where the activation
saturates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnncore.losses import functions
from rnncore.losses.base import SHORT_NAMES, Loss as Loss
from rnncore.losses.classification import (
    BinaryCrossentropy as BinaryCrossentropy,
    CategoricalCrossentropy as CategoricalCrossentropy,
    CategoricalHinge as CategoricalHinge,
    Hinge as Hinge,
    SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
    SquaredHinge as SquaredHinge,
)
from rnncore.losses.functions import *  # noqa: F403
from rnncore.losses.regression import (
    CosineSimilarity as CosineSimilarity,
    Huber as Huber,
    KLDivergence as KLDivergence,
    LogCosh as LogCosh,
    MeanAbsoluteError as MeanAbsoluteError,
    MeanAbsolutePercentageError as MeanAbsolutePercentageError,
    MeanSquaredError as MeanSquaredError,
    MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
    Poisson as Poisson,
)
from rnncore.utils._checks import lookup
from rnncore.utils._config import deserialize as deserialize, serialize as serialize
from rnncore.utils._names import named, public

_BY_NAME = named(globals(), Loss)
_BY_NAME |= {short: _BY_NAME[name] for short, name in SHORT_NAMES.items()}
_BY_NAME |= {"kullback_leibler_divergence": KLDivergence, "logcosh": LogCosh}
_LOSS_OF = {getattr(functions, name): _BY_NAME[name] for name in public(vars(functions))}


def get(identifier: Any) -> Loss:
    """Return the loss of that name.

    Parameters
    ----------
    identifier : str, Loss, class or function
        A name such as ``"mse"`` or ``"binary_crossentropy"``; a loss, returned unchanged; a loss
        class, called without arguments; or one of the functions here.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If `identifier` is none of these.

    Examples
    --------
    >>> from rnncore import losses
    >>> losses.get("mse").name
    'mean_squared_error'
    """
    if callable(identifier):
        identifier = _LOSS_OF.get(identifier, identifier)
    found: Loss = lookup("loss", identifier, _BY_NAME, Loss)
    return found


if not TYPE_CHECKING:  # type checkers find the names by these imports
    __all__ = public(globals(), "deserialize", "serialize")
