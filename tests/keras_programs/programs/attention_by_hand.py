"""Attention made of plain layers: over features, between two sequences, and step by step."""

import numpy as np

import rnncore as keras
from rnncore.layers import (
    LSTM,
    Activation,
    Bidirectional,
    Concatenate,
    Dense,
    Dot,
    Flatten,
    Input,
    Permute,
    RepeatVector,
    Softmax,
    concatenate,
    dot,
    multiply,
)
from rnncore.models import Model

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
STEPS = 6

inputs = Input(shape=(STEPS, 3))
read = LSTM(4, return_sequences=True)(inputs)
weights = Dense(STEPS, activation="softmax")(Permute((2, 1))(read))
weights = Permute((2, 1), name="weights")(weights)
output = Dense(1, activation="sigmoid")(Flatten()(multiply([read, weights], name="weighted")))
model = Model([inputs], output)
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
x = rng.random((20, STEPS, 3))
model.fit([x], rng.integers(0, 2, (20, 1)), epochs=1, validation_split=0.1, verbose=0)
shown = Model(inputs=model.input, outputs=model.get_layer("weights").output)
attended = shown.predict(x, verbose=0)
assert np.allclose(attended.sum(axis=1), 1, atol=1e-5)

source, target = Input(shape=(None, 3)), Input(shape=(None, 2))
encoded, h, c = LSTM(4, return_sequences=True, return_state=True)(source)
decoded, _, _ = LSTM(4, return_sequences=True, return_state=True)(target, initial_state=[h, c])
scores = Activation("softmax", name="scores")(dot([decoded, encoded], axes=[2, 2]))
context = dot([scores, encoded], axes=[2, 1])
mixed = Dense(5, activation="tanh")(concatenate([context, decoded]))
translator = Model([source, target], Dense(2, activation="softmax")(mixed))
translator.compile("rmsprop", "categorical_crossentropy")
translator.fit([x, rng.random((20, 4, 2))], rng.random((20, 4, 2)), verbose=0)

OUT = 3
repeat, join, dotted = RepeatVector(STEPS), Concatenate(axis=-1), Dot(axes=1)
energy, score, normal = Dense(5, activation="tanh"), Dense(1, activation="relu"), Softmax(axis=1)
decoder, word = LSTM(4, return_state=True), Dense(7, activation="softmax")
dates, s0, c0 = Input(shape=(STEPS, 3)), Input(shape=(4,), name="s0"), Input(shape=(4,), name="c0")
s, c, outputs = s0, c0, []
a = Bidirectional(LSTM(units=2, return_sequences=True))(dates)
for _ in range(OUT):
    alphas = normal(score(energy(join([a, repeat(s)]))))
    s, _, c = decoder(dotted([alphas, a]), initial_state=[s, c])
    outputs.append(word(s))
stepper = Model(inputs=[dates, s0, c0], outputs=outputs)
stepper.compile(loss="categorical_crossentropy", optimizer="adam")
zeros = np.zeros((20, 4))
stepper.fit([x, zeros, zeros], list(rng.random((OUT, 20, 7))), epochs=1, verbose=0)

RESULT = {
    "params": [one.count_params() for one in (model, translator, stepper)],
    "names": [layer.name for layer in stepper.layers],
    "weights": list(attended.shape),
    "outputs": [list(one.shape) for one in stepper.predict([x, zeros, zeros], verbose=0)],
}
