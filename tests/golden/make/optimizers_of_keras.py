"""Write data/optimizers_of_keras.json: where Keras' optimizers take three weights in 20 steps.

    python tests/golden/make/optimizers_of_keras.py

Needs ``pip install keras tensorflow-cpu`` (made with Keras 3.15.1 and TensorFlow 2.21.0). Settings
are exact in binary: Keras rounds its constants to float32 even for float64 weights.
"""

import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

DATA = Path(__file__).parents[1] / "data" / "optimizers_of_keras.json"


SIZES = [12, 5, 6]
BETAS = {"beta_1": 0.875, "beta_2": 0.96875}
CASES = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.875}),
    ("SGD", {"momentum": 0.875, "nesterov": True}),
    ("SGD", {"weight_decay": 0.015625}),
    ("SGD", {"clipnorm": 0.5}),
    ("SGD", {"global_clipnorm": 0.5}),
    ("SGD", {"clipvalue": 0.125}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5}),
    ("RMSprop", {"momentum": 0.5, "centered": True, "rho": 0.75}),
    ("Adam", BETAS),
    ("Adam", {"amsgrad": True, "epsilon": 0.0009765625, **BETAS}),
    ("Adam", {"clipnorm": 0.5, **BETAS}),
    ("Adam", {"clipvalue": 0.125, **BETAS}),
    ("AdamW", {"weight_decay": 0.015625, **BETAS}),
    ("Adagrad", {"initial_accumulator_value": 0.125}),
    ("Adagrad", {"initial_accumulator_value": 0.5, "clipvalue": 0.125}),
    ("Adadelta", {"rho": 0.75, "epsilon": 0.0009765625}),
    ("Adadelta", {"clipnorm": 0.5, "weight_decay": 0.015625}),
    ("Adamax", BETAS),
    ("Adamax", {"global_clipnorm": 0.5, **BETAS}),
    ("Nadam", BETAS),
    ("Nadam", {"weight_decay": 0.015625, "epsilon": 0.0009765625, **BETAS}),
]


def run(name, arguments):
    variables = [keras.Variable(np.sin(np.arange(n) + n)) for n in SIZES]
    optimizer = getattr(keras.optimizers, name)(learning_rate=0.0625, **arguments)
    optimizer.build(variables)
    optimizer.exclude_from_weight_decay([variables[1]])
    for step in range(20):
        grads = [tf.constant(np.cos((step + 1.5) * (np.arange(n) + n))) for n in SIZES]
        optimizer.apply(grads, variables)
    return np.concatenate([np.asarray(v) for v in variables]).tolist()


keras.config.set_floatx("float64")
numbers = [{"name": n, "arguments": a, "weights": run(n, a)} for n, a in CASES]
DATA.write_text(json.dumps(numbers, indent=1) + "\n")
