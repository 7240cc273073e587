"""A convolution in front of a recurrent layer."""

import numpy as np

import rnncore as keras
from rnncore.layers import LSTM, Activation, Conv1D, Dense, Dropout, Embedding, MaxPooling1D

keras.utils.set_random_seed(0)
max_features, maxlen = 60, 20
rng = np.random.default_rng(0)
x = rng.integers(0, max_features, (64, maxlen))
y = (x[:, :10].mean(axis=1) > 30).astype("int32")

model = keras.models.Sequential()
model.add(keras.Input(shape=(maxlen,)))
model.add(Embedding(max_features, 16))
model.add(Dropout(0.25))
model.add(Conv1D(8, 5, padding="valid", activation="relu", strides=1))
model.add(MaxPooling1D(pool_size=4))
model.add(LSTM(7))
model.add(Dense(1))
model.add(Activation("sigmoid"))
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(x[:48], y[:48], batch_size=16, epochs=2, validation_data=(x[48:], y[48:]), verbose=0)
score, acc = model.evaluate(x[48:], y[48:], batch_size=16, verbose=0)
assert 0 <= acc <= 1 and np.isfinite(score)

RESULT = {
    "params": model.count_params(),
    "shapes": [list(layer.output.shape) for layer in model.layers],
    "names": [layer.name for layer in model.layers],
}
