"""ModelCheckpoint, BackupAndRestore, and their files."""

import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncore import Input, Sequential
from rnncore.callbacks import (
    BackupAndRestore,
    Callback,
    EarlyStopping,
    LambdaCallback,
    ModelCheckpoint,
    load_checkpoint,
)
from rnncore.layers import LSTM, Bidirectional, Dense, Dropout, Lambda
from rnncore.models import load_model
from rnncore.optimizers import SGD
from rnncore.saving.archive import read_archive, write_archive
from rnncore.saving.model_file import save_checkpoint

X = np.random.default_rng(0).standard_normal((20, 5, 2)).astype(np.float32)
Y = X[:, -1, :1]
PROGRAM = Path(__file__).with_name("killed_training.py")


def compiled(optimizer: Any = "adam", units: int = 3) -> Sequential:
    model = Sequential(
        [Bidirectional(LSTM(units), input_shape=(5, 2)), Dropout(0.4), Dense(1, trainable=False)]
    )
    model.compile(optimizer, "mse")
    return model


def fit(model: Sequential, *hooks: Callback, epochs: int = 4, **options: Any) -> Any:
    return model.fit(X, Y, 6, epochs, 0, list(hooks), **options)


def weights(model: Sequential) -> list[bytes]:
    return [weight.tobytes() for weight in model.get_weights()]


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", SGD(0.1, momentum=0.9)])
def test_a_fit_from_a_checkpoint_ends_in_the_same_bits(optimizer: Any, tmp_path: Path) -> None:
    model = compiled(pickle.loads(pickle.dumps(optimizer)))
    fit(model, ModelCheckpoint(tmp_path / "new" / "{epoch:02d}.npz"), epochs=4)
    assert sorted(os.listdir(tmp_path / "new")) == ["01.npz", "02.npz", "03.npz", "04.npz"]
    other = compiled(pickle.loads(pickle.dumps(optimizer)))
    fit(other, epochs=1)  # whatever it did before
    epoch = load_checkpoint(other, tmp_path / "new" / "02.npz")
    assert epoch == 2
    assert fit(other, epochs=4, initial_epoch=epoch).epoch == [2, 3]
    assert weights(other) == weights(model)
    assert other.optimizer.iterations == model.optimizer.iterations == 16


def test_learning_rate_is_kept(tmp_path: Path) -> None:
    model = compiled(SGD(0.1))
    model.optimizer.learning_rate = 0.0
    fit(model, ModelCheckpoint(tmp_path / "a"), epochs=1)
    other = compiled(SGD(0.1))
    load_checkpoint(other, tmp_path / "a")
    assert other.optimizer.learning_rate == 0.0


def test_save_best_only(tmp_path: Path) -> None:
    path, kept = tmp_path / "best.npz", []
    given = iter([0.5, 0.7, 0.3, 0.4])
    sets = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(val_loss=next(given)))
    after = LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(weights(model)))
    model = compiled()
    saver = ModelCheckpoint(path, save_best_only=True)
    fit(model, sets, saver, after)
    assert saver.best == 0.3
    assert load_checkpoint(model, path) == 3
    assert weights(model) == kept[2]
    given = iter([0.5])
    path.unlink()
    fit(
        model,
        sets,
        ModelCheckpoint(path, "val_loss", 0, True, initial_value_threshold=0.4),
        epochs=1,
    )
    assert not path.exists()
    with pytest.warns(RuntimeWarning, match="ModelCheckpoint: monitor: expected one of loss, got"):
        fit(model, after, ModelCheckpoint(path, save_best_only=True), epochs=1)
    assert path.exists()


def test_weights_only_and_every_few_batches(tmp_path: Path, capsys: Any) -> None:
    model = compiled()
    fit(model, ModelCheckpoint(tmp_path / "w", save_weights_only=True, verbose=1), epochs=1)
    assert f"Epoch 1: saved {tmp_path / 'w'}" in capsys.readouterr().out
    before = weights(model)
    fit(model, epochs=1)
    steps = model.optimizer.iterations
    load_checkpoint(model, tmp_path / "w")
    assert weights(model) == before and model.optimizer.iterations == steps
    fit(model, ModelCheckpoint(tmp_path / "{epoch}-{batch}-{loss:.0f}", save_freq=3), epochs=2)
    names = [name.rsplit("-", 1)[0] for name in os.listdir(tmp_path) if "-" in name]
    assert sorted(names) == ["1-3", "2-2"]


def test_what_a_file_is_good_for(tmp_path: Path) -> None:
    model = compiled()
    fit(model, ModelCheckpoint(tmp_path / "{epoch:02d}-{loss:.2f}.rnnc"), epochs=2)
    (path,) = tmp_path.glob("02-*.rnnc")
    made = load_model(path)
    assert weights(made) == weights(model) and made.optimizer.iterations == 8
    other = compiled("sgd")
    other.load_weights(path)
    assert weights(other) == weights(model)


