"""A forked child computes like its parent, whatever the parent's pool was doing."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from calls import Case, assert_same_bits, make_call

import rnncore
from rnncore import _core, ops

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

CASE = Case("lstm", 24, 10, 8, 70, "float32", "lengths")


def fork_and_run(child: Callable[[], None]) -> None:
    """Runs `child` in a forked process; what it raises is raised here."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns of exactly what is tried here: fork with threads about.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        status = 1
        try:
            child()
            status = 0
        except BaseException:
            os.write(writer, traceback.format_exc().encode())
        finally:
            os._exit(status)
    os.close(writer)
    try:
        until = time.monotonic() + 60
        done, status = os.waitpid(pid, os.WNOHANG)
        while not done:
            if time.monotonic() > until:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                raise AssertionError("the child hangs")
            time.sleep(0.005)
            done, status = os.waitpid(pid, os.WNOHANG)
        message = os.read(reader, 65536).decode()
    finally:
        os.close(reader)
    assert status == 0, f"the child ended with status {status}\n{message}"


def check_in_child(expected: dict, threads: int) -> Callable[[], None]:
    def child() -> None:
        assert rnncore.get_num_threads() == threads
        call = make_call(CASE)
        for _ in range(3):
            assert_same_bits(call.train(), expected)
            assert_same_bits(call.infer(), expected)

    return child


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("used", [False, True])
def test_fork(runtime: None, used: bool, threads: int) -> None:
    """Both before the pool has started its threads and when they spin or sleep."""
    rnncore.set_num_threads(threads)
    expected = make_call(CASE).train()
    rnncore.set_num_threads(threads)  # a new pool, whose threads do not exist yet
    for pause in (0.0, 0.01):
        if used:
            make_call(CASE).train()
            time.sleep(pause)
        fork_and_run(check_in_child(expected, threads))
    assert_same_bits(make_call(CASE).train(), expected)  # the parent's pool still works


def test_the_child_has_a_pool_that_works(runtime: None) -> None:
    rnncore.set_num_threads(2)
    call = make_call(CASE)
    call.train()

    def child() -> None:
        until = time.monotonic() + 30
        assert _core.get_context().tasks_done == (0, 0)
        while not all(_core.get_context().tasks_done):
            call.train()
            assert time.monotonic() < until, "the second thread never worked"

    fork_and_run(child)


def test_fork_in_a_child(runtime: None) -> None:
    rnncore.set_num_threads(2)
    expected = make_call(CASE).train()

    def child() -> None:
        check_in_child(expected, 2)()
        fork_and_run(check_in_child(expected, 2))

    fork_and_run(child)


def test_the_child_may_use_a_tape_of_its_parent(runtime: None) -> None:
    """The tape belongs to a context whose threads did not come along."""
    rnncore.set_num_threads(2)
    call = make_call(CASE)
    expected = call.train()
    _, _, tape = ops.lstm_forward(*call.arguments(), **call.options)

    def child() -> None:
        g = ops.lstm_backward(tape, call.dy, call.dstate)
        assert_same_bits({"dx": g.dx, "dkernel": g.dkernel}, expected)

    fork_and_run(child)
    child()


@pytest.mark.parametrize("used", [False, True])
def test_the_child_goes_on_with_a_stream_of_its_parent(runtime: None, used: bool) -> None:
    """So many rows and units that both threads take part."""
    rnncore.set_num_threads(2)
    call = make_call(Case("lstm", 64, 10, 8, 256, "float32"))
    weights = ops.lstm_weights(call.kernel, call.recurrent_kernel, call.bias)
    expected, _ = ops.lstm(call.x, weights)
    stream = weights.stream(64)
    start = 4 if used else 0
    assert np.array_equal(stream.run(call.x[:, :start]), expected[:, :start])

    def child() -> None:
        assert np.array_equal(stream.run(call.x[:, start:]), expected[:, start:])

    fork_and_run(child)
    child()


def test_fork_while_another_thread_computes(runtime: None) -> None:
    rnncore.set_num_threads(2)
    call = make_call(CASE)
    expected = call.train()
    over = threading.Event()

    def compute() -> None:
        while not over.is_set():
            call.train()

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        for _ in range(5):
            fork_and_run(check_in_child(expected, 2))
    finally:
        over.set()
        thread.join()
