"""Many Python threads at once on the default context, and changes of it meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from calls import Case, assert_same_bits, make_call

import rnncore
from rnncore import ops

CASES = [
    Case("lstm", 24, 10, 8, 64, "float32"),
    Case("gru", 13, 12, 5, 33, "float64", "lengths"),
    Case("gru_before", 1, 6, 5, 256, "float32"),
    Case("rnn_tanh", 40, 8, 30, 64, "float32", "holes"),
    Case("lstm", 2, 3, 2, 3, "float64", go_backwards=True),
    Case("gru", 3, 8, 4, 260, "float32", "front"),
    Case("lstm", 130, 9, 4, 20, "float32", "lengths"),
    Case("rnn_relu", 7, 0, 4, 9, "float64"),
]


def at_once(functions: list[Callable[[], None]]) -> None:
    """Runs all of them, each on a thread of its own, from one starting shot."""
    start = threading.Barrier(len(functions))

    def run(function: Callable[[], None]) -> None:
        start.wait()
        function()

    with ThreadPoolExecutor(len(functions)) as pool:
        for done in [pool.submit(run, function) for function in functions]:
            done.result()


@pytest.mark.parametrize("threads", [1, 2])
def test_eight_threads_at_once(runtime: None, threads: int) -> None:
    rnncore.set_num_threads(threads)
    calls = [make_call(case) for case in CASES]
    expected = [call.train() for call in calls]

    def job(first: int) -> Callable[[], None]:
        def run() -> None:
            for i in range(24):
                k = (first + i) % len(calls)
                assert_same_bits(calls[k].train(), expected[k])
                assert_same_bits(calls[k].infer(), expected[k])

        return run

    at_once([job(first) for first in range(8)])


def test_eight_threads_share_the_same_arrays(runtime: None) -> None:
    rnncore.set_num_threads(2)
    call = make_call(CASES[0])
    expected = call.train()

    def run() -> None:
        for _ in range(12):
            assert_same_bits(call.train(), expected)

    at_once([run] * 8)


def test_settings_may_change_while_others_compute(runtime: None) -> None:
    rnncore.set_num_threads(2)
    calls = [make_call(case) for case in CASES[:4]]
    expected = [call.train() for call in calls]
    over = threading.Event()

    def compute() -> None:
        try:
            for _ in range(15):
                for call, result in zip(calls, expected, strict=True):
                    assert_same_bits(call.train(), result)
        finally:
            over.set()

    def change() -> None:
        threads = 1
        while not over.is_set():
            threads = threads % 4 + 1
            rnncore.set_num_threads(threads)
            over.wait(0.002)

    at_once([compute, compute, change])


def test_a_tape_may_go_to_another_thread(runtime: None) -> None:
    rnncore.set_num_threads(2)
    call = make_call(CASES[1])
    expected = call.train()
    tapes = [ops.gru_forward(*call.arguments(), **call.options)[2] for _ in range(4)]

    def backward(tape: object) -> Callable[[], None]:
        def run() -> None:
            g = ops.gru_backward(tape, call.dy, call.dstate)
            np.testing.assert_array_equal(g.dkernel, expected["dkernel"])

        return run

    at_once([backward(tape) for tape in tapes])
