"""Nodes that move numbers, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rnncore import _core
from rnncore.layers.nodes import AT_ONCE, KINDS

SHAPES = st.lists(st.integers(0, 4), min_size=2, max_size=4)
DTYPES = st.sampled_from(["float32", "float64"])


def numbers(shape: Any, dtype: str) -> Any:
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape)


def same(found: Any, expected: Any) -> None:
    assert found.dtype == expected.dtype
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, expected)


@given(SHAPES, DTYPES, st.data())
def test_slices_are_those_of_python(shape: list[int], dtype: str, data: st.DataObject) -> None:
    x = numbers(shape, dtype)
    axis = data.draw(st.integers(1, len(shape) - 1))
    ends = st.none() | st.integers(-6, 6) | st.sampled_from([2**62, -(2**62)])
    start, stop = data.draw(ends), data.draw(ends)
    step = data.draw(st.integers(-5, 5).filter(bool))
    attributes = [axis - 1]
    for end in (start, stop):
        attributes += [int(end is not None), end or 0]
    found = AT_ONCE.node("slice", [x], attributes=[*attributes, step, 0])
    same(found, x[(*[slice(None)] * axis, slice(start, stop, step))])


@given(SHAPES.filter(all), DTYPES, st.data())
def test_one_of_an_axis(shape: list[int], dtype: str, data: st.DataObject) -> None:
    x = numbers(shape, dtype)
    axis = data.draw(st.integers(1, len(shape) - 1))
    size = shape[axis]
    place = data.draw(st.integers(-size, size - 1))
    found = AT_ONCE.node("slice", [x], attributes=[axis - 1, 1, place, 0, 0, 1, 1])
    same(found, np.take(x, place, axis))
    for beyond in (size, -size - 1):
        with pytest.raises(ValueError, match="slice: expected inputs that fit"):
            AT_ONCE.node("slice", [x], attributes=[axis - 1, 1, beyond, 0, 0, 1, 1])


@given(SHAPES, DTYPES, st.data())
def test_permutations(shape: list[int], dtype: str, data: st.DataObject) -> None:
    x = numbers(shape, dtype)
    axes = data.draw(st.permutations(range(len(shape) - 1)))
    found = AT_ONCE.node("permute", [x], attributes=[len(axes), *axes])
    same(found, x.transpose(0, *(axis + 1 for axis in axes)))


@given(SHAPES, DTYPES, st.data())
def test_zeros_and_repetitions(shape: list[int], dtype: str, data: st.DataObject) -> None:
    x = numbers(shape, dtype) + 1
    axis = data.draw(st.integers(1, len(shape) - 1))
    before, behind = data.draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
    found = AT_ONCE.node("pad", [x], attributes=[axis - 1, before, behind])
    sides = [(0, 0)] * x.ndim
    sides[axis] = (before, behind)
    same(found, np.pad(x, sides))
    times = data.draw(st.integers(1, 3))
    same(AT_ONCE.node("repeat", [x], attributes=[axis - 1, times]), np.repeat(x, times, axis))


@given(SHAPES, DTYPES, st.data())
def test_one_behind_the_other(shape: list[int], dtype: str, data: st.DataObject) -> None:
    axis = data.draw(st.integers(1, len(shape) - 1))
    sizes = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=5))
    parts = [
        numbers([*shape[:axis], size, *shape[axis + 1 :]], dtype) + 100 * i
        for i, size in enumerate(sizes)
    ]
    for counted in (axis - 1, axis - len(shape)):
        found = AT_ONCE.node("concat", parts, attributes=[counted])
        same(found, np.concatenate(parts, axis))


@given(SHAPES, DTYPES, st.data())
def test_other_axes_of_the_same_numbers(shape: list[int], dtype: str, data: st.DataObject) -> None:
    x = numbers(shape, dtype)
    same(
        AT_ONCE.node("reshape", [x], attributes=[1, -1]), x.reshape(len(x), int(np.prod(shape[1:])))
    )
    place = data.draw(st.integers(0, len(shape) - 1))
    same(AT_ONCE.node("expand", [x], attributes=[place]), np.expand_dims(x, place + 1))


def test_sizes_that_do_not_fit_are_refused() -> None:
    x = np.ones((2, 3, 4), np.float32)
    refused: list[tuple[str, list[Any], list[int]]] = [
        ("reshape", [x], [2, 5, -1]),
        ("reshape", [x], [2, 3, 3]),
        ("reshape", [x], [2, -1, -1]),
        ("reshape", [x], [2, 0, 12]),
        ("reshape", [x], [3, 2**62, 4, 2**62]),
        ("reshape", [x], [12, *[1] * 11]),
        ("permute", [x], [2, 0, 0]),
        ("permute", [x], [2, 1, 2]),
        ("permute", [x], [1, 0]),
        ("permute", [x], [-1]),
        ("slice", [x], [5, 0, 0, 0, 0, 1, 0]),
        ("slice", [x], [0, 0, 0, 0, 0, 0, 0]),
        ("slice", [x], [0, 0, 0, 0, 0, -(2**63), 0]),
        ("slice", [x], [0, 0, 0, 0, 0, 1, 1]),
        ("pad", [x], [0, -1, 0]),
        ("pad", [x], [0, 2**40, 0]),
        ("pad", [x], [7, 1, 0]),
        ("repeat", [x], [0, 0]),
        ("repeat", [x], [-9, 1]),
        ("concat", [x, x[:, :, :3]], [0]),
        ("concat", [x, x[:, :, 0]], [-1]),
        ("concat", [x, x.astype(int)], [-1]),
        ("concat", [x, None], [-1]),
        ("concat", [x, x], [2]),
        ("expand", [x], [3]),
        ("expand", [x], [-1]),
        ("expand", [x > 0], [0]),
    ]
    for kind, inputs, attributes in refused:
        with pytest.raises(ValueError, match=f"{kind}: expected inputs that fit"):
            _core.run_node(kind, KINDS[kind], inputs, [], attributes, [], 1, np.float32)


def test_ids_and_numbers() -> None:
    ids = np.array([[0, 1, 2**31 - 1]], np.int32)
    for dtype in (np.float32, np.float64):
        found = _core.run_node("convert", KINDS["convert"], [ids], [], [], [], 1, dtype)
        same(found, ids.astype(dtype))
    given_mask = np.array([[0, 1, -0.0, np.nan]], np.float32)
    found = AT_ONCE.node("as_mask", [given_mask])
    same(found, np.array([[False, True, False, True]]))
    same(AT_ONCE.node("as_mask", [ids]), ids != 0)
