"""Attention over the outputs of a bidirectional GRU, with masks."""

import numpy as np

import rnncore as keras
from rnncore.layers import (
    GRU,
    Attention,
    Bidirectional,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    GlobalAveragePooling1D,
    Input,
)
from rnncore.models import Model

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.integers(1, 30, (48, 10))
x[::3, 6:] = 0
y = keras.utils.to_categorical(x[:, 0] % 3, num_classes=3)

words = Input(shape=(10,), dtype="int32", name="words")
embedded = Embedding(30, 8, mask_zero=True)(words)
states = Bidirectional(GRU(6, return_sequences=True), merge_mode="sum")(embedded)
attended = Attention()([states, states])
both = Concatenate(axis=-1)([GlobalAveragePooling1D()(states), GlobalAveragePooling1D()(attended)])
hidden = Dropout(0.3)(Dense(8, activation="relu")(both))
model = Model(inputs=words, outputs=Dense(3, activation="softmax", name="kind")(hidden))
model.compile(
    optimizer=keras.optimizers.Adam(1e-2, clipnorm=1.0),
    loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
    metrics=[keras.metrics.CategoricalAccuracy(name="acc")],
)
history = model.fit(x, y, epochs=2, batch_size=16, verbose=0, class_weight={0: 1.0, 1: 2.0, 2: 1.0})
probabilities = model.predict({"words": x[:4]}, verbose=0)
assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)

RESULT = {
    "params": model.count_params(),
    "names": [layer.name for layer in model.layers],
    "history": sorted(history.history),
}
