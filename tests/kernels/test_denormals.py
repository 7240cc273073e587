"""Denormal numbers count as zero inside a call; the caller's floating-point mode comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from calls import CELLS, ISAS, Call, Case, assert_agrees, make_call
from choosing import pairwise

import rnncore
from rnncore import _reference, ops


def denormals_live() -> bool:
    """Whether this thread still computes with denormal numbers."""
    small = np.full(40, np.float32(1e-40))
    tiny = np.full(40, 1e-310)
    return bool(np.all(small * np.float32(0.5) > 0) and np.all(tiny + tiny > tiny))


@pytest.fixture(autouse=True)
def _caller_mode() -> Iterator[None]:
    assert denormals_live()
    yield
    assert denormals_live()


def scaled(call: Call, scale: float, *names: str) -> Call:
    """The call with arrays of its dtype times `scale` in float64, so that 0 gives zeros."""

    def times(array: np.ndarray) -> np.ndarray:
        return (array.astype("float64") * scale).astype(array.dtype)

    changes = {}
    for name in names:
        value = getattr(call, name)
        changes[name] = tuple(map(times, value)) if isinstance(value, tuple) else times(value)
    return call.changed(**changes)


@pairwise(
    isa=ISAS,
    cell=CELLS,
    what=["x", "initial_state", "kernel", "recurrent_kernel", "dy", "all"],
    dtype=["float32", "float64"],
)
def test_denormals_count_as_zeros(isa: str, cell: str, what: str, dtype: str) -> None:
    scale = {"float32": 1e-41, "float64": 1e-311}[dtype]
    case = Case(cell, 7, 6, 5, 17, dtype, "lengths", bias=False)
    names = ("x", "kernel", "recurrent_kernel", "initial_state", "dy", "dstate")
    names = names if what == "all" else (what,)
    call = make_call(case)
    denormal, zero = scaled(call, scale, *names), scaled(call, 0.0, *names)
    assert np.any(np.concatenate([np.ravel(getattr(denormal, n)) for n in names]) != 0)
    actual, expected = denormal.train(), zero.train()
    none = call.options["lengths"] == 0
    for name, array in actual.items():
        if name in ("h", "c", "dh", "dc"):
            # A row without steps is copied, not computed with.
            array, expected[name] = array[~none], expected[name][~none]
        np.testing.assert_array_equal(array, expected[name], name)
    assert_agrees(denormal.train(), denormal.train(_reference), case)
    inferred = denormal.infer()
    for name, array in inferred.items():
        array = array[~none] if name in ("h", "c") else array
        np.testing.assert_array_equal(array, expected[name], name)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_state_that_fades_away(runtime: None, isa: str, dtype: str, threads: int) -> None:
    """h = h'/2 until it is no normal number any more, in both directions of time."""
    rnncore.set_num_threads(threads)
    finfo = np.finfo(dtype)
    steps = -int(finfo.minexp) + 40
    units, batch = 32, 8
    x, kernel = np.zeros((batch, steps, 1), dtype), np.zeros((1, units), dtype)
    half = (0.5 * np.eye(units)).astype(dtype)
    bias, ones = np.zeros(units, dtype), np.ones((batch, units), dtype)
    y, (h,), tape = ops.simple_rnn_forward(x, kernel, half, bias, (ones,), activation="linear")
    powers = np.ldexp(np.ones(steps, dtype), -np.arange(1, steps + 1))
    expected = np.where(powers >= finfo.smallest_normal, powers, 0)
    np.testing.assert_array_equal(y, np.broadcast_to(expected[:, None], y.shape))
    assert not h.any()
    inferred, (h,) = ops.simple_rnn(x, kernel, half, bias, (ones,), activation="linear")
    np.testing.assert_array_equal(inferred, y)
    assert not h.any()
    g = ops.simple_rnn_backward(tape, None, (ones,))
    assert not g.dinitial_state[0].any()
    np.testing.assert_allclose(g.dbias, 2.0 * batch, rtol=1e-6)  # 1 + 1/2 + 1/4 ... a row


@pytest.mark.parametrize("cell", ["lstm", "gru", "gru_before"])
def test_results_with_and_without_denormals_meet_the_reference(isa: str, cell: str) -> None:
    """Vanishing gradients: dy at the last step only, through many steps that forget."""
    case = Case(cell, 4, 90, 3, 12, "float32")
    call = make_call(replace(case, seed=3))
    dy = np.zeros_like(call.dy)
    dy[:, -1] = 1e-30
    call = scaled(call.changed(dy=dy), 1e-3, "dstate")
    assert_agrees(call.train(), call.train(_reference), case)


def test_the_mode_comes_back_after_an_error(isa: str) -> None:
    call = make_call(Case("lstm", 3, 4, 2, 5))
    with pytest.raises(ValueError, match="lengths"):
        call.infer(lengths=[9, 0, 0])
    _, _, tape = ops.lstm_forward(*call.arguments())
    ops.lstm_backward(tape, call.dy)
    with pytest.raises(ValueError, match="tape"):
        ops.lstm_backward(tape, call.dy)
