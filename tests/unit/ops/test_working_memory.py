"""Calls that keep no workspace leave their memory for the next one."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from calls import CELLS, Case, make_call

from rnncore import _core, ops


@pytest.mark.parametrize("cell", CELLS)
def test_the_next_call_of_the_same_shape_allocates_nothing(cell: str) -> None:
    call = make_call(Case(cell, 5, 7, 3, 33))
    for run in (call.infer, call.train):
        expected = run()
        before = _core.blocks_allocated()
        for _ in range(3):
            for name, array in run().items():
                np.testing.assert_array_equal(array, expected[name], name)
        assert _core.blocks_allocated() == before


def test_shapes_in_turn_keep_two_blocks_only() -> None:
    """What does not fit is made anew, and nothing is kept for each shape that was seen."""
    calls = [make_call(Case("lstm", 2, 3, 2, units)) for units in (8, 64, 200, 16)]
    expected = [call.train() for call in calls]
    for _ in range(3):
        for call, results in zip(calls, expected, strict=True):
            for name, array in call.train().items():
                np.testing.assert_array_equal(array, results[name], name)
            assert 1 <= len(_core.spare_memory()) <= 2


def test_a_block_that_is_too_large_is_not_kept() -> None:
    x, kernel = np.zeros((1, 1, 1), "float32"), np.zeros((1, 4 * 3000), "float32")
    recurrent_kernel = np.zeros((3000, 4 * 3000), "float32")  # 144 MB, and as much when packed
    ops.lstm(np.repeat(x, 4, axis=1), kernel, recurrent_kernel)
    assert sum(_core.spare_memory()) <= 128 << 20


def forward_call(scale: float, workspace: _core.Workspace, training: bool = True) -> _core.Call:
    x = np.linspace(-1, 1, 8, dtype="float32").reshape(2, 4, 1)
    kernel, recurrent_kernel = np.full((1, 8), scale, "f"), np.full((2, 8), scale, "f")
    return _core.forward_call(
        "lstm", x, kernel, recurrent_kernel, None, None, None, None, False, False, None,
        training=training, workspace=workspace,
    )  # fmt: skip


def dkernel(tape: _core.Tape) -> np.ndarray:
    dy = np.ones((2, 4, 2), "float32")
    return np.array(_core.run(_core.backward_call("lstm", tape, dy, None))[1])


def test_a_tape_keeps_its_weights() -> None:
    """Another forward pass with the same workspace changes nothing for the first."""
    expected = dkernel(_core.run(forward_call(0.5, _core.Workspace()))[2])
    workspace = _core.Workspace()
    first = _core.run(forward_call(0.5, workspace))[2]
    second = _core.run(forward_call(0.1, workspace))[2]
    np.testing.assert_array_equal(dkernel(first), expected)
    assert (dkernel(second) != expected).any()


def test_calls_together_all_end_when_one_fails() -> None:
    tape = _core.run(forward_call(0.5, _core.Workspace()))[2]
    used = _core.backward_call("lstm", tape, None, None)
    _core.run(used)
    workspace = _core.Workspace()
    good = forward_call(0.5, workspace, training=False)
    with pytest.raises(ValueError, match="tape"):
        _core.run_together([used, good])
    before = _core.blocks_allocated()
    _core.run(forward_call(0.5, workspace, training=False))
    assert _core.blocks_allocated() == before


def test_threads_do_not_share_a_block() -> None:
    calls = [make_call(Case("gru", 4, 9, 5, 40, seed=seed)) for seed in range(4)]
    expected = [call.train()["dkernel"] for call in calls]
    wrong: list[int] = []

    def work(index: int) -> None:
        for _ in range(50):
            if not np.array_equal(calls[index].train()["dkernel"], expected[index]):
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
