"""Sizes and states of cells, in lists that are nested for a stack of cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._arguments import numeric_array
from rnncore.layers.graph.symbolic import SymbolicTensor, leaves
from rnncore.utils._arrays import narrowed
from rnncore.utils._checks import check_count


def nest(structure: Any, flat: Iterable[Any]) -> Any:
    """Nest the items of `flat` like `structure`."""
    rest = iter(flat)
    if isinstance(structure, (list, tuple)):
        return [nest(item, rest) for item in structure]
    return next(rest)


def state_sizes(cell: Any) -> list[int]:
    """Return the sizes of a cell's states, or raise ValueError or TypeError."""
    owner, sizes = name_of(cell), list(leaves(cell.state_size))
    if not sizes:
        raise ValueError(f"{owner}: state_size: expected an integer or a list of integers, got []")
    return [check_count(owner, "state_size", size) for size in sizes]


def output_size(cell: Any) -> int:
    """Return the size of a cell's output, by default that of its first state."""
    size = getattr(cell, "output_size", None)
    if size is None:
        return state_sizes(cell)[0]
    return check_count(name_of(cell), "output_size", size)


def state_structure(cell: Any) -> Any:
    """Return something nested like the initial states of a cell."""
    return getattr(cell, "state_structure", cell.state_size)


def initial_states(cell: Any, batch: int, dtype: np.dtype[Any]) -> list[NDArray[Any]]:
    """Return the initial states of a cell as a flat list; zeros if it defines none."""
    sizes = state_sizes(cell)
    make = getattr(cell, "get_initial_state", None)
    if make is None:
        return [np.zeros((batch, size), dtype) for size in sizes]
    argument = f"{name_of(cell)}: get_initial_state"
    return checked_states(argument, make(batch_size=batch), sizes, batch, dtype)


def checked_states(
    argument: str,
    given: Any,
    sizes: Sequence[int],
    batch_size: int | None,
    dtype: np.dtype[Any],
) -> list[Any]:
    """Return states, nested or not, as a flat list of symbolic tensors and arrays of this dtype.

    Raises
    ------
    ValueError, TypeError
        If the number of states or a shape is wrong, or a state is not numeric.
    """
    states = list(leaves(given))
    if len(states) != len(sizes):
        raise ValueError(
            f"{argument}: expected {len(sizes)} arrays (batch, units), got {len(states)}"
        )
    checked: list[Any] = []
    for index, (state, size) in enumerate(zip(states, sizes, strict=True)):
        name = f"{argument}[{index}]"
        if not isinstance(state, SymbolicTensor):
            state = narrowed(name, numeric_array(name, state), dtype)
        shape = state.shape
        fits = len(shape) == 2 and shape[1] == size
        if not fits or (None not in (shape[0], batch_size) and shape[0] != batch_size):
            raise ValueError(f"{name}: expected shape {(batch_size, size)}, got {shape}")
        checked.append(state)
    return checked


def name_of(cell: Any) -> str:
    """Return the name of a cell in errors."""
    name = getattr(cell, "name", None)
    return name if isinstance(name, str) else type(cell).__name__
