"""When the hooks of a callback are called, and with what."""

import copy
import pickle
import time
from typing import Any

import numpy as np
import pytest

from rnncore import Sequential
from rnncore.callbacks import Callback, CallbackList, LambdaCallback
from rnncore.layers import Dense

X = np.random.default_rng(0).standard_normal((10, 3)).astype(np.float32)
Y = X.sum(axis=1, keepdims=True)


def compiled(optimizer: Any = "sgd") -> Sequential:
    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


class Recorder(Callback):
    """Notes every call of every hook."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def names(self) -> list[str]:
        return [name for name, *_ in self.calls]


def _noting(name: str) -> Any:
    def hook(self: Recorder, *arguments: Any) -> None:
        self.calls.append((name, *copy.deepcopy(arguments)))

    return hook


for _name in [name for name in vars(Callback) if name.startswith("on_") and "on_batch" not in name]:
    setattr(Recorder, _name, _noting(_name))


def test_order_and_arguments_of_fit() -> None:
    recorder = Recorder()
    model = compiled()
    history = model.fit(
        X, Y, 4, 3, 0, [recorder], validation_data=(X[:3], Y[:3]), validation_freq=2
    )
    batches = ["on_train_batch_begin", "on_train_batch_end"] * 3
    test = ["on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end"]
    plain = ["on_epoch_begin", *batches, "on_epoch_end"]
    assert recorder.names() == [
        "on_train_begin",
        *plain,
        *["on_epoch_begin", *batches, *test, "on_epoch_end"],
        *plain,
        "on_train_end",
    ]
    assert recorder.calls[0] == ("on_train_begin", {})
    assert recorder.calls[1] == ("on_epoch_begin", 0, {})
    assert recorder.calls[2] == ("on_train_batch_begin", 0, {})
    assert [call[1] for call in recorder.calls if call[0] == "on_train_batch_end"] == [0, 1, 2] * 3
    ends = [call for call in recorder.calls if call[0] == "on_epoch_end"]
    assert [set(logs) for _, _, logs in ends] == [
        {"loss", "mae"},
        {"loss", "mae", "val_loss", "val_mae"},
        {"loss", "mae"},
    ]
    assert [logs["loss"] for _, _, logs in ends] == history.history["loss"]
    last_batch = [call for call in recorder.calls if call[0] == "on_train_batch_end"][-1]
    assert last_batch[2] == ends[-1][2] == recorder.calls[-1][1]
    assert recorder.model is model
    assert recorder.params == {"verbose": 0, "epochs": 3, "steps": 3, "batch_size": 4}


def test_evaluate_and_predict() -> None:
    recorder = Recorder()
    model = compiled()
    found = model.evaluate(X, Y, 4, 0, return_dict=True, callbacks=[recorder])
    assert recorder.names() == [
        "on_test_begin",
        *["on_test_batch_begin", "on_test_batch_end"] * 3,
        "on_test_end",
    ]
    assert recorder.calls[-1][1] == found
    assert recorder.params == {"verbose": 0, "steps": 3}
    recorder.calls.clear()
    for size in (4, 10):
        outputs = model.predict(X, size, 0, callbacks=recorder)
        got = [call[2]["outputs"] for call in recorder.calls if call[0] == "on_predict_batch_end"]
        np.testing.assert_array_equal(np.concatenate(got), outputs)
        assert recorder.names()[0] == "on_predict_begin"
        assert recorder.names()[-1] == "on_predict_end"
        recorder.calls.clear()


def test_what_a_callback_adds_to_the_logs_is_in_the_history() -> None:
    seen = []
    adds = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(twice=2 * logs["loss"]))
    reads = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["twice"]))
    history = compiled().fit(X, Y, epochs=2, verbose=0, callbacks=[adds, reads]).history
    assert history["twice"] == seen == [2 * loss for loss in history["loss"]]


@pytest.mark.parametrize(("hook", "steps", "epochs"), [("batch", 4, 2), ("epoch", 6, 2)])
def test_stop_training(hook: str, steps: int, epochs: int) -> None:
    """Within an epoch the batch is the last, but the epoch ends as always."""

    class Stop(Recorder):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = hook == "batch" and self.model.optimizer.iterations == 4

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            super().on_epoch_end(epoch, logs)
            if hook == "epoch" and epoch == 1:
                self.model.stop_training = True

    model, stop = compiled(), Stop()
    history = model.fit(X, Y, 4, 5, 0, [stop], validation_split=0.1)
    assert model.optimizer.iterations == steps
    assert history.epoch == list(range(epochs))
    assert len(history.history["val_loss"]) == epochs
    assert stop.names()[-2:] == ["on_epoch_end", "on_train_end"]
    assert model.stop_training
    model.fit(X, Y, 4, 1, 0)
    assert not model.stop_training


def test_older_names_of_the_batch_hooks() -> None:
    class Old(Callback):
        def __init__(self) -> None:  # without super().__init__(), as people write
            self.calls: list[int] = []

        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            self.calls.append(batch)

    old = Old()
    compiled().fit(X, Y, 5, 1, 0, [old])
    assert old.calls == [0, 1]


def test_lambda_callback() -> None:
    calls: list[Any] = []
    callback = LambdaCallback(
        on_train_begin=lambda logs: calls.append("train"),
        on_epoch_begin=lambda epoch, logs: calls.append(epoch),
        on_batch_begin=lambda batch, logs: calls.append(("b", batch)),
        on_test_begin=None,
        on_predict_end=lambda logs: calls.append("predicted"),
    )
    model = compiled()
    model.fit(X, Y, 5, 1, 0, [callback])
    model.predict(X, verbose=0, callbacks=[callback])
    assert calls == ["train", 0, ("b", 0), ("b", 1), "predicted"]
    with pytest.raises(TypeError, match=r"LambdaCallback: .*on_train_begin.*, got 'on_step'"):
        LambdaCallback(on_step=print)
    with pytest.raises(TypeError, match="LambdaCallback: on_epoch_end: expected a function, got 3"):
        LambdaCallback(on_epoch_end=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        (3, r"fit: callbacks: expected a list of callbacks, got 3"),
        ("abc", r"fit: callbacks: expected a list of callbacks, got 'abc'"),
        ([Callback(), 1], r"fit: callbacks\[1\]: expected a Callback, got 1"),
        ([Recorder], r"callbacks\[0\]: .*, the class: write it with its arguments"),
    ],
)
def test_what_is_no_callback(callbacks: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        compiled().fit(X, Y, verbose=0, callbacks=callbacks)


def test_an_exception_of_a_callback_passes_through() -> None:
    def fail(batch: int, logs: Any) -> None:
        raise KeyError("mine")

    model = compiled()
    with pytest.raises(KeyError, match="mine"):
        model.fit(X, Y, 4, 2, 0, [LambdaCallback(on_train_batch_end=fail)])
    assert model.optimizer.iterations == 1
    assert model.history is not None and model.history.epoch == []


def test_callbacks_leave_no_trace_in_copies_of_the_model() -> None:
    model = compiled()
    model.fit(X, Y, 5, 1, 0, [LambdaCallback(on_epoch_end=lambda epoch, logs: None)])
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        twin.fit(X, Y, 5, 1, 0)


def test_hooks_that_are_not_overridden_are_not_called() -> None:
    hooks = CallbackList([Callback(), Callback()], None, "fit")
    assert not hooks.wants("on_train_batch_end")
    hooks = CallbackList([LambdaCallback(on_batch_end=print), Recorder()], None, "fit")
    assert hooks.wants("on_train_batch_end") and hooks.wants("on_test_begin")


def test_a_loop_without_callbacks_asks_only() -> None:
    """Two calls a batch at most, each below a microsecond or so: far below a step of training."""
    hooks = CallbackList(None, None, "fit")
    best = min(_seconds(hooks) for _ in range(5))
    assert best / 1000 < 5e-6


def _seconds(hooks: CallbackList) -> float:
    start = time.perf_counter()
    for batch in range(1000):
        hooks.call("on_predict_batch_begin", batch, {})
        hooks.call("on_predict_batch_end", batch, {})
    return time.perf_counter() - start


def test_a_callback_may_compile_again() -> None:
    class Again(Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            if batch == 1:
                self.model.compile("sgd", "mae")

    model, twin = compiled(), compiled()
    twin.set_weights(model.get_weights())
    model.fit(X, Y, batch_size=5, shuffle=False, callbacks=[Again()], verbose=0)
    twin.train_on_batch(X[:5], Y[:5])
    twin.compile("sgd", "mae")
    loss = twin.train_on_batch(X[5:], Y[5:])
    assert model.history is not None
    assert model.history.history == {"loss": [pytest.approx(loss)]}
    for mine, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
