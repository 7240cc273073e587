"""Write data/cells_of_keras.json: RNN over cells and stacks of cells, as Keras computes them.

    python tests/golden/make/cells_of_keras.py

Needs ``pip install keras tensorflow-cpu`` (made with Keras 3.15.1 and TensorFlow 2.21.0).
Everything is float64. Each case holds weights, inputs, what the layer returned, and the gradients
of the sum of all outputs times the numbers in `dys`.
"""

import itertools
import json
import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops, tree

DATA = Path(__file__).parents[1] / "data" / "cells_of_keras.json"


MASK = [[False, True, True, False], [True, True, True, True], [True, False, False, False]]
MASK_WITH_EMPTY_ROW = [[True, True, False, False], [False] * 4, [False, True, False, True]]


class MinimalGatedCell(layers.Layer):
    """One gate, f, for both the state that the candidate sees and the update."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape):
        columns = 2 * self.units
        self.kernel = self.add_weight(shape=(input_shape[-1], columns), name="kernel")
        self.recurrent_kernel = self.add_weight(shape=(self.units, columns), name="recurrent")

    def call(self, inputs, states):
        h = states[0]
        uf, un = ops.split(self.recurrent_kernel, 2, axis=1)
        xf, xn = ops.split(ops.matmul(inputs, self.kernel), 2, axis=1)
        f = ops.sigmoid(xf + ops.matmul(h, uf))
        n = ops.tanh(xn + ops.matmul(f * h, un))
        y = h + f * (n - h)
        return y, [y]


class MovingAverageCell(layers.Layer):
    """Two states of different sizes, neither of which is the output."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = [units, 1]
        self.output_size = 2 * units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")

    def call(self, inputs, states):
        mean, count = states
        new = count + 1
        mean = mean + (ops.tanh(ops.matmul(inputs, self.kernel)) - mean) / (new + 1)
        return ops.concatenate([mean, mean * mean], axis=1), [mean, new]


OWN = {"MinimalGatedCell": MinimalGatedCell, "MovingAverageCell": MovingAverageCell}

CELLS = {
    "lstm": ["LSTMCell", {"units": 3}],
    "lstm_without_bias": ["LSTMCell", {"units": 2, "use_bias": False}],
    "gru": ["GRUCell", {"units": 3}],
    "gru_reset_before": ["GRUCell", {"units": 3, "reset_after": False}],
    "simple_rnn": ["SimpleRNNCell", {"units": 3, "activation": "relu"}],
    "own": ["MinimalGatedCell", {"units": 3}],
    "own_two_states": ["MovingAverageCell", {"units": 2}],
    "stack": [["LSTMCell", {"units": 3}], ["GRUCell", {"units": 2}]],
    "stack_with_own": [
        ["SimpleRNNCell", {"units": 2}],
        ["MovingAverageCell", {"units": 2}],
        ["MinimalGatedCell", {"units": 3}],
        ["LSTMCell", {"units": 2}],
    ],
}


def made(spec):
    if isinstance(spec[0], list):
        return [made(one) for one in spec]
    name, config = spec
    return (OWN.get(name) or getattr(layers, name))(**config)


def listed(values):
    return [np.asarray(value).round(13).tolist() for value in tree.flatten(values)]


def drawn(rng, shape):
    return rng.normal(size=shape).round(2)


def given_states(cell, rng, batch):
    """Return states that are not zero, nested as the cell wants them."""

    def one(cell):
        start = getattr(cell, "get_initial_state", None)
        if isinstance(cell, layers.StackedRNNCells):
            return [one(inner) for inner in cell.cells]
        if start is None:
            sizes = cell.state_size
            return (
                [drawn(rng, (batch, n)) for n in sizes]
                if isinstance(sizes, list)
                else drawn(rng, (batch, sizes))
            )
        return [drawn(rng, state.shape) for state in start(batch_size=batch)]

    return one(cell)


def shape_of(nested):
    """Return the nested lists with None for every array."""
    if isinstance(nested, (list, tuple)):
        return [shape_of(one) for one in nested]
    return None


def computed(name, options, mask, with_states, seed):
    rng = np.random.default_rng(seed)
    layer = layers.RNN(made(CELLS[name]), return_state=True, **options)
    x = drawn(rng, (3, 4, 2))
    layer(x)
    weights = [rng.uniform(-0.8, 0.8, w.shape).round(2) for w in layer.weights]
    layer.set_weights(weights)
    states = given_states(layer.cell, rng, 3) if with_states else None
    xs = tf.Variable(x)
    starts = tree.map_structure(tf.Variable, states) if with_states else None
    with tf.GradientTape() as tape:
        # A state that stands alone: Keras takes it in a list only.
        given = [starts] if with_states and not isinstance(starts, list) else starts
        result = layer(xs, initial_state=given, mask=None if mask is None else np.array(mask))
        flat = tree.flatten(result)
        dys = [drawn(rng, one.shape) for one in flat]
        loss = sum(tf.reduce_sum(one * dy) for one, dy in zip(flat, dys, strict=True))
    sources = [
        xs,
        *[w.value for w in layer.weights],
        *([] if starts is None else tree.flatten(starts)),
    ]
    gradients = tape.gradient(loss, sources, unconnected_gradients="zero")
    count = len(weights)
    return {
        "cell": CELLS[name],
        "options": options,
        "mask": mask,
        "x": x.tolist(),
        "weights": listed(weights),
        "initial_state": None if states is None else listed(states),
        "outputs": listed(result),
        "nesting": shape_of(result),
        "dys": listed(dys),
        "dx": listed(gradients[:1])[0],
        "dweights": listed(gradients[1 : 1 + count]),
        "dinitial_state": listed(gradients[1 + count :]),
    }