def test_a_model_that_no_file_can_hold_is_refused_before_it_is_trained(tmp_path: Path) -> None:
    model = Sequential([Lambda(lambda x: x, name="odd"), Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="odd: function: expected a function with a name"):
        model.fit(X[:, 0], Y, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "a")])
    assert model.optimizer.iterations == 0 and not os.listdir(tmp_path)
    kept = ModelCheckpoint(tmp_path / "a", save_weights_only=True)
    model.fit(X[:, 0], Y, verbose=0, callbacks=[kept, BackupAndRestore(tmp_path / "b")])
    assert load_checkpoint(model, tmp_path / "a") == 1
    with pytest.warns(UserWarning, match=r"ModelCheckpoint: filepath: 'best.keras'") as caught:
        ModelCheckpoint("best.keras")
    assert caught[0].filename == __file__


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "saved.npz"
    model = compiled()
    fit(model, epochs=1)
    save_checkpoint(path, model, 1)
    return path


def refuses(model: Sequential, path: Path, message: str) -> None:
    before = pickle.dumps((weights(model), model.shuffle_rng, model.optimizer.iterations))
    with pytest.raises(ValueError, match=message):
        load_checkpoint(model, path)
    after = pickle.dumps((weights(model), model.shuffle_rng, model.optimizer.iterations))
    assert after == before


def test_files_of_another_model_are_refused(saved: Path) -> None:
    refuses(compiled(units=4), saved, "expected the weights of .* has shape")
    refuses(compiled("sgd"), saved, "whose optimizer: SGD, got Adam")
    without = Sequential([Bidirectional(LSTM(3), input_shape=(5, 2)), Dense(1)])
    without.compile("adam", "mse")
    refuses(without, saved, "whose layers with random numbers")
    with pytest.raises(FileNotFoundError):
        load_checkpoint(compiled(), saved.with_name("none"))


def test_broken_files_are_refused(saved: Path, tmp_path: Path) -> None:
    whole, path = saved.read_bytes(), tmp_path / "broken"
    model = compiled()
    for size in (0, 1, 50, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        refuses(model, path, "different or damaged")
    rng = np.random.default_rng(0)
    named = []
    for place in rng.integers(0, len(whole), 60):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            load_checkpoint(model, path)  # the name of the checksum may be hit
        except ValueError as error:
            named.append(str(path) in str(error))
    assert len(named) > 55 and all(named)
    path.write_bytes(pickle.dumps(print))
    refuses(model, path, "different or damaged")
    np.save(path.with_suffix(".npy"), np.zeros(3))
    refuses(model, path.with_suffix(".npy"), "different or damaged")


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        ("checkpoint", {"epoch": "one"}, "broken"),
        ("checkpoint", {"epoch": -1}, "broken"),
        ("checkpoint", {"extra": []}, "broken"),
        ("training", {"optimizer": None}, "broken"),
        ("training", {"optimizer": {"name": "Adam"}}, "broken"),
        ("training", {"layers": [[]]}, "broken"),
        ("training", {"layers": []}, "whose layers"),
        ("training", {"shuffle": {}}, "generator is broken"),
        ("training", {"shuffle": 3}, "broken"),
    ],
)
def test_headers_that_say_something_else(
    section: str, change: dict[str, Any], message: str, saved: Path, tmp_path: Path
) -> None:
    metadata, arrays = read_archive(saved)
    del metadata["crc32"]
    metadata[section] = json.dumps(json.loads(metadata[section]) | change)
    write_archive(tmp_path / "changed", metadata, arrays)
    refuses(compiled(), tmp_path / "changed", message)


@pytest.mark.parametrize("states", [3, [3], [["EarlyStopping", 3]]])
def test_states_of_callbacks_that_say_something_else(states: Any, tmp_path: Path) -> None:
    backup, model = BackupAndRestore(tmp_path / "b"), compiled()
    (tmp_path / "b").mkdir()
    save_checkpoint(backup.path, compiled(), 1, extra={"callbacks": states})
    before = weights(model)
    with pytest.raises(ValueError, match="the states of callbacks are broken"):
        fit(model, EarlyStopping("loss"), backup, epochs=1)
    assert weights(model) == before


