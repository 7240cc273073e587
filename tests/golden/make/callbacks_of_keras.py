"""Write data/callbacks_of_keras.json: what Keras' callbacks do with given logs.

    python tests/golden/make/callbacks_of_keras.py

Needs ``pip install keras tensorflow-cpu`` (made with Keras 3.15.1 and TensorFlow 2.21.0).
"""

import json
import tempfile
from pathlib import Path

import keras
import numpy as np

DATA = Path(__file__).parents[1] / "data" / "callbacks_of_keras.json"


STOPPING = [
    {},
    {"patience": 2},
    {"patience": 3, "min_delta": 0.05},
    {"patience": 2, "min_delta": -0.05},
    {"patience": 2, "mode": "max"},
    {"patience": 2, "baseline": 0.5},
    {"patience": 3, "baseline": 0.1},
    {"patience": 2, "start_from_epoch": 4},
    {"patience": 1, "restore_best_weights": True},
    {"patience": 2, "baseline": 0.1, "restore_best_weights": True, "start_from_epoch": 2},
]
REDUCING = [
    {"patience": 1, "factor": 0.5},
    {"patience": 2, "factor": 0.5, "cooldown": 2},
    {"patience": 2, "factor": 0.25, "min_lr": 0.0078125},
    {"patience": 1, "factor": 0.5, "min_delta": 0.1},
    {"patience": 0, "factor": 0.5, "mode": "max"},
    {"patience": 3},
]
LOGS = [
    [{"loss": 0.5, "accuracy": 0.25}, {"loss": 0.25, "accuracy": 0.5}],
    [{"loss": 0.5, "val_loss": 1.5}, {"loss": 0.25}, {"loss": 0.125, "val_loss": 2.5, "z": 1.0}],
]
EPOCHS = 16


def series(case):
    """A fall with noise, drawn the same way by the test."""
    noise = np.random.default_rng(case).normal(0, 0.1, EPOCHS)
    return [round(float(v), 3) for v in 1 / (1 + 0.3 * np.arange(EPOCHS)) + noise]


def model():
    made = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    made.compile(keras.optimizers.SGD(0.0625), "mse")
    return made


def stopping(case, arguments):
    callback, trained = keras.callbacks.EarlyStopping("loss", **arguments), model()
    callback.set_model(trained)
    callback.on_train_begin()
    trained.stop_training = False
    for epoch, value in enumerate(series(case)):
        trained.set_weights([np.full((1, 1), float(epoch))])
        callback.on_epoch_end(epoch, {"loss": value})
        if trained.stop_training:
            break
    callback.on_train_end()
    return {
        "epochs": epoch + 1,
        "stopped_epoch": callback.stopped_epoch,
        "best": callback.best,
        "best_epoch": callback.best_epoch,
        "wait": callback.wait,
        "weight": float(trained.get_weights()[0][0, 0]),
    }


def reducing(case, arguments):
    callback, trained = keras.callbacks.ReduceLROnPlateau("loss", **arguments), model()
    callback.set_model(trained)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(series(case)):
        logs = {"loss": value}
        callback.on_epoch_end(epoch, logs)
        rates.append(logs["learning_rate"])
    return rates


def logged(number):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        for append in (False, True):
            callback = keras.callbacks.CSVLogger(path, append=append)
            callback.on_train_begin()
            for epoch, logs in enumerate(LOGS[number]):
                callback.on_epoch_end(epoch, logs)
            callback.on_train_end()
        return path.read_bytes().decode()


def runs(function, cases):
    return [
        {"arguments": arguments, "seed": seed, "found": function(seed, arguments)}
        for arguments in cases
        for seed in range(3)
    ]


numbers = {
    "stopping": runs(stopping, STOPPING),
    "reducing": runs(reducing, REDUCING),
    "logged": [{"logs": logs, "text": logged(i)} for i, logs in enumerate(LOGS)],
}
DATA.write_text(json.dumps(numbers, indent=1) + "\n")
