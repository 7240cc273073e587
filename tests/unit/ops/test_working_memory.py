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
