"""A callback of one's own, schedules, logs, and going on from saved weights."""

import csv
import os
import tempfile

import numpy as np

import rnncore as keras
from rnncore.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    TerminateOnNaN,
)

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.normal(size=(40, 6, 2)).astype("float32")
y = x.sum(axis=(1, 2))[:, None]


class LossHistory(Callback):
    def on_train_begin(self, logs=None):
        self.losses, self.rates = [], []

    def on_batch_end(self, batch, logs=None):
        self.losses.append(logs.get("loss"))

    def on_epoch_end(self, epoch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate))


def build():
    model = keras.Sequential(
        [keras.layers.Input((6, 2)), keras.layers.SimpleRNN(6), keras.layers.Dense(1)]
    )
    model.compile(loss="mae", optimizer=keras.optimizers.SGD(0.1, momentum=0.9), metrics=["mse"])
    return model


model = build()
seen = LossHistory()
ended = []
with tempfile.TemporaryDirectory() as folder:
    weights = os.path.join(folder, "w.weights.h5")
    log = os.path.join(folder, "log.csv")
    history = model.fit(
        x,
        y,
        epochs=4,
        batch_size=10,
        validation_split=0.25,
        verbose=0,
        callbacks=[
            seen,
            CSVLogger(log),
            TerminateOnNaN(),
            LearningRateScheduler(lambda epoch, lr: lr * 0.5 if epoch else lr),
            ModelCheckpoint(weights, save_weights_only=True, save_best_only=True, verbose=0),
            EarlyStopping(patience=10, restore_best_weights=True),
            LambdaCallback(on_train_end=lambda logs: ended.append(True)),
        ],
    )
    with open(log, newline="") as file:
        columns = next(csv.reader(file))
    other = build()
    other.load_weights(weights)
assert ended == [True]
assert np.allclose(other.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-5)
decay = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.9)
model.compile(loss="mae", optimizer=keras.optimizers.Adam(decay))
model.fit(x, y, verbose=0)

RESULT = {
    "columns": columns,
    "batches": len(seen.losses),
    "rates": [round(rate, 6) for rate in seen.rates],
    "history": sorted(history.history),
}
