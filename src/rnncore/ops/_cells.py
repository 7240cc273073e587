"""What the functions share: a check of arguments, and the result of a backward pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncore import _core


def checked(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a function; ValueError if an activation is unknown."""
    for argument in ("activation", "recurrent_activation"):
        name = arguments.get(argument, "tanh")
        if not isinstance(name, str) or name not in _core.ACTIVATIONS:
            known = ", ".join(_core.ACTIVATIONS)
            raise ValueError(f"{argument}: expected one of {known}, got {name!r}")
    return dict(arguments)


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
