"""Gradients by finite differences through the ops, and what a backward may leave out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from calls import CELLS, ISAS, Call, Case, assert_same_bits, make_call
from choosing import pairwise

from rnncore import ops
from rnncore.testing import check_gradients

CALLS = [
    Case(batch=3, steps=4, inputs=2, units=3, rows="full"),
    Case(batch=4, steps=5, inputs=2, units=3, rows="lengths"),
    Case(batch=4, steps=5, inputs=2, units=5, rows="holes"),
    Case(batch=3, steps=4, inputs=1, units=2, rows="front", go_backwards=True, time_major=True),
    Case(batch=4, steps=4, inputs=3, units=2, rows="lengths", go_backwards=True),
    Case(batch=1, steps=6, inputs=2, units=9, rows="full", bias=False),
]


def variant(case: Case, cell: str) -> Call:
    if cell != "rnn_relu":
        return make_call(replace(case, cell=cell))
    # Pre-activations on both sides of the kink of relu, but none so near that a step crosses it.
    call = make_call(replace(case, cell=cell, bias=True))
    call.bias[...] = np.where(np.arange(call.bias.size) % 3 == 1, -1.0, 1.0)
    return call.changed(kernel=0.1 * call.kernel, recurrent_kernel=0.1 * call.recurrent_kernel)


def loss(call: Call) -> float:
    """The scalar whose gradients dy and dstate are."""
    result = call.infer()
    counted = ~np.isnan(call.dy)
    total = float((result["y"][counted] * call.dy[counted]).sum())
    return total + sum(
        float((result[name] * d).sum()) for name, d in zip("hc", call.dstate, strict=False)
    )


@pairwise(isa=ISAS, cell=CELLS, case=CALLS)
def test_gradients_by_finite_differences(isa: str, cell: str, case: Case) -> None:
    call = variant(case, cell)
    call = call.changed(x=np.nan_to_num(call.x))  # padding too: its gradient is zero
    result = call.train()
    arrays = {"dx": call.x, "dkernel": call.kernel, "drecurrent_kernel": call.recurrent_kernel}
    if call.bias is not None:
        arrays["dbias"] = call.bias
    arrays |= {f"d{name}": s for name, s in zip("hc", call.initial_state, strict=False)}
    gradients = {name: result[name] for name in arrays}
    check_gradients(lambda: loss(call), arrays, gradients, tolerance=1e-8, max_entries=12)


@pairwise(isa=ISAS, cell=CELLS, rows=["full", "lengths", "holes"])
def test_what_is_left_out_counts_as_zeros(isa: str, cell: str, rows: str) -> None:
    call = make_call(Case(cell, 7, 5, 2, 9, "float32", rows))
    no_dy, no_dstate = np.zeros_like(call.dy), tuple(np.zeros_like(d) for d in call.dstate)

    def same(left_out: dict[str, Any], zeros: dict[str, Any]) -> None:
        actual, expected = call.changed(**left_out).train(), call.changed(**zeros).train()
        for name, array in actual.items():
            np.testing.assert_array_equal(array, expected[name], name)

    same({"dy": None}, {"dy": no_dy})
    same({"dstate": None}, {"dstate": no_dstate})
    same({"dy": None, "dstate": None}, {"dy": no_dy, "dstate": no_dstate})
    for i in range(len(call.dstate)):
        partly = tuple(None if i == k else d for k, d in enumerate(call.dstate))
        zero = tuple(no_dstate[k] if i == k else d for k, d in enumerate(call.dstate))
        same({"dstate": partly}, {"dstate": zero})
        partly = tuple(None if i == k else s for k, s in enumerate(call.initial_state))
        zero = tuple(no_dstate[k] if i == k else s for k, s in enumerate(call.initial_state))
        same({"initial_state": partly}, {"initial_state": zero})


@pytest.mark.parametrize("cell", CELLS)
def test_without_bias_is_a_bias_of_zeros(isa: str, cell: str) -> None:
    call = make_call(Case(cell, 3, 4, 2, 9))
    zeros = call.changed(bias=np.zeros_like(call.bias)).train()
    assert_same_bits(call.changed(bias=None).train(), zeros)


@pairwise(isa=ISAS, cell=CELLS, rows=["full", "lengths", "holes"])
def test_without_dx_the_rest_is_the_same(isa: str, cell: str, rows: str) -> None:
    call = make_call(Case(cell, 5, 4, 3, 6, "float32", rows))
    forward, backward = (getattr(ops, f"{call.case.op}_{way}") for way in ("forward", "backward"))
    results = []
    for need_dx in (True, False):
        tape = forward(*call.arguments(), **call.options)[2]
        results.append(backward(tape, call.dy, call.dstate, need_dx=need_dx))
    full, less = results
    assert less.dx is None
    assert full.dx is not None
    pairs = zip((*full[1:4], *full.dinitial_state), (*less[1:4], *less.dinitial_state), strict=True)
    for expected, actual in pairs:
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("rows", ["lengths_zero", "mask_none"])
@pytest.mark.parametrize("cell", CELLS)
def test_rows_without_a_step_give_their_state_back(isa: str, cell: str, rows: str) -> None:
    call = make_call(Case(cell, 5, 4, 2, 9, "float32", rows))
    result = call.train()
    for name, before, gradient in zip("hc", call.initial_state, call.dstate, strict=False):
        np.testing.assert_array_equal(result[name], before)
        np.testing.assert_array_equal(result[f"d{name}"], gradient)
    for name in ("y", "dx", "dkernel", "drecurrent_kernel", "dbias"):
        assert not result[name].any(), name


def test_a_tape_keeps_copies(isa: str) -> None:
    """The arguments may change between forward and backward."""
    for rows in ("full", "lengths", "holes"):
        call = make_call(Case("lstm", 4, 5, 2, 6, "float32", rows))
        expected = call.train()
        again = make_call(call.case)
        _, _, tape = ops.lstm_forward(*again.arguments(), **again.options)
        given = [again.x, again.kernel, again.recurrent_kernel, again.bias, *again.initial_state]
        for array in [*given, *(again.options.get(name) for name in ("lengths", "mask"))]:
            if array is not None:
                array[...] = 1
        g = ops.lstm_backward(tape, again.dy, again.dstate)
        assert_same_bits({"dx": g.dx, "dkernel": g.dkernel}, expected)
