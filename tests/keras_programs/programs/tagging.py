"""Tag every word of sentences of different length."""

import numpy as np

import rnncore as keras
from rnncore import layers, regularizers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
lengths = rng.integers(3, 9, 40)
words = keras.utils.pad_sequences([rng.integers(1, 25, n) for n in lengths], padding="post")
tags = words % 4

model = keras.Sequential(
    [
        layers.Input((None,)),
        layers.Embedding(25, 8, mask_zero=True),
        layers.Bidirectional(
            layers.LSTM(
                6,
                return_sequences=True,
                kernel_regularizer=regularizers.l2(1e-4),
                recurrent_constraint=keras.constraints.MaxNorm(3),
            )
        ),
        layers.TimeDistributed(layers.Dense(4, activation="softmax")),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
weights = (words != 0).astype("float32")
history = model.fit(words, tags, sample_weight=weights, epochs=2, verbose=0, validation_split=0.1)
assert model.predict(words, verbose=0).argmax(axis=-1).shape == words.shape

RESULT = {"params": model.count_params(), "history": sorted(history.history)}
