"""The callbacks do what Keras' do with the same logs (golden/make/callbacks_of_keras.py)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden_data import golden

from rnncore import Sequential
from rnncore.callbacks import CSVLogger, EarlyStopping, ReduceLROnPlateau
from rnncore.layers import Dense
from rnncore.optimizers import SGD

NUMBERS = golden("callbacks_of_keras")
EPOCHS = 16


def series(seed: int) -> list[float]:
    noise = np.random.default_rng(seed).normal(0, 0.1, EPOCHS)
    return [round(float(v), 3) for v in 1 / (1 + 0.3 * np.arange(EPOCHS)) + noise]


def compiled() -> Sequential:
    model = Sequential([Dense(1, use_bias=False, input_shape=(1,))])
    model.compile(SGD(0.0625), "mse")
    return model


def name(case: dict[str, Any]) -> str:
    return f"{case.get('arguments')}-{case.get('seed')}"


@pytest.mark.parametrize("case", NUMBERS["stopping"], ids=name)
def test_early_stopping(case: dict[str, Any]) -> None:
    callback, model = EarlyStopping("loss", **case["arguments"]), compiled()
    callback.set_model(model)
    callback.on_train_begin()
    epoch = 0
    for epoch, value in enumerate(series(case["seed"])):
        model.set_weights([np.full((1, 1), float(epoch))])
        callback.on_epoch_end(epoch, {"loss": value})
        if model.stop_training:
            break
    callback.on_train_end()
    found = {
        "epochs": epoch + 1,
        "stopped_epoch": callback.stopped_epoch,
        "best": callback.best,
        "best_epoch": callback.best_epoch,
        "wait": callback.wait,
        "weight": float(model.get_weights()[0][0, 0]),
    }
    assert found == case["found"]


@pytest.mark.parametrize("case", NUMBERS["reducing"], ids=name)
def test_reduce_on_plateau(case: dict[str, Any]) -> None:
    callback, model = ReduceLROnPlateau("loss", **case["arguments"]), compiled()
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(series(case["seed"])):
        logs = {"loss": value}
        callback.on_epoch_end(epoch, logs)
        rates.append(logs["learning_rate"])
    # Keras keeps the rate as float32.
    np.testing.assert_allclose(rates, case["found"], rtol=1e-6)


@pytest.mark.parametrize("case", NUMBERS["logged"], ids=lambda case: str(len(case["logs"])))
def test_csv_logger(case: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    for append in (False, True):
        callback = CSVLogger(path, append=append)
        callback.on_train_begin()
        for epoch, logs in enumerate(case["logs"]):
            callback.on_epoch_end(epoch, logs)
        callback.on_train_end()
    assert path.read_bytes().decode() == case["text"]
