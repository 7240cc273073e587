"""Learn to add numbers that are given as text, character by character."""

import numpy as np

import rnncore as keras
from rnncore import layers

DIGITS = 2
MAXLEN = DIGITS + 1 + DIGITS


class CharacterTable:
    def __init__(self, chars):
        self.chars = sorted(set(chars))
        self.char_indices = {c: i for i, c in enumerate(self.chars)}
        self.indices_char = dict(enumerate(self.chars))

    def encode(self, text, num_rows):
        x = np.zeros((num_rows, len(self.chars)))
        for i, c in enumerate(text):
            x[i, self.char_indices[c]] = 1
        return x

    def decode(self, x, calc_argmax=True):
        if calc_argmax:
            x = x.argmax(axis=-1)
        return "".join(self.indices_char[int(i)] for i in x)


keras.utils.set_random_seed(0)
chars = "0123456789+ "
ctable = CharacterTable(chars)
rng = np.random.default_rng(0)
questions, expected = [], []
for a, b in rng.integers(0, 100, (200, 2)):
    questions.append(f"{a}+{b}".ljust(MAXLEN)[::-1])
    expected.append(str(a + b).ljust(DIGITS + 1))
x = np.array([ctable.encode(q, MAXLEN) for q in questions]).astype(bool)
y = np.array([ctable.encode(e, DIGITS + 1) for e in expected]).astype(bool)

model = keras.Sequential()
model.add(layers.Input((MAXLEN, len(chars))))
model.add(layers.LSTM(32))
model.add(layers.RepeatVector(DIGITS + 1))
for _ in range(1):
    model.add(layers.LSTM(32, return_sequences=True))
model.add(layers.Dense(len(chars), activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])

for _epoch in range(1, 3):
    model.fit(
        x[:160], y[:160], batch_size=32, epochs=1, validation_data=(x[160:], y[160:]), verbose=0
    )
    rowx, rowy = x[160:161], y[160:161]
    preds = np.argmax(model.predict(rowx, verbose=0), axis=-1)
    guess = ctable.decode(preds[0], calc_argmax=False)
    assert len(guess) == DIGITS + 1

RESULT = {
    "params": model.count_params(),
    "shape": list(model.output_shape),
    "layers": [layer.name for layer in model.layers],
}
