"""Ctrl-C leaves a model between two steps, never within one."""

import _thread
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from rnncore.layers import LSTM, Dense
from rnncore.models import Sequential
from rnncore.optimizers import SGD
from rnncore.training.interrupts import InterruptGuard

X = np.random.default_rng(0).standard_normal((8, 4, 2)).astype(np.float32)
Y = np.ones((8, 1), np.float32)


@pytest.fixture(autouse=True)
def ctrl_c_interrupts() -> Iterator[None]:
    """As in a foreground job: a job in the background of a shell starts with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class InterruptedSGD(SGD):
    """Is hit by Ctrl-C in the middle of the third update."""

    def step(self, params: Any, grads: Any, segments: Any) -> None:
        half = params.size // 2
        params[:half] -= 0.01 * grads[:half]
        if self.iterations == 2:
            _thread.interrupt_main()
        params[half:] -= 0.01 * grads[half:]
        self.iterations += 1


def make(optimizer: Any) -> Sequential:
    model = Sequential([LSTM(3, input_shape=(4, 2)), Dense(1)])
    model.compile(optimizer, "mse")
    return model


def test_the_step_is_finished_and_the_history_kept() -> None:
    model = make(InterruptedSGD(0.01))
    twin = make(SGD(0.01))
    twin.set_weights(model.get_weights())
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=5, batch_size=4, shuffle=False, verbose=0)
    assert model.optimizer.iterations == 3
    for part in (X[:4], X[4:], X[:4]):
        twin.train_on_batch(part, Y[:4])
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    assert model.history is not None
    assert model.history.epoch == [0]
    assert len(model.history.history["loss"]) == 1
    model.fit(X, Y, epochs=1, verbose=0)
    assert np.isfinite(model.predict(X, verbose=0)).all()


def test_interrupt_elsewhere_acts_at_once() -> None:
    with InterruptGuard() as guard, guard.held():
        pass
    with pytest.raises(KeyboardInterrupt), InterruptGuard():  # noqa: PT012
        _thread.interrupt_main()
        for _ in range(1000):
            pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_held_interrupt_comes_after_the_block() -> None:
    reached = False
    with pytest.raises(KeyboardInterrupt), InterruptGuard() as guard:  # noqa: PT012
        with guard.held():
            _thread.interrupt_main()
            for _ in range(1000):
                pass
            reached = True
        pytest.fail("the interrupt was lost")
    assert reached


def test_handler_of_the_user_is_called_and_restored() -> None:
    calls: list[int] = []

    def handler(number: int, frame: Any) -> None:
        calls.append(number)

    previous = signal.signal(signal.SIGINT, handler)
    try:
        make(InterruptedSGD(0.01)).fit(X, Y, epochs=3, batch_size=4, verbose=0)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, previous)
    assert calls == [signal.SIGINT]