def cases():
    flags = itertools.product([False, True], repeat=2)
    masks = [(None, False), (MASK, False), (MASK_WITH_EMPTY_ROW, True)]
    for number, (name, (sequences, backwards), (mask, with_states)) in enumerate(
        itertools.product(CELLS, flags, masks)
    ):
        options = {
            "return_sequences": sequences,
            "go_backwards": backwards,
            "zero_output_for_mask": mask is not None and number % 2 == 1,
        }
        yield name, options, mask, with_states, number


def single_steps():
    """Return what cells give that are called by themselves."""
    for number, name in enumerate(["lstm", "gru", "gru_reset_before", "simple_rnn"]):
        rng = np.random.default_rng(100 + number)
        cell = made(CELLS[name])
        x = drawn(rng, (3, 2))
        start = cell.get_initial_state(batch_size=3)
        states = [drawn(rng, state.shape) for state in start]
        cell(x, states)
        weights = [rng.uniform(-0.8, 0.8, w.shape).round(2) for w in cell.weights]
        cell.set_weights(weights)
        y, new = cell(x, states)
        yield {
            "cell": CELLS[name],
            "x": x.tolist(),
            "states": listed(states),
            "weights": listed(weights),
            "y": np.asarray(y).tolist(),
            "new_states": listed(new),
            "state_size": cell.state_size,
            "output_size": cell.output_size,
        }


def constant_weights():
    """Return what constant weights make of arange inputs, by two calls of a stateful layer."""
    constant = {
        "kernel_initializer": {"class_name": "Constant", "config": {"value": 0.01}},
        "recurrent_initializer": {"class_name": "Constant", "config": {"value": 0.02}},
        "bias_initializer": {"class_name": "Constant", "config": {"value": 0.03}},
    }
    specs = [
        ["LSTMCell", {"units": 3, **constant}],
        ["LSTMCell", {"units": 3, "unit_forget_bias": False, **constant}],
        ["GRUCell", {"units": 3, **constant}],
        ["SimpleRNNCell", {"units": 3, **constant}],
        [["LSTMCell", {"units": 3, **constant}], ["GRUCell", {"units": 2, **constant}]],
    ]
    x = np.arange(72).reshape(3, 6, 4) / 72
    for spec in specs:
        layer = layers.RNN(made(spec), stateful=True)
        calls = [np.asarray(layer(x)).tolist() for _ in range(2)]
        yield {"cell": spec, "calls": calls, "weights": listed(layer.get_weights())}


def trained_models():
    """Return the weights of models before and after 20 steps, the input partly masked."""
    specs = [
        [CELLS["stack"], {}, False],
        [CELLS["own"], {"go_backwards": True}, False],
        [CELLS["stack_with_own"], {"return_sequences": True}, False],
        [CELLS["stack"], {"return_sequences": True}, True],
    ]
    for number, (spec, options, both) in enumerate(specs):
        rng = np.random.default_rng(200 + number)
        x = drawn(rng, (6, 5, 2))
        x[:3, 3:] = 0
        x[2, 0] = 0
        layer = layers.RNN(made(spec), **options)
        model = keras.Sequential(
            [
                layers.Input((5, 2)),
                layers.Masking(),
                layers.Bidirectional(layer) if both else layer,
                layers.Dense(1),
            ]
        )
        weights = [rng.uniform(-0.8, 0.8, w.shape).round(2) for w in model.get_weights()]
        model.set_weights(weights)
        y = drawn(rng, (6, *model.output_shape[1:]))
        model.compile(keras.optimizers.SGD(0.1, momentum=0.5), "mse")
        losses = [float(model.train_on_batch(x, y)) for _ in range(20)]
        yield {
            "cell": spec,
            "options": options,
            "both": both,
            "x": x.tolist(),
            "y": y.tolist(),
            "weights": listed(weights),
            "losses": losses,
            "trained": listed(model.get_weights()),
        }


def main():
    keras.config.set_floatx("float64")
    found = {
        "cases": [computed(*case) for case in cases()],
        "steps": list(single_steps()),
        "constant": list(constant_weights()),
        "trained": list(trained_models()),
    }
    DATA.write_text(json.dumps(found, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
