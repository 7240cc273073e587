"""Checks of shapes and axes."""

from __future__ import annotations

import contextlib
import operator
from typing import Any

import numpy as np

from rnncore.utils._checks import check_count

# The axes of sequences.
SEQUENCE = ("batch", "timesteps", "features")


def compatible(expected: tuple[int | None, ...], shape: tuple[int | None, ...]) -> bool:
    """Whether a shape has the declared sizes after the batch; None matches any.

    A declared batch size only applies to stateful layers, as in Keras.
    """
    return len(expected) == len(shape) and all(
        a is None or b is None or a == b for a, b in zip(expected[1:], shape[1:], strict=True)
    )


def expect_axes(owner: str, shape: tuple[int | None, ...], axes: tuple[str, ...]) -> None:
    """Raise ValueError unless `shape` has the named axes."""
    if len(shape) != len(axes):
        flat = axes == SEQUENCE and len(shape) == 2
        hint = "; a recurrent layer below needs return_sequences=True" if flat else ""
        raise ValueError(
            f"{owner}: x: expected {len(axes)} axes ({', '.join(axes)}), got shape {shape}{hint}"
        )


def expect_channels_last(owner: str, data_format: Any) -> None:
    """Raise ValueError unless the features are on the last axis."""
    if data_format not in (None, "channels_last"):
        raise ValueError(
            f"{owner}: data_format: expected 'channels_last' or None (no other value is "
            f"supported yet), got {data_format!r}"
        )


def listed_axes(owner: str, axis: Any, name: str = "axis") -> tuple[int, ...]:
    """Return an axis, or a list of them, as a tuple of integers."""
    listed = axis if isinstance(axis, (list, tuple)) else [axis]
    if listed and not any(isinstance(one, (bool, np.bool_)) for one in listed):
        with contextlib.suppress(TypeError):
            return tuple(operator.index(one) for one in listed)
    raise TypeError(f"{owner}: {name}: expected an integer or a list of integers, got {axis!r}")


def axes_behind_batch(
    owner: str, axes: tuple[int, ...], shape: tuple[int | None, ...]
) -> tuple[int, ...]:
    """Return the axes sorted and non-negative; ValueError unless `shape` has known sizes there."""
    rank = len(shape)
    found = tuple(sorted(axis + rank if axis < 0 else axis for axis in axes))
    if found[0] < 1 or found[-1] >= rank or len(set(found)) < len(found):
        raise ValueError(
            f"{owner}: axis: expected different axes behind the batch of an input of shape "
            f"{shape}, got {', '.join(map(str, axes))}"
        )
    if any(shape[axis] is None for axis in found):
        raise ValueError(f"{owner}: x: expected known sizes of the axes {found}, got shape {shape}")
    return found


def one_for_each(
    owner: str, name: str, value: Any, count: int, *, least: int = 1
) -> tuple[int, ...]:
    """Return `count` integers from `least` up; one integer stands for all."""
    expected = f"{'a positive integer' if least else 'an integer >= 0'} or a tuple of {count}"
    values = value if isinstance(value, (tuple, list)) else [value] * count
    if len(values) != count:
        raise ValueError(f"{owner}: {name}: expected {expected}, got {value!r}")
    return tuple(check_count(owner, name, one, expected, least=least) for one in values)
