"""Uncertainty from dropout that stays on, and a loop over batches by hand."""

import numpy as np

import rnncore as keras
from rnncore.layers import LSTM, Dense, Dropout, Input
from rnncore.models import Model

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x, y = rng.random((16, 5, 1)), rng.random((16, 1))
inputs = Input(shape=(5, 1))
hidden = LSTM(8, return_sequences=True, dropout=0.2)(inputs)
hidden = Dropout(0.5)(hidden, training=True)
model = Model(inputs, Dense(1)(LSTM(4)(hidden)))
model.compile(loss="mse", optimizer="adam", metrics=["mae"])

best = np.inf
for _ in range(2):
    order = rng.permutation(len(x))
    for start in range(0, len(x), 8):
        batch = order[start : start + 8]
        loss, error = model.train_on_batch(x[batch], y[batch])
    held_out = model.evaluate(x, y, verbose=0)
    model.reset_metrics()
    best = min(best, held_out[0])
drawn = [model.predict(x, verbose=0) for _ in range(3)]
assert np.std(drawn, axis=0).max() > 0
called = np.stack([np.asarray(model(x, training=True)) for _ in range(4)])

measure = keras.metrics.MeanSquaredError()
measure.update_state(y, drawn[0])
value = keras.losses.MeanSquaredError()(y, drawn[0])
assert abs(float(value) - float(measure.result())) < 1e-5
mean = keras.metrics.Mean(name="mean")
mean.update_state([1.0, 2.0, 3.0])
mean.update_state(6.0)

RESULT = {
    "shapes": [list(drawn[0].shape), list(called.shape)],
    "measures": [len(held_out), float(mean.result())],
    "losses": list(np.asarray(keras.losses.mean_squared_error(y, drawn[0])).shape),
}
