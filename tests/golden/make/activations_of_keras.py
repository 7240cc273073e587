"""Write data/activations_of_keras.json: layers of Keras 3 with other activations, and with dropout
of inputs and states whose factors are given.

Run with Keras and TensorFlow installed (made with Keras 3.15.1, TensorFlow 2.21.0):

    python tests/golden/make/activations_of_keras.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parents[1] / "data" / "activations_of_keras.json"


CASES: list[dict[str, Any]] = [
    {"layer": "LSTM", "activation": "relu", "recurrent_activation": "hard_sigmoid"},
    {"layer": "LSTM", "activation": "linear", "recurrent_activation": "tanh"},
    {"layer": "LSTM", "activation": "sigmoid", "recurrent_activation": "relu"},
    {"layer": "LSTM", "activation": None, "recurrent_activation": "sigmoid"},
    {"layer": "GRU", "activation": "sigmoid", "recurrent_activation": "linear"},
    {"layer": "GRU", "activation": "relu", "recurrent_activation": "hard_sigmoid"},
    {
        "layer": "GRU",
        "activation": "hard_sigmoid",
        "recurrent_activation": "tanh",
        "reset_after": False,
    },
    {"layer": "SimpleRNN", "activation": "hard_sigmoid"},
    {"layer": "LSTM", "recurrent_dropout": 0.4},
    {"layer": "LSTM", "activation": "relu", "recurrent_dropout": 0.4},
    {"layer": "GRU", "recurrent_dropout": 0.4},
    {"layer": "GRU", "recurrent_dropout": 0.4, "reset_after": False},
    {"layer": "SimpleRNN", "recurrent_dropout": 0.4},
    {"layer": "LSTM", "dropout": 0.3},
    {"layer": "GRU", "dropout": 0.3, "recurrent_dropout": 0.4},
]
GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
ROWS, STEPS, INPUTS, UNITS = 3, 4, 2, 3
MASK = np.array([[1, 1, 1, 1], [0, 1, 1, 0], [0, 0, 1, 1]], dtype=bool)


def wave(*shape: int, start: float = 0.0) -> np.ndarray:
    """Numbers in [-1.5, 1.5] that anyone can make again."""
    return 1.5 * np.sin(start + 1.7 * np.arange(np.prod(shape))).reshape(shape)


def factors(*shape: int, start: float = 0.0) -> np.ndarray:
    """What dropout might have drawn."""
    return np.where(wave(*shape, start=start) > 0.6, 0.0, 1.5)


def arrays(case: dict[str, Any]) -> dict[str, np.ndarray]:
    """The weights, inputs and factors of a case."""
    columns = GATES[case["layer"]] * UNITS
    two = case["layer"] == "GRU" and case.get("reset_after", True)
    return {
        "x": wave(ROWS, STEPS, INPUTS),
        "kernel": wave(INPUTS, columns, start=1.0),
        "recurrent_kernel": 0.5 * wave(UNITS, columns, start=2.0),
        "bias": wave(*((2, columns) if two else (columns,)), start=3.0),
        "dy": wave(ROWS, STEPS, UNITS, start=4.0),
        "input_factors": factors(ROWS, 1, INPUTS, start=5.0),
        "state_factors": factors(GATES[case["layer"]], ROWS, UNITS, start=6.0),
    }


def run(case: dict[str, Any]) -> dict[str, Any]:
    """The outputs of Keras' layer and its gradients."""
    import keras
    import tensorflow as tf

    options = {name: value for name, value in case.items() if name != "layer"}
    layer = getattr(keras.layers, case["layer"])(
        UNITS, return_sequences=True, dtype="float64", **options
    )
    a = arrays(case)
    layer.build(a["x"].shape)
    layer.set_weights([a["kernel"], a["recurrent_kernel"], a["bias"]])
    # One factor for all gates of an input, one for each gate of a state. Keras draws the inputs'
    # apart for each gate as well if there is recurrent dropout.
    inputs, states = a["input_factors"][:, 0], list(a["state_factors"])
    cell = layer.cell
    several = cell.recurrent_dropout and case["layer"] != "SimpleRNN"
    given = [inputs] * len(states) if several else inputs
    cell.get_dropout_mask = lambda x: given if cell.dropout else None
    given_states = states if several else states[0]
    cell.get_recurrent_dropout_mask = lambda h: given_states if cell.recurrent_dropout else None
    training = bool(options.get("dropout") or options.get("recurrent_dropout"))
    x = tf.Variable(a["x"])
    with tf.GradientTape() as tape:
        y = layer(x, mask=tf.constant(MASK), training=training)
        loss = tf.reduce_sum(y * a["dy"])
    found = tape.gradient(loss, [x, *layer.trainable_variables])
    names = ["y", "dx", "dkernel", "drecurrent_kernel", "dbias"]
    return dict(zip(names, [np.asarray(v).ravel().tolist() for v in (y, *found)], strict=True))


def main() -> None:
    found = []
    for case in CASES:
        found.append({"case": case, **run(case)})
    DATA.write_text(json.dumps(found).replace('}, {"case"', '},\n{"case"') + "\n")


if __name__ == "__main__":
    main()
