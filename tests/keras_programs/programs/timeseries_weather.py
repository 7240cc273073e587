"""Forecast the temperature from hourly weather, with windows made by hand."""

import numpy as np

import rnncore as keras

rng = np.random.default_rng(0)
hours = np.arange(600)
temperature = 10 * np.sin(hours * 2 * np.pi / 24) + rng.normal(size=600)
raw_data = np.stack([temperature, rng.normal(size=600), np.cos(hours * 2 * np.pi / 24)], axis=1)
split = 400
mean, std = raw_data[:split].mean(axis=0), raw_data[:split].std(axis=0)
raw_data = (raw_data - mean) / std
past, future, step = 48, 12, 6


def windows(start, end):
    starts = range(start, end - past - future)
    x = np.stack([raw_data[i : i + past : step] for i in starts])
    y = np.array([raw_data[i + past + future, 0] for i in starts])
    return x, y[:, None]


x_train, y_train = windows(0, split)
x_val, y_val = windows(split, 600)

keras.utils.set_random_seed(0)
inputs = keras.layers.Input(shape=(x_train.shape[1], x_train.shape[2]))
lstm_out = keras.layers.LSTM(16)(inputs)
outputs = keras.layers.Dense(1)(lstm_out)
model = keras.Model(inputs=inputs, outputs=outputs)
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.001), loss="mse")
model.summary()

es_callback = keras.callbacks.EarlyStopping(monitor="val_loss", min_delta=0, patience=5)
history = model.fit(
    x_train,
    y_train,
    epochs=3,
    batch_size=64,
    validation_data=(x_val, y_val),
    callbacks=[es_callback],
    verbose=0,
)
loss = history.history["loss"]
assert loss[-1] < loss[0]

RESULT = {
    "history": sorted(history.history),
    "epochs": history.epoch,
    "params": model.count_params(),
    "shape": list(model.predict(x_val[:5], verbose=0).shape),
}
