"""How the shape of data compares with a declared one."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from rnncore.layers.layer import Shape
from rnncore.training.ragged import Ragged, array_or_ragged, each


def adjust_rank(array: NDArray[Any], rank: int, last: int | None) -> NDArray[Any]:
    """Give or take a last axis of size one, as Keras does."""
    if array.ndim == rank - 1 and last == 1:
        return array[..., None]
    if array.ndim == rank + 1 and array.shape[-1] == 1:
        return array[..., 0]
    return array


def compatible(expected: Shape, shape: Shape) -> bool:
    """Whether a shape has the declared sizes behind the batch, None standing for any.

    A declared batch size binds nothing but stateful layers, as in Keras.
    """
    return len(expected) == len(shape) and all(
        a is None or b is None or a == b for a, b in zip(expected[1:], shape[1:], strict=True)
    )


def fitted(argument: str, value: Any, expected: Shape | None) -> NDArray[Any] | Ragged:
    """Return what is given for one input as an array, or as sequences of different lengths.

    Raises
    ------
    ValueError, TypeError
        For a dtype that is not numeric, no samples, or another shape than `expected`; None there
        is any.
    """
    array = array_or_ragged(argument, value)
    if len(array) == 0:
        raise ValueError(f"{argument}: expected at least one sample, got shape {array.shape}")
    if expected is None:
        return array
    array = each(argument, array, lambda one: adjust_rank(one, len(expected), expected[-1]))
    if isinstance(array, Ragged) and len(expected) > 1 and expected[1] is not None:
        raise ValueError(
            f"{argument}: expected shape {expected}, got sequences of different lengths; an Input "
            f"of shape {(None, *expected[2:])} takes them, and rnncore.utils.pad_sequences makes "
            "them one array"
        )
    if not compatible(expected, array.shape):
        raise ValueError(f"{argument}: expected shape {expected}, got {array.shape}")
    return array
