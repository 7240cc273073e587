"""Batches by hand: train_on_batch, test_on_batch, predict_on_batch, custom losses and metrics."""

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.normal(size=(32, 6, 1)).astype("float32")
y = x[:, -1]

model = keras.Sequential(name="by_hand")
model.add(layers.LSTM(5, input_shape=(6, 1), activation="relu", recurrent_initializer="zeros"))
model.add(layers.LeakyReLU())
model.add(layers.Dense(1, kernel_initializer="he_normal", activity_regularizer="l2"))
model.compile(
    optimizer=keras.optimizers.Nadam(learning_rate=0.01),
    loss=keras.losses.LogCosh(),
    metrics=[keras.metrics.RootMeanSquaredError(), "mae"],
)
for start in range(0, 32, 8):
    result = model.train_on_batch(x[start : start + 8], y[start : start + 8], return_dict=True)
tested = model.test_on_batch(x[:8], y[:8])
predicted = model.predict_on_batch(x[:8])
called = model(x[:8], training=False)
assert np.allclose(np.asarray(called), predicted, atol=1e-6)

RESULT = {
    "result": sorted(result),
    "tested": len(tested),
    "names": [layer.name for layer in model.layers],
    "iterations": int(model.optimizer.iterations),
}
