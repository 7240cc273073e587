"""A layer against its cell, states carried from batch to batch and into another layer."""

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
first, second, third = rng.random((3, 4, 6, 5)).astype("float32")

layer = layers.LSTM(8, stateful=True)
layer(first)
layer(second)
carried = layer.states
follower = layers.LSTM(8)
continued = follower(third, initial_state=carried)
layer.reset_state()


def build(with_cell):
    if with_cell:
        recurrent = layers.RNN(layers.LSTMCell(8), input_shape=(None, 5))
    else:
        recurrent = layers.LSTM(8, input_shape=(None, 5))
    return keras.models.Sequential([recurrent, layers.BatchNormalization(), layers.Dense(3)])


x, labels = np.concatenate([first, second]), np.arange(8) % 3
fast, slow = build(False), build(True)
for model in (fast, slow):
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizer="sgd",
        metrics=["accuracy"],
    )
fast.fit(x, labels, validation_data=(x, labels), batch_size=4, epochs=1, verbose=0)
slow.set_weights(fast.get_weights())
assert np.allclose(fast.predict(x, verbose=0), slow.predict(x, verbose=0), atol=1e-5)

RESULT = {
    "states": [list(np.asarray(state).shape) for state in carried],
    "continued": list(np.asarray(continued).shape),
    "params": [fast.count_params(), slow.count_params()],
    "names": [layer.name for layer in slow.layers],
    "best": list(np.argmax(fast.predict(np.expand_dims(x[0], 0), verbose=0), axis=1).shape),
}
