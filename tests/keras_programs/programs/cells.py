"""Recurrent layers made of cells."""

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.normal(size=(24, 6, 3)).astype("float32")
y = x[:, -1].sum(axis=1, keepdims=True)

inputs = keras.Input((6, 3))
stacked = layers.RNN(
    [layers.LSTMCell(5), layers.GRUCell(4)], return_sequences=True, name="stacked"
)(inputs)
last = layers.RNN(layers.SimpleRNNCell(4))(stacked)
model = keras.Model(inputs, layers.Dense(1)(last))
model.compile("adam", "mse")
model.fit(x, y, epochs=2, verbose=0)

RESULT = {
    "params": model.count_params(),
    "weights": [list(w.shape) for w in model.get_weights()],
    "shapes": [list(layer.output.shape) for layer in model.layers],
}
