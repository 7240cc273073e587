"""Classify reviews, given as word numbers, by two bidirectional LSTMs."""

import numpy as np

import rnncore as keras
from rnncore import layers

max_features = 50
maxlen = 12

keras.utils.set_random_seed(1)
rng = np.random.default_rng(0)
reviews = [list(rng.integers(1, max_features, rng.integers(4, 20))) for _ in range(96)]
labels = np.array([sum(word < 25 for word in review) * 2 > len(review) for review in reviews])
x = keras.utils.pad_sequences(reviews, maxlen=maxlen)
x_train, y_train, x_val, y_val = x[:64], labels[:64], x[64:], labels[64:]

inputs = keras.Input(shape=(None,), dtype="int32")
x = layers.Embedding(max_features, 16)(inputs)
x = layers.Bidirectional(layers.LSTM(8, return_sequences=True))(x)
x = layers.Bidirectional(layers.LSTM(8))(x)
outputs = layers.Dense(1, activation="sigmoid")(x)
model = keras.Model(inputs, outputs)
model.summary()
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train, y_train, batch_size=32, epochs=2, validation_data=(x_val, y_val), verbose=0
)

RESULT = {
    "params": model.count_params(),
    "layers": [layer.name for layer in model.layers],
    "history": sorted(history.history),
    "weights": [list(w.shape) for w in model.get_weights()],
}
