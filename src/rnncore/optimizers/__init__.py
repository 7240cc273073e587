"""Optimizers.

All work in place on flat arrays that hold every parameter of a model, described by segments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncore.optimizers import schedules as schedules
from rnncore.optimizers.adam import Adam as Adam, Adamax as Adamax, AdamW as AdamW, Nadam as Nadam
from rnncore.optimizers.adaptive import Adadelta as Adadelta, Adagrad as Adagrad, RMSprop as RMSprop
from rnncore.optimizers.base import Optimizer as Optimizer, Segment as Segment
from rnncore.optimizers.sgd import SGD as SGD
from rnncore.utils._checks import lookup
from rnncore.utils._config import deserialize as deserialize, serialize as serialize
from rnncore.utils._names import public

_BY_NAME: dict[str, type[Optimizer]] = {}
for _cls in (SGD, RMSprop, Adam, AdamW, Adagrad, Adadelta, Adamax, Nadam):
    _BY_NAME[_cls.__name__] = _BY_NAME[_cls.__name__.lower()] = _cls


def get(identifier: str | Optimizer | type[Optimizer]) -> Optimizer:
    """Return the optimizer of that name.

    Parameters
    ----------
    identifier : str, Optimizer or class
        A name such as ``"adam"``; an optimizer, returned unchanged; or an optimizer class, called
        without arguments.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If `identifier` is none of these.

    Examples
    --------
    >>> from rnncore import optimizers
    >>> optimizers.get("sgd").learning_rate
    0.01
    """
    found: Optimizer = lookup("optimizer", identifier, _BY_NAME, Optimizer)
    return found


if not TYPE_CHECKING:  # type checkers find the names by these imports
    __all__ = public(globals(), "deserialize", "schedules", "serialize")
