"""Initial values of weights.

An initializer is called with ``(shape, dtype, rng)`` and returns a new array. Values are drawn in
float64 and then rounded, so that float32 and float64 models with the same seed start alike.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncore.initializers.initializers import (
    Constant as Constant,
    GlorotNormal as GlorotNormal,
    GlorotUniform as GlorotUniform,
    HeNormal as HeNormal,
    HeUniform as HeUniform,
    Identity as Identity,
    Initializer as Initializer,
    LecunNormal as LecunNormal,
    LecunUniform as LecunUniform,
    Ones as Ones,
    Orthogonal as Orthogonal,
    RandomNormal as RandomNormal,
    RandomUniform as RandomUniform,
    TruncatedNormal as TruncatedNormal,
    VarianceScaling as VarianceScaling,
    Zeros as Zeros,
)
from rnncore.utils._checks import lookup
from rnncore.utils._config import deserialize as deserialize, serialize as serialize
from rnncore.utils._names import named, public

# Keras' aliases of the classes.
constant, identity, ones, zeros = Constant, Identity, Ones, Zeros
orthogonal, random_normal, random_uniform = Orthogonal, RandomNormal, RandomUniform
truncated_normal, variance_scaling = TruncatedNormal, VarianceScaling
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
he_normal, he_uniform = HeNormal, HeUniform
lecun_normal, lecun_uniform = LecunNormal, LecunUniform
IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal


_BY_NAME = named(globals(), Initializer)
_BY_NAME |= {"zero": Zeros, "one": Ones, "normal": RandomNormal, "uniform": RandomUniform}
_BY_NAME |= {"xavier": GlorotUniform, "xavier_uniform": GlorotUniform}
_BY_NAME |= {"xavier_normal": GlorotNormal}

InitializerFunction = Callable[..., Any]


def get(
    identifier: str | type[Initializer] | InitializerFunction, owner: str = "initializer"
) -> Initializer | InitializerFunction:
    """Return the initializer of that name.

    Parameters
    ----------
    identifier : str, class or callable
        A name such as ``"glorot_uniform"``, an initializer or its class, or any function
        ``(shape, dtype, rng) -> ndarray``, or ``(shape, dtype=None) -> ndarray`` as in Keras,
        which is returned as it is.
    owner : str, default "initializer"
        Start of error messages.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is neither a name nor callable.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import initializers
    >>> initializers.get("ones")((2,), "float64", np.random.default_rng(0))
    array([1., 1.])
    """
    found: InitializerFunction = lookup(owner, identifier, _BY_NAME, Initializer, or_callable=True)
    return found


def for_weights(
    make: Initializer | InitializerFunction,
) -> Callable[[tuple[int, ...], np.dtype[Any], np.random.Generator], Any]:
    """Return the function that a layer calls with shape, dtype and generator.

    Functions written for Keras take no generator, and get none.
    """
    try:
        inspect.signature(make).bind((), "float32", None)
    except (TypeError, ValueError):
        return lambda shape, dtype, rng: make(shape, dtype=dtype.name)
    return make


if not TYPE_CHECKING:  # type checkers find the names by these imports
    __all__ = public(globals(), "deserialize", "serialize")
