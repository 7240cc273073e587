"""Identities that every cell obeys, on calls that Hypothesis makes up."""

from __future__ import annotations

from typing import Any

import numpy as np
from calls import (
    CELLS,
    ROWS,
    Call,
    Case,
    assert_agrees,
    assert_same_bits,
    make_call,
    reference_result,
)
from hypothesis import given, strategies as st

Arrays = dict[str, np.ndarray[Any, Any]]


def cases(rows: tuple[str, ...] = ROWS, **fixed: Any) -> st.SearchStrategy[Case]:
    drawn = {
        "cell": st.sampled_from(list(CELLS)),
        "batch": st.integers(1, 7),
        "steps": st.integers(0, 9),
        "inputs": st.integers(1, 5),
        "units": st.integers(1, 20),
        "dtype": st.sampled_from(["float32", "float64"]),
        "rows": st.sampled_from(rows),
        "go_backwards": st.booleans(),
        "time_major": st.booleans(),
        "bias": st.booleans(),
        "states": st.booleans(),
        "seed": st.integers(0, 100),
    }
    drawn |= {name: st.just(value) for name, value in fixed.items()}
    return st.builds(Case, **drawn)


def assert_equal(actual: Arrays, expected: Arrays) -> None:
    """Equal values; unlike bits, -0 equals 0."""
    for name, array in actual.items():
        np.testing.assert_array_equal(array, expected[name], name)


def without_nan(call: Call) -> Call:
    return call.changed(x=np.nan_to_num(call.x), dy=np.nan_to_num(call.dy))


def pick(call: Call, index: Any, **options: Any) -> Call:
    """The call on x[:, index]; index may also hold an array of steps for each row."""
    x, dy = call.x, call.dy
    if isinstance(index, np.ndarray):
        x, dy = (np.take_along_axis(a, index[:, :, None], 1) for a in (x, dy))
    else:
        x, dy = x[:, index], dy[:, index]
    return call.changed(x=x, dy=dy, **options)


@given(cases())
def test_the_reference(case: Case) -> None:
    call = make_call(case)
    actual = call.train()
    assert_agrees(actual, reference_result(case), case)
    assert_same_bits(call.infer(), actual)


@given(cases(time_major=False))
def test_time_major_is_a_matter_of_layout(case: Case) -> None:
    call = make_call(case)
    x, dy = call.x.swapaxes(0, 1), call.dy.swapaxes(0, 1)
    actual = call.changed(x=x, dy=dy, time_major=True).train()
    for name in ("y", "dx"):
        actual[name] = actual[name].swapaxes(0, 1)
    assert_same_bits(actual, call.train())


@given(cases(("lengths", "lengths_full", "lengths_zero"), time_major=False))
def test_lengths_are_a_mask_of_the_first_steps(case: Case) -> None:
    call = make_call(case)
    expected = call.train()
    # dy beyond the lengths is ignored; under a mask it flows back, so here it must be zero.
    masked = call.changed(lengths=None, mask=call.real, dy=np.nan_to_num(call.dy)).train()
    masked["y"] = np.where(call.real[:, :, None], masked["y"], 0)
    assert_equal(masked, expected)


@given(cases(("full", "lengths", "holes", "front"), go_backwards=False, time_major=False))
def test_going_backwards_is_going_forwards_in_reversed_time(case: Case) -> None:
    call = make_call(case)
    time = np.arange(case.steps)
    lengths = call.options.get("lengths")
    end = np.full(case.batch, case.steps) if lengths is None else lengths
    # Padding stays where it is: each row is reversed within its length.
    order = np.where(time < end[:, None], end[:, None] - 1 - time, time)
    options: dict[str, Any] = {"go_backwards": True}
    if "mask" in call.options:
        options["mask"] = call.real[:, ::-1]
    actual = pick(call, order, **options).train()
    for name in ("y", "dx"):
        actual[name] = np.take_along_axis(actual[name], order[:, :, None], 1)
    assert_same_bits(actual, call.train())


@given(cases(("full", "lengths"), time_major=False, states=True), st.integers(0, 9))
def test_two_halves_make_a_whole(case: Case, cut: int) -> None:
    """The state of the first half starts the second; backwards the gradients do the same."""
    call = make_call(case)
    expected = call.train()
    cut = min(cut, case.steps)
    parts = [pick(call, slice(None, cut)), pick(call, slice(cut, None))]
    if "lengths" in call.options:
        lengths = call.options["lengths"]
        parts[0] = parts[0].changed(lengths=np.minimum(lengths, cut))
        parts[1] = parts[1].changed(lengths=np.maximum(lengths - cut, 0))
    if case.go_backwards:
        parts.reverse()
    first, second = parts
    states = "hc"[: len(call.initial_state)]
    middle = first.infer()
    second = second.changed(initial_state=tuple(middle[name] for name in states))
    after = second.train()
    first = first.changed(dstate=tuple(after[f"d{name}"] for name in states))
    before = first.train()
    halves = [after, before] if case.go_backwards else [before, after]
    joined = {"y": np.concatenate([half["y"] for half in halves], 1)}
    joined |= {name: after[name] for name in states}
    assert_same_bits(joined, expected)
    gradients = {"dx": np.concatenate([half["dx"] for half in halves], 1)}
    gradients |= {f"d{name}": before[f"d{name}"] for name in states}
    for name in {"dkernel", "drecurrent_kernel", "dbias"} & set(before):
        gradients[name] = before[name] + after[name]
    assert_agrees(gradients, expected, case)


