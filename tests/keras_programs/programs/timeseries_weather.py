"""Forecast the temperature from hourly weather, in windows of every sixth hour."""

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
features = raw_data[:split], raw_data[split:]
sequence_length = past // step
dataset_train, dataset_val = (
    keras.utils.timeseries_dataset_from_array(
        part[: -past - future],
        part[past + future :, :1],
        sequence_length=sequence_length,
        sampling_rate=step,
        batch_size=64,
    )
    for part in features
)
for batch in dataset_train.take(1):
    inputs, targets = batch

keras.utils.set_random_seed(0)
inputs = keras.layers.Input(shape=(inputs.shape[1], inputs.shape[2]))
lstm_out = keras.layers.LSTM(16)(inputs)
outputs = keras.layers.Dense(1)(lstm_out)
model = keras.Model(inputs=inputs, outputs=outputs)
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.001), loss="mse")
model.summary()

es_callback = keras.callbacks.EarlyStopping(monitor="val_loss", min_delta=0, patience=5)
history = model.fit(
    dataset_train,
    epochs=3,
    validation_data=dataset_val,
    callbacks=[es_callback],
    verbose=0,
)
loss = history.history["loss"]
assert loss[-1] < loss[0]

RESULT = {
    "history": sorted(history.history),
    "epochs": history.epoch,
    "params": model.count_params(),
    "shape": list(model.predict(dataset_val, verbose=0).shape),
}
