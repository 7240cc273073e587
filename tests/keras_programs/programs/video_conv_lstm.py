"""Classify sequences of images: a convolution for each image, an LSTM over them."""

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
frames = rng.random((16, 4, 8, 8, 1)).astype("float32")
labels = rng.integers(0, 3, 16)

model = keras.Sequential(
    [
        keras.Input(shape=(4, 8, 8, 1)),
        layers.TimeDistributed(layers.Conv2D(4, (3, 3), activation="relu", padding="same")),
        layers.TimeDistributed(layers.MaxPooling2D((2, 2))),
        layers.TimeDistributed(layers.Conv2D(8, 3, activation="relu")),
        layers.TimeDistributed(layers.Flatten()),
        layers.LSTM(8),
        layers.Dense(3, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(frames, labels, batch_size=8, epochs=2, verbose=0)

RESULT = {
    "params": model.count_params(),
    "shapes": [list(layer.output.shape) for layer in model.layers],
    "names": [layer.name for layer in model.layers],
}
