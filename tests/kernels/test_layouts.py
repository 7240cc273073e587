"""The layout of an array in memory changes no bit: x, dy and out with any strides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from calls import (
    CELLS,
    ISAS,
    Case,
    assert_agrees,
    assert_same_bits,
    make_call,
    reference_result,
)
from choosing import pairwise
from numpy.lib.stride_tricks import as_strided, sliding_window_view

Array = np.ndarray[Any, Any]


def spread(array: Array, *steps: int) -> Array:
    """The same values in every |step|-th place along each axis; a negative one runs backwards."""
    shape = tuple(n * abs(step) + 1 for n, step in zip(array.shape, steps, strict=True))
    around = np.full(shape, -77.0, array.dtype)
    inner = around[tuple(slice(1 if abs(step) > 1 else 0, None, abs(step)) for step in steps)]
    inner = inner[tuple(slice(n) for n in array.shape)]
    view = inner[tuple(slice(None, None, 1 if step > 0 else -1) for step in steps)]
    view[...] = array
    return view


def permuted(*order: int) -> Callable[[Array], Array]:
    """Axes that stand in memory in another order."""
    return lambda a: np.ascontiguousarray(a.transpose(order)).transpose(np.argsort(order))


def misaligned(array: Array) -> Array:
    """At an address that is no multiple of the element's size."""
    memory = np.zeros(array.nbytes + 1, np.uint8)
    view = memory[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    assert not view.flags.aligned
    return view


def record(array: Array) -> Array:
    """A field of a record of odd size, so that strides are no multiple of the element's."""
    records = np.zeros(array.shape, np.dtype([("flag", np.uint8), ("value", array.dtype)]))
    records["value"] = array
    return records["value"]


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "time_first": permuted(1, 0, 2),
    "features_first": permuted(2, 0, 1),
    "fortran": np.asfortranarray,
    "every_second_row": lambda a: spread(a, 2, 1, 1),
    "every_third_step": lambda a: spread(a, 1, 3, 1),
    "every_second_feature": lambda a: spread(a, 1, 1, 2),
    "backward_rows": lambda a: spread(a, -1, 1, 1),
    "backward_steps": lambda a: spread(a, 1, -1, 1),
    "backward_features": lambda a: spread(a, 1, 1, -1),
    "backward_all": lambda a: spread(a, -2, -3, -2),
}
UNALIGNED = {"misaligned": misaligned, "record": record}
SHAPES = {"B3": (3, 5, 3, 9), "B1": (1, 7, 2, 5), "T1": (4, 1, 2, 6), "I1": (2, 6, 1, 3)}


@pairwise(
    isa=ISAS,
    layout=[*LAYOUTS, *UNALIGNED],
    shape=SHAPES,
    time_major=[False, True],
    rows=["full", "lengths", "holes"],
)
def test_any_layout_of_x_and_dy(
    isa: str, layout: str, shape: str, time_major: bool, rows: str
) -> None:
    dtype = "float64" if rows == "lengths" else "float32"
    view = (LAYOUTS | UNALIGNED)[layout]
    call = make_call(Case("gru", *SHAPES[shape], dtype, rows, time_major=time_major))
    changed = call.changed(x=view(call.x), dy=view(call.dy))
    expected = call.train()
    assert_same_bits(changed.train(), expected)
    assert_same_bits(changed.infer(), expected)


@pairwise(isa=ISAS, layout=LAYOUTS, rows=["full", "lengths", "front"])
def test_any_layout_of_out(isa: str, layout: str, rows: str) -> None:
    for dtype, time_major in (("float32", False), ("float64", True)):
        call = make_call(Case("lstm", 3, 5, 2, 9, dtype, rows, time_major=time_major))
        expected = call.train()
        out = LAYOUTS[layout](np.full_like(expected["y"], np.nan))
        memory = out if out.base is None else out.base
        for run in (call.infer, call.train):
            out[...] = np.nan
            before = memory.copy()
            actual = run(out=out)
            assert actual["y"] is out
            assert_same_bits(actual, expected)
            out[...] = np.nan  # what lies between the elements of out is as it was
            np.testing.assert_array_equal(memory, before)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("cell", ["lstm", "gru_before", "rnn_relu"])
def test_broadcast_x_and_dy(isa: str, cell: str, axis: int) -> None:
    call = make_call(Case(cell, 4, 6, 3, 9))
    x, dy = (np.broadcast_to(a.take([0], axis), a.shape) for a in (call.x, call.dy))
    assert x.strides[axis] == dy.strides[axis] == 0
    actual = call.changed(x=x, dy=dy).train()
    assert_same_bits(actual, call.changed(x=x.copy(), dy=dy.copy()).train())
    assert_same_bits(call.changed(x=x).infer(), actual)


def test_overlapping_windows_of_a_series(isa: str) -> None:
    series = np.random.default_rng(1).standard_normal(40).astype("float32")
    call = make_call(Case("lstm", 31, 10, 1, 8, "float32"))
    windows = sliding_window_view(series, 10)[:, :, None]
    assert_same_bits(call.changed(x=windows).infer(), call.changed(x=windows.copy()).infer())
    # One row whose steps overlap is read in place.
    call = make_call(Case("lstm", 1, 20, 10, 8, "float32"))
    steps = as_strided(series, (1, 20, 10), (0, 4, 4))
    assert_same_bits(call.changed(x=steps).infer(), call.changed(x=steps.copy()).infer())


@pytest.mark.parametrize("cell", CELLS)
def test_strided_weights_and_states(isa: str, cell: str) -> None:
    case = Case(cell, 3, 4, 2, 9, "float32", "lengths")
    call = make_call(case)
    views = [np.asfortranarray, lambda a: spread(a, 2, -3), misaligned]
    for view in views:
        changed = call.changed(
            kernel=view(call.kernel),
            recurrent_kernel=view(call.recurrent_kernel),
            bias=view(np.atleast_2d(call.bias)).reshape(call.bias.shape),
            initial_state=tuple(view(s) for s in call.initial_state),
            dstate=tuple(view(s) for s in call.dstate),
        )
        assert_same_bits(changed.train(), call.train())
        assert_same_bits(changed.infer(), call.infer())
    assert_agrees(call.train(), reference_result(case), case)


def test_strided_lengths_and_masks(isa: str) -> None:
    call = make_call(Case("gru", 5, 6, 2, 3, rows="lengths"))
    expected = call.train()
    lengths = call.options["lengths"]
    wide = np.repeat(lengths, 3)[::-3][::-1]
    others = [wide, lengths.astype("int8"), lengths.astype(">u2"), lengths.tolist()]
    for same in [*others, misaligned(lengths)]:
        assert_same_bits(call.train(lengths=same), expected)
        assert_same_bits(call.infer(lengths=same), expected)
    call = make_call(Case("gru", 5, 6, 2, 3, rows="holes"))
    mask = call.options["mask"]
    for same in (np.asfortranarray(mask), mask[::-1].copy()[::-1], np.repeat(mask, 2, 1)[:, ::2]):
        assert_same_bits(call.train(mask=same), call.train())


def test_a_boolean_may_have_any_bits(isa: str) -> None:
    call = make_call(Case("lstm", 5, 6, 2, 3, rows="holes"))
    odd = (call.options["mask"].view(np.uint8) * 6).view(np.bool_)
    assert_same_bits(call.train(mask=odd), call.train())
