"""Compare the shape of data with a declared one."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from rnncore.layers._shapes import compatible
from rnncore.layers.layer import Shape
from rnncore.training.ragged import Ragged, array_or_ragged, each


def adjust_rank(array: NDArray[Any], rank: int, last: int | None) -> NDArray[Any]:
    """Add or drop a last axis of size one, as Keras does."""
    if array.ndim == rank - 1 and last == 1:
        return array[..., None]
    if array.ndim == rank + 1 and array.shape[-1] == 1:
        return array[..., 0]
    return array


def fitted(argument: str, value: Any, expected: Shape | None) -> NDArray[Any] | Ragged:
    """Return the data of one input as an array, or as sequences of different lengths.

    Raises
    ------
    ValueError, TypeError
        If the dtype is not numeric, there are no samples, or the shape does not match `expected`,
        where None matches any size.
    """
    array = array_or_ragged(argument, value)
    if len(array) == 0:
        raise ValueError(f"{argument}: expected at least one sample, got shape {array.shape}")
    if expected is None:
        return array
    array = each(argument, array, lambda one: adjust_rank(one, len(expected), expected[-1]))
    if isinstance(array, Ragged) and len(expected) > 1 and expected[1] is not None:
        raise ValueError(
            f"{argument}: expected shape {expected}, got sequences of different lengths; use an "
            f"Input of shape {(None, *expected[2:])}, or make them one array by "
            "rnncore.utils.pad_sequences"
        )
    if not compatible(expected, array.shape):
        raise ValueError(f"{argument}: expected shape {expected}, got {array.shape}")
    return array
