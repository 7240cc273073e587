"""Sizes and states of cells, in lists that may be nested as those of a stack of cells are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._convert import numeric_array
from rnncore.utils._arrays import narrowed
from rnncore.utils._checks import check_count


def flatten(nested: Any) -> list[Any]:
    """Return what is in a list of lists, in order; something else alone as a list of one."""

    def walk(item: Any) -> Iterator[Any]:
        if isinstance(item, (list, tuple)):
            for one in item:
                yield from walk(one)
        else:
            yield item

    return list(walk(nested))


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
    owner, sizes = name_of(cell), flatten(cell.state_size)
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
    return converted_states(cell, "get_initial_state", make(batch_size=batch), batch, dtype)


def converted_states(
    cell: Any, argument: str, states: Any, batch: int, dtype: np.dtype[Any]
) -> list[NDArray[Any]]:
    """Return states, nested or not, as a flat list of arrays of this dtype, or raise."""
    owner, sizes, given = name_of(cell), state_sizes(cell), flatten(states)
    if len(given) != len(sizes):
        raise ValueError(f"{owner}: {argument}: expected {len(sizes)} states, got {len(given)}")
    arrays = []
    for number, (state, size) in enumerate(zip(given, sizes, strict=True)):
        name = f"{owner}: {argument}[{number}]"
        array = narrowed(name, numeric_array(name, state), dtype)
        if array.shape != (batch, size):
            raise ValueError(f"{name}: expected shape {(batch, size)}, got {array.shape}")
        arrays.append(array)
    return arrays


def name_of(cell: Any) -> str:
    """Return what errors call a cell."""
    name = getattr(cell, "name", None)
    return name if isinstance(name, str) else type(cell).__name__
