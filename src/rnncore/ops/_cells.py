"""What the functions share: a check of arguments, and the result of a backward pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncore import _core

# What comes with packed weights, and the defaults beside arrays.
_OPTIONS = {"reset_after": True, "activation": "tanh", "recurrent_activation": "sigmoid"}
_WITH_PACKED = ("recurrent_kernel", "bias", *_OPTIONS)


def checked(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a function; ValueError if an activation is unknown."""
    given = dict(arguments)
    for name, default in _OPTIONS.items():
        if name in given and given[name] is None:
            given[name] = default
    for argument in ("activation", "recurrent_activation"):
        name = given.get(argument, "tanh")
        if not isinstance(name, str) or name not in _core.ACTIVATIONS:
            known = ", ".join(_core.ACTIVATIONS)
            raise ValueError(f"{argument}: expected one of {known}, got {name!r}")
    return given


def infer(cell: str, arguments: dict[str, Any]) -> tuple[Array, State]:
    """Run a layer with three arrays, or with packed weights in place of the first."""
    if isinstance(arguments["kernel"], Weights):
        for name in _WITH_PACKED:
            if arguments.get(name) is not None:
                raise ValueError(f"{name}: expected none beside packed weights, which hold it")
    else:
        arguments = checked(arguments)
    y, state, _ = _core.run(_core.forward_call(cell, **arguments))
    return y, state


Array = NDArray[np.floating]
State = tuple[Array, ...]
Tape = _core.Tape
Weights = _core.Weights


class Gradients(NamedTuple):
    """Gradients of a loss with respect to a layer's arguments, in the shapes of these.

    Attributes
    ----------
    dx : ndarray or None
        (B, T, I), or (T, B, I) for time-major calls; zero where no step was real. None if the
        backward was called with ``need_dx=False``.
    dkernel : ndarray
        (I, G*H) for a cell of G gates.
    drecurrent_kernel : ndarray
        (H, G*H).
    dbias : ndarray or None
        The shape of the bias; None without one.
    dinitial_state : tuple of ndarray
        (B, H) each.
    """

    dx: Array | None
    dkernel: Array
    drecurrent_kernel: Array
    dbias: Array | None
    dinitial_state: State
