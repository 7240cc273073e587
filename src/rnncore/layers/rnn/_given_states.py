"""Initial states as a user gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnncore.layers._convert import numeric_array
from rnncore.layers.graph.symbolic import SymbolicTensor, leaves
from rnncore.utils._arrays import narrowed


def checked_states(
    owner: str, given: Any, sizes: Sequence[int], batch_size: int | None, dtype: np.dtype[Any]
) -> list[Any]:
    """Return states as a list of arrays in the layer's dtype, and symbolic tensors.

    Raises
    ------
    ValueError, TypeError
        For another number of states, other shapes, or what is not numeric.
    """
    states = list(leaves(given))
    if len(states) != len(sizes):
        raise ValueError(
            f"{owner}: initial_state: expected {len(sizes)} arrays (batch, units), "
            f"got {len(states)}"
        )
    checked: list[Any] = []
    for index, (state, size) in enumerate(zip(states, sizes, strict=True)):
        argument = f"{owner}: initial_state[{index}]"
        if not isinstance(state, SymbolicTensor):
            state = narrowed(argument, numeric_array(argument, state), dtype)
        shape = state.shape
        fits = len(shape) == 2 and shape[1] == size
        if not fits or (None not in (shape[0], batch_size) and shape[0] != batch_size):
            raise ValueError(f"{argument}: expected shape {(batch_size, size)}, got {shape}")
        checked.append(state)
    return checked
