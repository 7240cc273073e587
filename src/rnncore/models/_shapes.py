"""How the shape of data compares with a declared one."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from rnncore.layers.base import Shape


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
