"""Anomalies in a series from what convolutions and transposed convolutions reconstruct."""

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
wave = np.sin(np.arange(200) * 0.2) + 0.1 * rng.normal(size=200)
x = np.stack([wave[i : i + 24] for i in range(0, 160, 4)])[..., None]
same = {"kernel_size": 7, "padding": "same", "activation": "relu"}
model = keras.Sequential(
    [
        layers.Input(shape=(x.shape[1], x.shape[2])),
        layers.Conv1D(filters=8, strides=2, **same),
        layers.Dropout(rate=0.2),
        layers.Conv1D(filters=4, strides=2, **same),
        layers.Conv1DTranspose(filters=4, strides=2, **same),
        layers.Dropout(rate=0.2),
        layers.Conv1DTranspose(filters=8, strides=2, **same),
        layers.Conv1DTranspose(filters=1, kernel_size=7, padding="same"),
    ]
)
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.001), loss="mse")
history = model.fit(x, x, epochs=2, batch_size=16, validation_split=0.1, verbose=0)
errors = np.mean(np.abs(model.predict(x, verbose=0) - x), axis=1)
assert (np.mean(np.abs(model.predict(x + 9, verbose=0) - x - 9), axis=1) > errors.max()).any()

RESULT = {
    "params": model.count_params(),
    "names": [layer.name for layer in model.layers],
    "shapes": [list(layer.output.shape) for layer in model.layers],
    "weights": [list(weight.shape) for weight in model.get_weights()],
}
