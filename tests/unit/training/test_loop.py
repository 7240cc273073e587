"""Ctrl-C leaves a model between two steps, never within one; NumPy is silent within steps only."""

import _thread
import copy
import functools
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import numpy as np
import pytest

from rnncore.callbacks import Callback
from rnncore.layers import LSTM, Dense, Embedding, Layer
from rnncore.models import Sequential
from rnncore.networks.parameter_buffer import ParameterBuffer
from rnncore.optimizers import SGD
from rnncore.training.loop import InterruptGuard

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
    with InterruptGuard() as guard:
        guard.holding = True
        guard.release()
    with pytest.raises(KeyboardInterrupt), InterruptGuard():  # noqa: PT012
        _thread.interrupt_main()
        for _ in range(1000):
            pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_held_interrupt_comes_after_the_block() -> None:
    reached = False
    with pytest.raises(KeyboardInterrupt), InterruptGuard() as guard:  # noqa: PT012
        guard.holding = True
        _thread.interrupt_main()
        for _ in range(1000):
            pass
        reached = True
        guard.release()
        pytest.fail("the interrupt was lost")
    assert reached


def test_held_interrupt_comes_after_an_error_too() -> None:
    with pytest.raises(KeyboardInterrupt) as caught, InterruptGuard() as guard:  # noqa: PT012
        guard.holding = True
        _thread.interrupt_main()
        for _ in range(1000):
            pass
        raise ValueError("in the middle of a step")
    assert isinstance(caught.value.__context__, ValueError)


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


def interrupted_at(function: Callable[[], Any], instruction: int, *names: str) -> bool:
    """Call, with Ctrl-C before that instruction of the functions of these names; False: none left.

    The count goes over all of them together, and stands for every moment at which Python lets a
    signal in, and for some at which it does not.
    """
    left = instruction

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code.co_name not in names or "rnncore" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def equal(a: Sequential, b: Sequential) -> bool:
    pairs = zip(a.get_weights(), b.get_weights(), strict=True)
    return all(np.array_equal(x, y) for x, y in pairs)


def test_embedding_keeps_no_rows_of_an_interrupted_step() -> None:
    early, late, y = np.array([[1, 2]]), np.array([[5, 6]]), np.ones((1, 1), np.float32)
    model = Sequential([Embedding(8, 3, input_length=2), LSTM(2), Dense(1)])
    model.compile("sgd", "mse")
    model.train_on_batch(early, y)
    embedding = model.layers[0]
    dy = np.ones((1, 2, 3), np.float32)
    twin = copy.deepcopy(model)
    twin.train_on_batch(late, y)
    instruction = 0
    interrupted = True
    while interrupted:
        instruction += 1
        _, tape = embedding.forward(early, training=True)
        interrupted = interrupted_at(
            functools.partial(embedding.backward, tape, dy), instruction, "backward", "take"
        )
        other = copy.deepcopy(model)
        # A copy starts with clean gradients: it is the model itself that has to forget.
        weights = model.get_weights()
        model.train_on_batch(late, y)
        assert equal(model, twin), instruction
        model.set_weights(weights)
        assert other.layers[0].weights[0].grad_rows is None
    assert instruction > 20


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_buffers_are_made_whole_or_again(stride: int) -> None:
    twin = make(SGD(0.01))
    weights = twin.get_weights()
    twin.train_on_batch(X, Y)
    instruction = 0
    interrupted = True
    while interrupted:
        instruction += stride
        model = make(SGD(0.01, momentum=0.0))
        model.set_weights(weights)
        interrupted = interrupted_at(
            model._start_training,
            instruction,
            "ensure_grads",
            "__init__",
            "bind_value",
            "bind_grad",
            "build",
        )
        model.train_on_batch(X, Y)
        assert equal(model, twin), instruction
    assert instruction > 100


def test_a_weight_that_is_taken_by_another_model_is_never_in_two_buffers() -> None:
    instruction = 0
    interrupted = True
    while interrupted:
        instruction += 1
        model = make("sgd")
        first = model.parameter_buffer()
        interrupted = interrupted_at(
            lambda model=model: ParameterBuffer(model.weights, model.dtype),  # type: ignore[misc]
            instruction,
            "bind_value",
        )
        moved = any(not np.shares_memory(w.value, first.values) for w in model.weights)
        assert not (moved and first.holds(model.weights)), instruction


def test_an_optimizer_is_built_whole_or_again() -> None:
    instruction = 0
    interrupted = True
    while interrupted:
        instruction += 1
        optimizer = SGD(0.1, momentum=0.9)
        interrupted = interrupted_at(
            lambda o=optimizer: o.build(4, "float32"),
            instruction,
            "build",  # type: ignore[misc]
        )
        assert not optimizer.built or list(optimizer.slots) == ["momentum"], instruction


class Errors(Callback):
    """Notes what NumPy does about errors in the hooks of batches."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def note(self, batch: int, logs: Any = None) -> None:
        self.seen.append(np.geterr())

    on_train_batch_begin = on_train_batch_end = on_test_batch_begin = on_test_batch_end = note
    on_predict_batch_begin = on_predict_batch_end = note


class Overflowing(Layer):
    """Overflows, and would warn of it."""

    def __init__(self, seen: list[Any]) -> None:
        super().__init__()
        self.seen = seen

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        self.seen.append(np.geterr())
        return np.exp(x + np.float32(100)), None

    def backward(self, tape: Any, dy: Any, *, need_dx: bool = True) -> Any:
        return dy


def test_numpy_is_silent_in_the_work_and_as_usual_around_it() -> None:
    usual, silent = {**np.geterr(), "under": "raise"}, dict.fromkeys(np.geterr(), "ignore")
    ignoring = {**usual, "divide": "ignore"}
    inside: list[Any] = []
    around = Errors()
    model = Sequential([Overflowing(inside), Dense(1, input_shape=(2,))])

    def batches() -> Iterator[Any]:
        for _ in range(2):
            around.seen.append(np.geterr())
            with np.errstate(divide="ignore"):
                yield X[:, 0], Y
                assert np.geterr() == ignoring

    model.compile("sgd", "mse")
    with np.errstate(under="raise"):
        with pytest.warns(RuntimeWarning, match="loss is"):
            model.fit(batches(), verbose=0, callbacks=[around])
        model.evaluate(batches(), verbose=0, callbacks=[around])
        model.predict(X[:, 0], batch_size=4, verbose=0, callbacks=[around])
        assert np.geterr() == usual
        assert len(around.seen) == 2 * 3 + 2 * 3 + 2 * 2
        assert all(one in (usual, ignoring) for one in around.seen)
        assert all(one == usual for one in around.seen[-4:])  # those of predict
        assert all(one == silent for one in inside[-6:])
        inside.clear()
        with pytest.warns(RuntimeWarning, match="loss is"):
            model.train_on_batch(X[:, 0], Y)
        model.test_on_batch(X[:, 0], Y)
        model.gradients(X[:, 0], Y)
        assert inside == [silent] * 3
