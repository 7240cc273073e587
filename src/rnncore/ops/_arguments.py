"""Arguments that the functions pass to the kernels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnncore import _core


def checked(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a function; ValueError if an activation is unknown."""
    for argument in ("activation", "recurrent_activation"):
        name = arguments.get(argument, "tanh")
        if not isinstance(name, str) or name not in _core.ACTIVATIONS:
            known = ", ".join(_core.ACTIVATIONS)
            raise ValueError(f"{argument}: expected one of {known}, got {name!r}")
    return dict(arguments)