@given(cases(("full", "lengths"), time_major=False), st.integers(1, 5))
def test_more_padding_changes_nothing(case: Case, more: int) -> None:
    call = make_call(case)
    lengths = call.options.get("lengths", np.full(case.batch, case.steps))
    wider = [(0, 0), (0, more), (0, 0)]
    x, dy = (np.pad(a, wider, constant_values=np.nan) for a in (call.x, call.dy))
    actual = call.changed(x=x, dy=dy, lengths=lengths).train()
    for name in ("y", "dx"):
        assert not actual[name][:, case.steps :].any()
        actual[name] = actual[name][:, : case.steps]
    assert_same_bits(actual, call.train())


@given(cases(("full", "front", "holes"), time_major=False), st.data())
def test_masked_steps_may_stand_anywhere(case: Case, data: st.DataObject) -> None:
    """Steps put in between, masked and full of NaN, change neither states nor real outputs."""
    call = make_call(case)
    repeats = data.draw(st.lists(st.integers(1, 3), min_size=case.steps, max_size=case.steps))
    wide = np.repeat(np.arange(case.steps), repeats)
    own = np.flatnonzero(np.diff(wide, prepend=-1))  # where each old step stands now
    mask = np.zeros((case.batch, wide.size), bool)
    mask[:, own] = call.real
    x = np.full((case.batch, wide.size, case.inputs), np.nan, case.dtype)
    x[:, own] = call.x
    dy = np.zeros((case.batch, wide.size, case.units), case.dtype)
    dy[:, own] = np.nan_to_num(call.dy)
    actual = call.changed(x=x, dy=dy, mask=mask).train()
    for name in ("y", "dx"):
        actual[name] = actual[name][:, own]
    expected = call.train()
    real = call.real[:, :, None]
    actual["y"], expected["y"] = actual["y"] * real, expected["y"] * real
    assert_equal(actual, expected)


@given(cases(time_major=False), st.randoms(use_true_random=False))
def test_rows_may_come_in_any_order(case: Case, random: Any) -> None:
    call = make_call(case)
    order = list(range(case.batch))
    random.shuffle(order)
    options = {n: call.options[n][order] for n in ("lengths", "mask") if n in call.options}
    state = call.initial_state and tuple(s[order] for s in call.initial_state)
    actual = call.changed(x=call.x[order], initial_state=state, **options).infer()
    assert_same_bits(actual, {name: array[order] for name, array in call.infer().items()})


@given(cases(), st.integers(-8, 8))
def test_gradients_scale_with_those_of_the_outputs(case: Case, power: int) -> None:
    """A power of two only moves exponents, so not a bit of the fractions may change."""
    call = make_call(case)
    dstate = tuple(np.ldexp(d, power) for d in call.dstate)
    actual = call.changed(dy=np.ldexp(call.dy, power), dstate=dstate).train()
    for name, expected in call.train().items():
        scaled = np.ldexp(expected, power) if name.startswith("d") else expected
        np.testing.assert_array_equal(actual[name], scaled, name)


@given(cases())
def test_gradients_add_up(case: Case) -> None:
    call = without_nan(make_call(case))
    other = np.random.default_rng(case.seed).standard_normal(call.dy.shape).astype(case.dtype)
    one, two = call.train(), call.changed(dy=other, dstate=None).train()
    both = call.changed(dy=call.dy + other).train()
    names = [name for name in both if name.startswith("d")]
    total = {name: one[name] + two[name] for name in names}
    assert_agrees({name: both[name] for name in names}, total, case)


@given(cases(go_backwards=False, time_major=False))
def test_the_future_does_not_change_the_past(case: Case) -> None:
    call = make_call(case)
    expected = call.infer()["y"]
    for t in range(case.steps):
        x = call.x.copy()
        x[:, t + 1 :] = np.nan
        y = call.changed(x=x).infer()["y"]
        np.testing.assert_array_equal(y[:, : t + 1], expected[:, : t + 1])


@given(cases(dtype="float64"))
def test_float32_is_float64_rounded(case: Case) -> None:
    call = make_call(case)
    single = make_call(Case(**{**vars(case), "dtype": "float32"}))
    assert_agrees(single.train(), call.train(), single.case)
