"""Tag words from their embeddings and from what an LSTM reads in their characters."""

import numpy as np

import rnncore as keras
from rnncore.layers import (
    LSTM,
    Bidirectional,
    Dense,
    Embedding,
    Input,
    SpatialDropout1D,
    TimeDistributed,
    concatenate,
)
from rnncore.models import Model
from rnncore.utils import pad_sequences

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
WORDS, CHARACTERS, TAGS, LENGTH, LETTERS = 30, 12, 4, 6, 5
ids = [list(rng.integers(1, WORDS, rng.integers(2, 9))) for _ in range(20)]
x_words = pad_sequences(maxlen=LENGTH, sequences=ids, value=0, padding="post", truncating="post")
x_letters = rng.integers(1, CHARACTERS, (20, LENGTH, LETTERS))
tags = rng.integers(0, TAGS, (20, LENGTH))

words = Input(shape=(LENGTH,))
word_vectors = Embedding(input_dim=WORDS, output_dim=5, input_length=LENGTH, mask_zero=True)(words)
letters = Input(shape=(LENGTH, LETTERS))
letter_vectors = TimeDistributed(Embedding(CHARACTERS, 3, mask_zero=True))(letters)
spelled = TimeDistributed(LSTM(4, return_sequences=False, recurrent_dropout=0.5))(letter_vectors)
both = SpatialDropout1D(0.3)(concatenate([word_vectors, spelled]))
read = Bidirectional(LSTM(4, return_sequences=True, recurrent_dropout=0.6))(both)
model = Model([words, letters], TimeDistributed(Dense(TAGS, activation="softmax"))(read))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["acc"])
history = model.fit(
    [x_words, x_letters],
    tags.reshape((20, LENGTH, 1)),
    batch_size=8,
    epochs=1,
    validation_split=0.1,
    verbose=0,
)

RESULT = {
    "params": model.count_params(),
    "names": [layer.name for layer in model.layers],
    "history": sorted(history.history),
    "shape": list(np.argmax(model.predict([x_words, x_letters], verbose=0), axis=-1).shape),
}
