"""Weights that are packed once: the bits of a call that packs them, for as long as they live."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from calls import CELLS, ISAS, Call, Case, assert_same_bits, make_call
from choosing import pairwise

import rnncore
from rnncore import _core, ops
from rnncore.bench.fit import memory

OPTIONS = ("activation", "reset_after", "recurrent_activation")


def pack(call: Call) -> _core.Weights:
    options = {name: call.options[name] for name in OPTIONS if name in call.options}
    arrays = call.kernel, call.recurrent_kernel, call.bias
    return getattr(ops, f"{call.case.op}_weights")(*arrays, **options)


def prepare(call: Call, packed: _core.Weights, **changes: Any) -> _core.Call:
    case, options = call.case, call.options
    values: dict[str, Any] = {
        "cell": case.op,
        "x": call.x,
        "kernel": packed,
        **dict.fromkeys(("recurrent_kernel", "bias", "out")),
        "initial_state": call.initial_state,
        **{name: options.get(name) for name in ("lengths", "mask")},
        "go_backwards": case.go_backwards,
        "time_major": case.time_major,
        **{name: options[name] for name in OPTIONS if name in options},
    }
    return _core.forward_call(**(values | changes))


def named(result: tuple[Any, ...]) -> dict[str, np.ndarray]:
    y, state, tape = result
    assert tape is None
    return {"y": y, **dict(zip("hc", state, strict=False))}


def infer(call: Call, packed: _core.Weights) -> dict[str, np.ndarray]:
    return named(_core.run(prepare(call, packed)))


@pairwise(
    isa=ISAS,
    cell=[*CELLS, "lstm_relu_hard_sigmoid"],
    size=[(1, 1, 3, 5), (1, 9, 64, 64), (4, 7, 3, 33), (24, 12, 6, 72)],
    rows=["full", "lengths", "holes"],
    dtype=["float32", "float64"],
    more=[{}, {"go_backwards": True, "bias": False}, {"time_major": True, "states": False}],
)
def test_bits_are_those_of_a_call_that_packs(
    runtime: None,
    isa: str,
    cell: str,
    size: tuple[int, ...],
    rows: str,
    dtype: str,
    more: dict[str, bool],
) -> None:
    rnncore.set_max_isa(isa)
    call = make_call(Case(cell, *size, dtype=dtype, rows=rows, **more))
    assert_same_bits(infer(call, pack(call)), call.infer())


def test_values_are_copied() -> None:
    call = make_call(Case("gru", 3, 6, 4, 20))
    changing = call.changed(
        kernel=call.kernel.copy(), recurrent_kernel=call.recurrent_kernel.copy()
    )
    packed = pack(changing)
    changing.kernel.fill(np.nan)
    changing.recurrent_kernel.fill(np.nan)
    assert_same_bits(infer(call, packed), call.infer())


def test_strided_weights_are_packed_by_value() -> None:
    call = make_call(Case("lstm", 3, 6, 4, 20))
    wide = np.asfortranarray(call.recurrent_kernel)
    assert_same_bits(infer(call, pack(call.changed(recurrent_kernel=wide))), call.infer())


def test_later_contexts_lend_their_threads(runtime: None) -> None:
    call = make_call(Case("lstm", 48, 30, 6, 72, "float32"))
    rnncore.set_num_threads(1)
    packed = pack(call)
    for threads in (2, 3, 1):
        rnncore.set_num_threads(threads)
        assert_same_bits(infer(call, packed), call.infer())
    rnncore.set_num_threads(2)
    infer(call, packed)
    assert sum(_core.get_context().tasks_done) > 0, "it ran on the context of the call"
    # The kernels are those it was packed for, whatever a later context has.
    expected = infer(call, packed)
    rnncore.set_max_isa(ISAS[0])
    assert_same_bits(infer(call, packed), expected)


def test_python_threads_share_them(runtime: None) -> None:
    rnncore.set_num_threads(2)
    calls = [make_call(Case("gru", batch, 12, 5, 40, "float32")) for batch in (1, 24)]
    packed = [pack(call) for call in calls]

    def run(_: int) -> None:
        for _ in range(20):
            for call, weights in zip(calls, packed, strict=True):
                assert_same_bits(infer(call, weights), call.infer())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))


def test_calls_that_run_together_share_them() -> None:
    call = make_call(Case("lstm", 3, 6, 4, 20))
    packed = pack(call)
    calls = [prepare(call, packed, workspace=_core.Workspace()) for _ in range(2)]
    for result in _core.run_together(calls):
        assert_same_bits(named(result), call.infer())


def test_a_call_keeps_them() -> None:
    call = make_call(Case("gru", 3, 6, 4, 20))
    ready = prepare(call, pack(call))
    pack(call.changed(kernel=call.kernel * 2))  # which may take the place of freed memory
    assert_same_bits(named(_core.run(ready)), call.infer())


@pytest.mark.skipif(memory("VmRSS") is None, reason="needs /proc")
def test_they_are_freed() -> None:
    call = make_call(Case("lstm", 1, 2, 256, 256, "float32"))  # 2 MB
    infer(call, pack(call))
    before = memory("VmRSS") or 0
    for _ in range(50):
        infer(call, pack(call))
    assert (memory("VmRSS") or 0) - before < 20 << 20


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"x": np.zeros((2, 3, 5))}, ValueError, "x: expected 4 features like the packed weights"),
        ({"x": np.zeros((2, 3, 4), "f")}, TypeError, "x: expected the dtype of the packed weights"),
        ({"x": np.zeros((3, 4))}, ValueError, "x: expected 3 dimensions"),
        ({"x": [[[1.0] * 4]]}, TypeError, "x: expected a NumPy array"),
        ({"cell": "gru"}, ValueError, "kernel: expected packed weights of gru, got <packed"),
        ({"training": True}, TypeError, "kernel: expected an array in training, got <packed"),
        ({"initial_state": (np.zeros((2, 7)),) * 2}, ValueError, "initial_state.*shape .2, 8."),
        ({"out": np.zeros((2, 3, 7))}, ValueError, "out: expected shape .2, 3, 8."),
    ],
)
def test_calls_that_do_not_fit(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    call = make_call(Case("lstm", 2, 3, 4, 8))
    with pytest.raises(error, match=message):
        prepare(call, pack(call), **changes)


@pytest.mark.parametrize(
    ("index", "array", "error", "message"),
    [
        (0, np.zeros((4, 31)), ValueError, "kernel: expected shape .4, 32."),
        (0, np.zeros((4, 32), int), TypeError, "kernel: expected dtype float32 or float64"),
        (0, np.zeros(32), ValueError, "kernel: expected 2 dimensions"),
        (1, np.zeros((8, 31)), ValueError, "recurrent_kernel: expected shape"),
        (1, np.zeros((8, 32), "f"), TypeError, "recurrent_kernel: expected dtype float64"),
        (2, np.zeros(31), ValueError, "bias: expected shape .32,."),
        (2, [0.0] * 32, TypeError, "bias: expected a NumPy array"),
    ],
)
def test_weights_that_do_not_fit(
    index: int, array: Any, error: type[Exception], message: str
) -> None:
    arrays: list[Any] = [np.zeros((4, 32)), np.zeros((8, 32)), np.zeros(32)]
    arrays[index] = array
    with pytest.raises(error, match=message):
        ops.lstm_weights(*arrays)


def test_results_that_do_not_fit_into_memory() -> None:
    call = make_call(Case("lstm", 2, 3, 4, 8))
    x = np.broadcast_to(np.zeros(()), (2**22, 2**23, 4))
    with pytest.raises(MemoryError, match=r"^x, recurrent_kernel: .* and <packed weights"):
        prepare(call, pack(call), x=x, initial_state=None)
