"""Find anomalies by the error of an autoencoder."""

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
TIME_STEPS = 12
rng = np.random.default_rng(0)
wave = np.sin(np.arange(300) * 0.3) + 0.1 * rng.normal(size=300)
x_train = np.stack([wave[i : i + TIME_STEPS] for i in range(240)])[..., None]

model = keras.Sequential(
    [
        layers.Input(shape=(x_train.shape[1], x_train.shape[2])),
        layers.Conv1D(filters=8, kernel_size=7, padding="same", strides=2, activation="relu"),
        layers.Dropout(rate=0.2),
        layers.LSTM(8),
        layers.RepeatVector(TIME_STEPS),
        layers.LSTM(8, return_sequences=True),
        layers.TimeDistributed(layers.Dense(1)),
    ]
)
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.001), loss="mse")
history = model.fit(
    x_train,
    x_train,
    epochs=2,
    batch_size=32,
    validation_split=0.1,
    callbacks=[keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, mode="min")],
    verbose=0,
)
train_mae_loss = np.mean(np.abs(model.predict(x_train, verbose=0) - x_train), axis=1)
threshold = np.max(train_mae_loss)
strange = np.mean(np.abs(model.predict(x_train[:1] + 5, verbose=0) - (x_train[:1] + 5)), axis=1)
assert strange[0, 0] > threshold

RESULT = {"params": model.count_params(), "shape": list(model.output_shape)}
