"""Activation functions with their derivatives.

Most can be differentiated from ``y`` alone, so a layer keeps its output instead of its input for
the backward pass; the others set `from_input`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rnncore.activations.base import Activation as Activation
from rnncore.activations.fused import (
    hard_sigmoid as hard_sigmoid,
    linear as linear,
    relu as relu,
    sigmoid as sigmoid,
    softmax as softmax,
    tanh as tanh,
)
from rnncore.activations.others import (
    elu as elu,
    exponential as exponential,
    gelu as gelu,
    hard_silu as hard_silu,
    hard_swish as hard_swish,
    hard_tanh as hard_tanh,
    leaky_relu as leaky_relu,
    log_sigmoid as log_sigmoid,
    log_softmax as log_softmax,
    mish as mish,
    relu6 as relu6,
    selu as selu,
    silu as silu,
    softplus as softplus,
    softsign as softsign,
    swish as swish,
)
from rnncore.utils._checks import lookup
from rnncore.utils._config import deserialize as deserialize, serialize as serialize
from rnncore.utils._names import public

_BY_NAME = {name: one for name, one in globals().items() if isinstance(one, Activation)}


def get(
    identifier: str | Activation | Mapping[str, Any] | None, owner: str = "activation"
) -> Activation:
    """Return the activation of that name; None means linear.

    Parameters
    ----------
    identifier : str, Activation, dict or None
        One of ``"linear"``, ``"relu"``, ``"sigmoid"``, ``"tanh"``, ``"softmax"``,
        ``"hard_sigmoid"``, which are the fastest, ``"elu"``, ``"exponential"``, ``"gelu"``,
        ``"hard_silu"`` (``"hard_swish"``), ``"hard_tanh"``, ``"leaky_relu"``, ``"log_sigmoid"``,
        ``"log_softmax"``, ``"mish"``, ``"relu6"``, ``"selu"``, ``"silu"`` (``"swish"``),
        ``"softplus"``, ``"softsign"``, or an activation object, which is returned as it is; of a
        layer such as ``LeakyReLU()`` that of the layer.
    owner : str, default "activation"
        Start of error messages.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        For something that is neither a name nor an activation.

    Examples
    --------
    >>> from rnncore import activations
    >>> activations.get(None).name
    'linear'
    """
    if identifier is None:
        return linear
    if isinstance(identifier, Mapping):
        identifier = deserialize(identifier)
    if hasattr(identifier, "as_activation"):
        identifier = identifier.as_activation()
    found: Activation = lookup(owner, identifier, _BY_NAME, Activation)
    return found


if not TYPE_CHECKING:  # type checkers find the names by these imports
    __all__ = public(globals(), "deserialize", "serialize")
