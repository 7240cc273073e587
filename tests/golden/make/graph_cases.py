"""Graphs that Keras and this library build from the same lines, with their data."""

import numpy as np

STEPS = 8
RNG = np.random.default_rng(0)
IDS, MORE_IDS = RNG.integers(0, 6, (2, 8, 5))
IDS[::2, 3:] = 0
NUMBERS = RNG.normal(size=(8, 4))
SERIES = RNG.normal(size=(8, 5, 3))
LABELS = RNG.integers(0, 3, 8)
LEVELS = RNG.normal(size=(8, 1))


def shared(k):
    """One encoder for two texts."""
    left, right = k["Input"]((5,), name="left"), k["Input"]((5,), name="right")
    embed, encode = k["Embedding"](6, 3, mask_zero=True), k["LSTM"](4)
    total = k["Sum"]()([encode(embed(left)), encode(embed(right))])
    return k["Model"]([left, right], k["Dense"](3, activation="softmax")(total))


def tasks(k):
    """Two modalities, two tasks, a branch inside."""
    series, numbers = k["Input"]((5, 3), name="series"), k["Input"]((4,), name="numbers")
    states = k["GRU"](4, return_sequences=True)(series)
    branch = k["Sum"]()([k["LSTM"](4)(states), k["GRU"](4)(states)])
    both = k["Sum"]()([branch, k["Dense"](4, activation="tanh")(numbers)])
    kind = k["Dense"](3, activation="softmax", name="kind")(both)
    level = k["Dense"](1, name="level")(k["Sum"]()([both, branch]))
    return k["Model"]([series, numbers], [kind, level])


def nested(k):
    """A chain inside a graph, called twice, inside a chain."""
    encoder = k["Sequential"]([k["Input"]((5, 3)), k["LSTM"](3), k["Dense"](5)])
    series = k["Input"]((5, 3))
    again = k["Dense"](3)(k["LSTM"](5, return_sequences=True)(series))
    graph = k["Model"](series, k["Sum"]()([encoder(series), encoder(again)]))
    return k["Sequential"]([k["Input"]((5, 3)), graph, k["Dense"](1, activation="sigmoid")])


# Name: (how it is built, inputs, targets, arguments of compile).
GRAPHS = {
    "shared": (
        shared,
        [IDS, MORE_IDS],
        LABELS,
        {
            # Keras on TensorFlow lets Adam pass over the rows that a batch does not have.
            "optimizer": "sgd",
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy"],
        },
    ),
    "tasks": (
        tasks,
        [SERIES, NUMBERS],
        [LABELS, LEVELS],
        {
            "optimizer": "rmsprop",
            "loss": {"kind": "sparse_categorical_crossentropy", "level": "mse"},
            "loss_weights": {"kind": 1.0, "level": 0.25},
            "metrics": {"kind": ["accuracy"], "level": ["mae"]},
        },
    ),
    "nested": (nested, SERIES, (LABELS > 0) * 1.0, {"optimizer": "rmsprop", "loss": "mse"}),
}