def run(folder: Path, moment: str = "", kind: str = "") -> int:
    weights = folder.with_suffix(".npz")
    command = [sys.executable, str(PROGRAM), str(folder), str(weights), moment, kind]
    return subprocess.run(command, check=False, timeout=100).returncode


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
@pytest.mark.parametrize(
    "ways",
    [[["save", "epoch"]], pytest.param([["batch"], ["replace"], ["end"]], marks=pytest.mark.slow)],
)
def test_a_killed_training_ends_in_the_same_bits(ways: list[list[str]], tmp_path: Path) -> None:
    """Shuffling, dropout, Adam, a rate that falls, and a stop that gives weights back."""
    assert run(tmp_path / "whole") == 0
    for moments in ways:
        folder = tmp_path / moments[0]
        for moment in moments:
            assert run(folder, moment) == -signal.SIGKILL, moment
            assert folder.is_dir()
        assert run(folder) == 0
        assert not (folder / "latest.rnnc").exists()
        with (
            np.load(tmp_path / "whole.npz") as expected,
            np.load(folder.with_suffix(".npz")) as found,
        ):
            assert float(expected["rate"]) < 0.001
            for name in expected:
                np.testing.assert_array_equal(found[name], expected[name], err_msg=str(moments))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_a_killed_training_of_a_stateful_layer_ends_in_the_same_bits(tmp_path: Path) -> None:
    whole, folder = tmp_path / "whole", tmp_path / "killed"
    assert run(whole, kind="stateful") == 0
    assert run(folder, "epoch", "stateful") == -signal.SIGKILL
    assert any(name.startswith("states/0/") for name in read_archive(folder / "latest.rnnc").arrays)
    assert run(folder, kind="stateful") == 0
    with (
        np.load(whole.with_suffix(".npz")) as expected,
        np.load(folder.with_suffix(".npz")) as found,
    ):
        for name in expected:
            np.testing.assert_array_equal(found[name], expected[name])


def test_states_of_other_batches_are_refused(tmp_path: Path) -> None:
    def made(batch_size: int) -> Sequential:
        layers = [Input(batch_shape=(batch_size, 5, 2)), LSTM(3, stateful=True), Dense(1)]
        model = Sequential(layers)
        model.compile("sgd", "mse")
        return model

    model, other = made(10), made(4)
    model.fit(X, Y, 10, shuffle=False, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "a")])
    before = weights(other)
    with pytest.raises(ValueError, match=r"states of 'lstm.*': \(4, 3\), got \(10, 3\)"):
        load_checkpoint(other, tmp_path / "a")
    assert weights(other) == before
    again = made(10)
    load_checkpoint(again, tmp_path / "a")
    for one, two in zip(again.layers[0].states, model.layers[0].states, strict=True):
        assert one.value.any()
        np.testing.assert_array_equal(one.value, two.value)
    made_again = load_model(tmp_path / "a")  # a file as of save: states begin at zero
    assert not any(state.value.any() for state in made_again.layers[0].states)


def test_backup_is_made_last_and_removed(tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    seen: list[Any] = []
    looks = LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append((folder / "latest.rnnc").exists())
    )
    fit(compiled(), BackupAndRestore(folder), looks, epochs=2)
    assert seen == [False, True]
    assert not folder.exists()


def test_a_training_that_had_stopped_is_not_gone_on_with(tmp_path: Path) -> None:
    def die(logs: Any) -> None:
        raise KeyboardInterrupt

    model, backup = compiled(), BackupAndRestore(tmp_path / "b")
    stop = EarlyStopping("loss", 100.0, 2, restore_best_weights=True)
    with pytest.raises(KeyboardInterrupt):
        fit(model, backup, LambdaCallback(on_train_end=die), stop, epochs=9)
    other, again = compiled(), EarlyStopping("loss", 100.0, 2, restore_best_weights=True)
    history = fit(other, backup, LambdaCallback(), again, epochs=9)
    assert history.epoch == [] and again.stopped_epoch == 2
    assert weights(other) == [weight.tobytes() for weight in stop.best_weights or []]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ModelCheckpoint(3), TypeError, "int"),
        (lambda: ModelCheckpoint("a", save_freq=0), ValueError, "save_freq: .*'epoch' or a pos"),
        (lambda: ModelCheckpoint("a", save_freq="day"), TypeError, "save_freq: .* got 'day'"),
        (lambda: ModelCheckpoint("a", "hits", save_best_only=True), ValueError, "mode: .*'hits'"),
        (lambda: ModelCheckpoint("a", mode="up"), ValueError, "ModelCheckpoint: mode: .* got 'up'"),
        (lambda: BackupAndRestore(""), ValueError, "BackupAndRestore: backup_dir: .* got ''"),
        (lambda: BackupAndRestore("a", 5), ValueError, "BackupAndRestore: save_freq: .* got 5"),
    ],
)
def test_wrong_arguments(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
    ModelCheckpoint("a", "hits")


def test_unknown_field_of_a_path(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"filepath: expected fields out of epoch, loss, got 'val_"):
        fit(compiled(), ModelCheckpoint(tmp_path / "{val_loss}"), epochs=1)
