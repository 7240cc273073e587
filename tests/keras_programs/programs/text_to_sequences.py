"""Spam or not: numbers for words, padded, an LSTM on top."""

import numpy as np

import rnncore as keras
from rnncore.layers import LSTM, Dense, Embedding, SpatialDropout1D
from rnncore.models import Sequential
from rnncore.utils import pad_sequences

keras.utils.set_random_seed(0)
texts = [
    "Win a free prize now, click here!",
    "Are we still meeting for lunch?",
    "Free tickets: claim your prize now",
    "The meeting moved to Monday morning",
] * 6
labels = np.array([1, 0, 1, 0] * 6)
words = [text.lower().translate(str.maketrans("", "", "!?,:")).split() for text in texts]
index = {word: i + 1 for i, word in enumerate(sorted({w for text in words for w in text}))}
sequences = [[index[word] for word in text] for text in words]
data = pad_sequences(sequences, maxlen=8, padding="post", truncating="post")

model = Sequential()
model.add(Embedding(len(index) + 1, 8, mask_zero=True))
model.add(SpatialDropout1D(0.2))
model.add(LSTM(8, dropout=0.2, recurrent_dropout=0.2))
model.add(Dense(1, activation="sigmoid"))
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(data, labels, epochs=3, batch_size=8, verbose=0)
classes = (model.predict(data, verbose=0) > 0.5).astype("int32")

RESULT = {
    "params": model.count_params(),
    "shape": list(classes.shape),
    "data": data[0].tolist(),
    "metrics": sorted(model.evaluate(data, labels, verbose=0, return_dict=True)),
}
