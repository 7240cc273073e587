"""Activation functions with their derivatives.

Most can be differentiated from ``y`` alone, so that a layer keeps its output and not its input for
the backward pass; the others say so by `from_input`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnncore.activations.base import Activation
from rnncore.activations.fused import (
    hard_sigmoid,
    linear,
    relu,
    sigmoid,
    softmax,
    tanh,
)
from rnncore.activations.gated import gelu, hard_silu, hard_swish, mish, silu, swish
from rnncore.activations.others import (
    elu,
    exponential,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu6,
    selu,
    softplus,
    softsign,
)
from rnncore.utils._config import deserialize, serialize

__all__ = [
    "Activation",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]

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
        What errors begin with.

    Raises
    ------
    ValueError
        For an unknown name.
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
    if isinstance(identifier, Activation):
        return identifier
    if not isinstance(identifier, str):
        raise TypeError(f"{owner}: expected a name or an Activation, got {identifier!r}")
    if identifier not in _BY_NAME:
        known = ", ".join(sorted(_BY_NAME))
        raise ValueError(f"{owner}: expected one of {known}; got {identifier!r}")
    return _BY_NAME[identifier]
