"""Generate text character by character."""

import random

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
text = "the quick brown fox jumps over the lazy dog and runs away from the bear " * 3
chars = sorted(set(text))
char_indices = {c: i for i, c in enumerate(chars)}
indices_char = dict(enumerate(chars))
maxlen, step = 10, 3
sentences = [text[i : i + maxlen] for i in range(0, len(text) - maxlen, step)]
next_chars = [text[i + maxlen] for i in range(0, len(text) - maxlen, step)]
x = np.zeros((len(sentences), maxlen, len(chars)), dtype="bool")
y = np.zeros((len(sentences), len(chars)), dtype="bool")
for i, sentence in enumerate(sentences):
    for t, char in enumerate(sentence):
        x[i, t, char_indices[char]] = 1
    y[i, char_indices[next_chars[i]]] = 1

model = keras.Sequential(
    [
        keras.Input(shape=(maxlen, len(chars))),
        layers.LSTM(16),
        layers.Dense(len(chars), activation="softmax"),
    ]
)
optimizer = keras.optimizers.RMSprop(learning_rate=0.01)
model.compile(loss="categorical_crossentropy", optimizer=optimizer)


def sample(preds, temperature=1.0):
    preds = np.asarray(preds).astype("float64")
    exp_preds = np.exp(np.log(preds) / temperature)
    return np.argmax(np.random.multinomial(1, exp_preds / np.sum(exp_preds), 1))  # noqa: NPY002


for _epoch in range(2):
    model.fit(x, y, batch_size=16, epochs=1, verbose=0)
    start_index = random.randint(0, len(text) - maxlen - 1)
    generated, sentence = "", text[start_index : start_index + maxlen]
    for _ in range(8):
        x_pred = np.zeros((1, maxlen, len(chars)))
        for t, char in enumerate(sentence):
            x_pred[0, t, char_indices[char]] = 1.0
        next_char = indices_char[int(sample(model.predict(x_pred, verbose=0)[0], 0.5))]
        sentence = sentence[1:] + next_char
        generated += next_char
    assert len(generated) == 8

RESULT = {"params": model.count_params(), "name": model.name}
