"""Sizes and states of cells, in lists that may be nested as those of a stack of cells are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._convert import numeric_array
from rnncore.layers.graph.symbolic import SymbolicTensor, leaves
from rnncore.utils._arrays import narrowed
from rnncore.utils._checks import check_count


def nest(structure: Any, flat: Iterable[Any]) -> Any:
    """Put the items of `flat` in lists as in `structure`."""
    rest = iter(flat)

    def fill(item: Any) -> Any:
        if isinstance(item, (list, tuple)):
            return [fill(one) for one in item]
        return next(rest)

    return fill(structure)


def state_sizes(cell: Any) -> list[int]:
    """Return the sizes of a cell's states; ValueError or TypeError for what is no size."""
    owner, sizes = name_of(cell), list(leaves(cell.state_size))
    if not sizes:
        raise ValueError(f"{owner}: state_size: expected an integer or a list of integers, got []")
    return [check_count(owner, "state_size", size) for size in sizes]


def output_size(cell: Any) -> int:
    """Return the size of a cell's output: that of its first state unless it says another."""
    size = getattr(cell, "output_size", None)
    if size is None:
        return state_sizes(cell)[0]
    return check_count(name_of(cell), "output_size", size)


def state_structure(cell: Any) -> Any:
    """Return something that is nested as the states are that a cell starts from."""
    own = getattr(cell, "state_structure", None)
    return cell.state_size if own is None else own


def initial_states(cell: Any, batch: int, dtype: np.dtype[Any]) -> list[NDArray[Any]]:
    """Return the states that a cell starts from, flat: what it says, or else zeros."""
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
    """Return states, nested or not, as a flat list of arrays of this dtype and symbolic tensors.

    Raises
    ------
    ValueError, TypeError
        For another number of states, other shapes, or what is not numeric.
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
    """Return what errors call a cell."""
    name = getattr(cell, "name", None)
    return name if isinstance(name, str) else type(cell).__name__
