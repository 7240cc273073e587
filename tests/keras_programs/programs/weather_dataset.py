"""Windows over measurements from timeseries_dataset_from_array, looked at and trained on."""

import os
import tempfile

import numpy as np

import rnncore as keras

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
measured = np.cumsum(rng.normal(size=(400, 4)), axis=0)
split, step, past, future, batch_size = 280, 3, 24, 6, 64
features = (measured - measured[:split].mean(axis=0)) / measured[:split].std(axis=0)
start = past + future
windows = {"sequence_length": past // step, "sampling_rate": step, "batch_size": batch_size}
train = keras.utils.timeseries_dataset_from_array(
    features[:split], features[start : start + split, [1]], **windows
)
rest = features[split:]
held_out = keras.utils.timeseries_dataset_from_array(
    rest[: len(rest) - start], features[split + start :, [1]], **windows
)
for batch in train.take(1):
    inputs, targets = batch
shapes = [list(inputs.numpy().shape), list(targets.numpy().shape)]

series = keras.layers.Input(shape=(inputs.shape[1], inputs.shape[2]))
model = keras.Model(series, keras.layers.Dense(1)(keras.layers.LSTM(8)(series)))
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.001), loss="mse")
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "best.weights.h5")
    history = model.fit(
        train,
        epochs=2,
        validation_data=held_out,
        batch_size=batch_size,
        verbose=0,
        callbacks=[
            keras.callbacks.EarlyStopping(monitor="val_loss", min_delta=0, patience=5),
            keras.callbacks.ModelCheckpoint(
                monitor="val_loss", filepath=path, save_weights_only=True, save_best_only=True
            ),
        ],
    )
    model.load_weights(path)
shown = []
for x, y in held_out.take(2):
    shown += [x[0][:, 1].numpy(), y[0].numpy(), model.predict(x, verbose=0)[0]]

RESULT = {
    "batches": [len(list(train)), len(list(held_out))],
    "shapes": shapes,
    "shown": [list(one.shape) for one in shown],
    "history": sorted(history.history),
}
