"""Known values for the weights of a model while it is made."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.typing import NDArray

# (what to blame in errors, shape, dtype) -> the value that a new weight gets
Supply = Callable[[str, tuple[int, ...], np.dtype[Any]], NDArray[Any]]

_supply: ContextVar[Supply | None] = ContextVar("supply of weights", default=None)


@contextlib.contextmanager
def supplied_by(supply: Supply) -> Iterator[None]:
    """Within the block, take new weights in this thread from `supply`, not from initializers."""
    token = _supply.set(supply)
    try:
        yield
    finally:
        _supply.reset(token)


def current_supply() -> Supply | None:
    """Return what supplies new weights, or None for their initializers."""
    return _supply.get()
