"""Threads that meet at a model whose weights are not made yet find one and the same."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rnncore.layers import LSTM, Dense
from rnncore.layers.parameter import building
from rnncore.models import Sequential

THREADS = 4
X = np.random.default_rng(0).standard_normal((3, 4, 2)).astype(np.float32)


def slowly(shape: Any, dtype: Any, rng: np.random.Generator) -> Any:
    """Initialize so slowly that the other threads catch up."""
    time.sleep(0.02)
    return rng.standard_normal(shape).astype(dtype)


def together(function: Callable[[], Any]) -> list[Any]:
    start, results = threading.Barrier(THREADS), []

    def run() -> None:
        start.wait()
        results.append(function())

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == THREADS
    return results


def test_first_predict() -> None:
    model = Sequential([LSTM(3, kernel_initializer=slowly), Dense(1, kernel_initializer=slowly)])
    results = together(lambda: model.predict(X, verbose=0))
    assert [len(layer.weights) for layer in model.layers] == [3, 2]
    expected = model.predict(X, verbose=0)
    for found in results:
        np.testing.assert_array_equal(found, expected)


def test_first_call_of_a_layer() -> None:
    layer = LSTM(3, kernel_initializer=slowly)
    results = together(lambda: layer(X))
    assert len(layer.weights) == 3
    for found in results:
        np.testing.assert_array_equal(found, layer(X))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork_while_another_thread_builds() -> None:
    """The child finds the lock free, though the thread that had it is not there."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with building:
            held.set()
            done.wait(0.05)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    pid = os.fork()
    if pid == 0:
        os._exit(0 if building.acquire(timeout=5) else 1)
    done.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
