"""The names of activations that the kernels know."""

from __future__ import annotations

from rnncore import _core


def check_activation(argument: str, name: str) -> str:
    """Return `name`, or raise ValueError listing the known ones."""
    if not isinstance(name, str) or name not in _core.ACTIVATIONS:
        known = ", ".join(_core.ACTIVATIONS)
        raise ValueError(f"{argument}: expected one of {known}, got {name!r}")
    return name
