"""EarlyStopping, ReduceLROnPlateau, LearningRateScheduler and the others in a real `fit`."""

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncore import Sequential, callbacks
from rnncore.callbacks import (
    BackupAndRestore,
    Callback,
    CSVLogger,
    EarlyStopping,
    GradientNorms,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    MonitorCallback,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from rnncore.layers import LSTM, Dense, Embedding
from rnncore.optimizers import SGD
from rnncore.optimizers.schedules import ExponentialDecay

X = np.random.default_rng(0).standard_normal((12, 3)).astype(np.float32)
Y = X.sum(axis=1, keepdims=True)


def compiled(optimizer: Any = "sgd", **options: Any) -> Sequential:
    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile(optimizer, "mse", **options)
    return model


def fit(model: Sequential, *hooks: Callback, epochs: int = 5, **options: Any) -> Any:
    return model.fit(X, Y, 4, epochs, 0, list(hooks), **options)


class Weights(Callback):
    """Keeps the weights of every epoch."""

    def __init__(self) -> None:
        self.kept: list[list[Any]] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.kept.append(self.model.get_weights())


def test_early_stopping_gives_the_best_weights_back() -> None:
    weights, model = Weights(), compiled(SGD(0.05))
    worse_from_3 = LearningRateScheduler(lambda epoch: 0.05 if epoch < 3 else 2.0)
    stop = EarlyStopping("loss", patience=2, restore_best_weights=True)
    history = fit(model, worse_from_3, weights, stop, epochs=50)
    losses = history.history["loss"]
    best = int(np.argmin(losses))
    assert (stop.best_epoch, stop.best) == (best, losses[best])
    assert stop.stopped_epoch == best + 2 == len(losses) - 1
    for a, b in zip(model.get_weights(), weights.kept[best], strict=True):
        np.testing.assert_array_equal(a, b)


def test_early_stopping_starts_anew_with_every_fit() -> None:
    stop, model = EarlyStopping("loss", min_delta=100.0, patience=2), compiled()
    assert len(fit(model, stop, epochs=9).epoch) == 3
    assert len(fit(model, stop, epochs=9).epoch) == 3


def test_messages(capsys: pytest.CaptureFixture[str]) -> None:
    stop = EarlyStopping("loss", 100.0, 2, verbose=1, restore_best_weights=True)
    reduce = ReduceLROnPlateau("loss", 0.5, 1, verbose=1, min_delta=100.0)
    fit(compiled(), reduce, stop, epochs=9)
    shown = capsys.readouterr().out
    assert "Epoch 2: reducing the learning rate to 0.005" in shown
    assert "Epoch 3: early stopping" in shown and "weights of epoch 1, the best" in shown
    fit(compiled(), LearningRateScheduler(lambda epoch: 0.25, verbose=1), epochs=1)
    assert "Epoch 1: setting the learning rate to 0.25" in capsys.readouterr().out


class Scores(Callback):
    """Writes a number of its own into the logs, in later epochs only."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch:
            logs["val_score"] = epoch


@pytest.mark.parametrize("make", [EarlyStopping, ReduceLROnPlateau])
def test_a_number_that_may_come_later_is_waited_for(make: Any) -> None:
    with pytest.warns(RuntimeWarning, match=r"monitor: expected one of loss.*, got 'val_score'"):
        assert len(fit(compiled(), Scores(), make("val_score", patience=9), epochs=2).epoch) == 2
    with pytest.warns(RuntimeWarning, match="got 'val_loss'"):
        fit(compiled(), make(patience=9), epochs=2, validation_split=0.3, validation_freq=[2])
    assert not fit(compiled(), make(), epochs=2, initial_epoch=2).epoch
    ends: list[Any] = []
    with pytest.warns(RuntimeWarning, match="got 'val_loss'"):
        fit(compiled(), make(patience=9), LambdaCallback(on_train_end=ends.append), epochs=1)
    assert len(ends) == 1


@pytest.mark.parametrize(
    ("hook", "error", "message", "options"),
    [
        (EarlyStopping(), ValueError, "monitor: expected one of loss, mae, got 'val_loss'", {}),
        (
            ReduceLROnPlateau("accuracy"),
            ValueError,
            "expected one of loss, mae, learning_rate, got 'acc",
            {},
        ),
        (
            EarlyStopping("val_mae"),
            ValueError,
            "got 'val_mae'",
            {"validation_split": 0.3, "validation_freq": [9]},
        ),
        (
            EarlyStopping("val_acc"),
            ValueError,
            "expected one of loss, mae, val_loss, val_mae, got 'val_acc'",
            {"validation_split": 0.3},
        ),
        (ModelCheckpoint("{nothing}"), KeyError, "filepath: expected fields out of epoch", {}),
        (
            ModelCheckpoint("{val_loss}"),
            KeyError,
            "filepath: expected fields out of epoch, loss, mae, got 'val_loss'",
            {"validation_split": 0.3, "validation_freq": 2, "epochs": 2},
        ),
        (ModelCheckpoint("{epoch:x<2q}"), ValueError, "ModelCheckpoint: filepath: .*'q'", {}),
        (ModelCheckpoint("a", save_best_only=True), ValueError, "monitor: .*got 'val_loss'", {}),
        (
            ModelCheckpoint("a", "val_loss", save_best_only=True, save_freq=1),
            ValueError,
            "monitor: .*got 'val_loss'",
            {"validation_split": 0.3},
        ),
        (ModelCheckpoint("."), IsADirectoryError, "filepath: expected a file .* got '.', a f", {}),
        (ModelCheckpoint(f"{__file__}/a/{{epoch}}"), NotADirectoryError, "is no folder", {}),
        (BackupAndRestore(__file__), NotADirectoryError, "backup_dir: .* is no folder", {}),
        (CSVLogger("."), IsADirectoryError, "filename: expected a file", {}),
        (LambdaCallback(on_epoch_end=lambda epoch: 0), TypeError, r"function of \(epoch, logs", {}),
        (LambdaCallback(on_train_end=lambda: 0), TypeError, r"on_train_end: .* of \(logs\)", {}),
    ],
)
def test_what_is_sure_to_fail_is_refused_before_training(
    hook: Callback, error: type[Exception], message: str, options: Any, tmp_path: Path
) -> None:
    model, log = compiled(metrics=["mae"]), tmp_path / "log.csv"
    log.write_text("old")
    before = model.get_weights()
    with pytest.raises(error, match=message):
        fit(model, CSVLogger(log), hook, **options)
    assert log.read_text() == "old"
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


def test_a_folder_that_cannot_be_written_to(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: path != str(tmp_path))
    for hook in (
        ModelCheckpoint(tmp_path / "new" / "{epoch}"),
        BackupAndRestore(tmp_path),
        CSVLogger(tmp_path / "log.csv"),
    ):
        with pytest.raises(PermissionError, match=f"{type(hook).__name__}: .*no file can be made"):
            fit(compiled(), hook)


def test_stopping_that_would_begin_after_the_last_epoch() -> None:
    with pytest.warns(RuntimeWarning, match="start_from_epoch: expected less than the 5 epochs"):
        fit(compiled(), EarlyStopping("loss", start_from_epoch=5))


@pytest.mark.parametrize(
    ("monitor", "value"),
    [
        ("val_loss", -1),
        ("tags_loss", -1),
        ("mae", -1),
        ("val_mean_squared_error", -1),
        ("binary_crossentropy", -1),
        ("categorical_crossentropy_1", -1),
        ("val_accuracy", 1),
        ("acc", 1),
        ("val_tags_sparse_categorical_accuracy", 1),
        ("weighted_accuracy_1", 1),
        ("top_k_categorical_accuracy", 1),
        ("val_f1", 1),
        ("r2_2_1", 1),
    ],
)
def test_auto_mode_goes_by_the_name(monitor: str, value: float) -> None:
    assert MonitorCallback(monitor).is_improvement(value, 0.0)
    assert not MonitorCallback(monitor).is_improvement(-value, 0.0)
    assert not MonitorCallback(monitor, min_delta=2).is_improvement(value, 0.0)


def test_reduced_rate_trains_as_if_it_had_been_set() -> None:
    model, twin = compiled(SGD(0.1)), compiled(SGD(0.1))
    twin.set_weights(model.get_weights())
    reduce = ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=100.0, min_lr=0.03)
    history = fit(model, reduce, epochs=5, shuffle=False)
    rates = [0.1, 0.1, 0.05, 0.03, 0.03]
    assert history.history["learning_rate"] == pytest.approx(rates)
    for rate in rates:
        twin.optimizer.learning_rate = rate
        fit(twin, epochs=1, shuffle=False)
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_learning_rate_scheduler() -> None:
    seen: list[Any] = []

    def schedule(epoch: int, rate: float) -> float:
        seen.append((epoch, rate))
        return rate / 2

    history = fit(compiled(SGD(0.5)), LearningRateScheduler(schedule), epochs=3)
    assert seen == [(0, 0.5), (1, 0.25), (2, 0.125)]
    assert history.history["learning_rate"] == [0.25, 0.125, 0.0625]
    decay = LearningRateScheduler(ExponentialDecay(0.5, 1, 0.5))
    assert fit(compiled(), decay, epochs=2).history["learning_rate"] == [0.5, 0.25]
    with pytest.raises(
        TypeError, match="schedule: expected a function that returns a float, got None"
    ):
        fit(compiled(), LearningRateScheduler(lambda epoch: None))  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match=r"schedule: expected a function, got 0.1"):
        LearningRateScheduler(0.1)  # type: ignore[arg-type]
    with pytest.raises(
        TypeError, match=r"of \(epoch, learning_rate\) or \(epoch\), got one of \(\)"
    ):
        LearningRateScheduler(lambda: 0.1)

    def fails(epoch: int, rate: float) -> float:
        raise TypeError("of the user")

    with pytest.raises(TypeError, match="of the user"):
        fit(compiled(), LearningRateScheduler(fails))


@pytest.mark.parametrize("hook", [LearningRateScheduler(lambda e: 0.1), ReduceLROnPlateau("loss")])
def test_a_schedule_is_not_overruled(hook: Callback) -> None:
    model = compiled(SGD(ExponentialDecay(0.1, 10, 0.5)))
    before = model.get_weights()
    with pytest.raises(TypeError, match=f"{type(hook).__name__}: SGD: learning_rate: expected no"):
        fit(model, hook)
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


def test_csv_logger_in_fit(tmp_path: Path) -> None:
    path, model = tmp_path / "log.csv", compiled(metrics=["mae"])
    first = fit(model, CSVLogger(path, ";"), epochs=2, validation_split=0.25)
    second = fit(
        model, CSVLogger(path, ";", append=True), epochs=4, initial_epoch=2, validation_split=0.25
    )
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"]
    for key in ("loss", "mae", "val_loss", "val_mae"):
        expected = first.history[key] + second.history[key]
        assert [float(row[key]) for row in rows] == expected
    fit(model, CSVLogger(path), epochs=1)
    assert len(path.read_text().splitlines()) == 2


def test_csv_logger_leaves_whole_rows_and_no_open_file(tmp_path: Path) -> None:
    def fail(epoch: int, logs: Any) -> None:
        if epoch == 2:
            raise RuntimeError("mine")

    path = tmp_path / "log.csv"
    with pytest.raises(RuntimeError, match="mine"):
        fit(compiled(), CSVLogger(path), LambdaCallback(on_epoch_begin=fail))
    assert [line.split(",")[0] for line in path.read_text().splitlines()] == ["epoch", "0", "1"]
    model = compiled()
    before = model.get_weights()
    with pytest.raises(OSError, match="missing"):
        fit(model, CSVLogger(tmp_path / "missing" / "log.csv"))
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


def test_terminate_on_nan(capsys: pytest.CaptureFixture[str]) -> None:
    model = compiled(SGD(1e30))
    with pytest.warns(RuntimeWarning, match="loss is"):
        history = fit(model, TerminateOnNaN())
    assert history.epoch == [0] and not math.isfinite(history.history["loss"][0])
    assert model.optimizer.iterations < 4
    assert "training stops" in capsys.readouterr().out
    ended: list[int] = []
    last = LambdaCallback(on_train_end=lambda logs: ended.append(1))
    with (
        pytest.warns(RuntimeWarning, match="loss is"),
        pytest.raises(RuntimeError, match=r"TerminateOnNaN: the loss is (inf|nan) at batch \d"),
    ):
        fit(compiled(SGD(1e30)), TerminateOnNaN(raise_error=True), last)
    assert not ended
    assert len(fit(compiled(), TerminateOnNaN()).epoch) == 5


@pytest.mark.parametrize("per", ["epoch", "batch"])
def test_gradient_norms(per: str) -> None:
    model = Sequential(
        [Embedding(7, 3, input_length=4), LSTM(3), Dense(2, trainable=False), Dense(1)]
    )
    model.compile(SGD(0.1, clipnorm=1e-3), "mse")
    x, y = np.arange(24).reshape(6, 4) % 7, np.ones((6, 1))
    expected: dict[str, list[float]] = {layer.name: [] for layer in model.layers}

    def note(batch: int, logs: Any) -> None:
        for layer in model.layers:
            grads = [weight.grad.astype(float).ravel() for weight in layer.weights]
            expected[layer.name].append(float(np.linalg.norm(np.concatenate(grads))))

    monitor = GradientNorms(per)
    for _ in range(2):
        for norms in expected.values():
            norms.clear()
        model.fit(x, y, 2, 2, 0, [LambdaCallback(on_train_batch_end=note), monitor])
        assert list(monitor.norms) == ["embedding", "lstm", "dense_1"]
        for name, found in monitor.norms.items():
            want = np.array(expected[name])
            if per == "epoch":
                want = want.reshape(2, 3).mean(axis=1)
            np.testing.assert_allclose(found, want, rtol=1e-5)
            assert (want > 0).all()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: EarlyStopping(mode="up"), ValueError, "EarlyStopping: mode: expected one of auto"),
        (lambda: EarlyStopping("hits"), ValueError, "EarlyStopping: mode: .* the name 'hits'"),
        (lambda: EarlyStopping(3), TypeError, "EarlyStopping: monitor: expected a name"),
        (lambda: EarlyStopping(patience=-1), ValueError, "EarlyStopping: patience: .* got -1"),
        (lambda: EarlyStopping(min_delta="a"), TypeError, "EarlyStopping: min_delta: .* got 'a'"),
        (lambda: EarlyStopping(baseline="a"), TypeError, "EarlyStopping: baseline: .* got 'a'"),
        (lambda: ReduceLROnPlateau(factor=1.0), ValueError, "ReduceLROnPlateau: factor: .* < 1"),
        (lambda: ReduceLROnPlateau(min_lr=-1), ValueError, "ReduceLROnPlateau: min_lr: .* got -1"),
        (lambda: CSVLogger("a", ";;"), ValueError, "CSVLogger: separator: expected one character"),
        (lambda: CSVLogger("a", 3), TypeError, "CSVLogger: separator: expected a character"),
        (lambda: CSVLogger(3), TypeError, "int"),
        (lambda: GradientNorms("step"), ValueError, "GradientNorms: per: expected one of epoch"),
        (lambda: TerminateOnNaN("x"), TypeError, "TerminateOnNaN: raise_error: expected True or"),
    ],
)
def test_wrong_arguments(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_names() -> None:
    for name in callbacks.__all__:
        assert getattr(callbacks, name).__doc__
