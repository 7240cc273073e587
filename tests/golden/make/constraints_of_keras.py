"""Write data/constraints_of_keras.json: penalties, their gradients, and constraints (float64).

    python tests/golden/make/constraints_of_keras.py

Needs ``pip install keras tensorflow-cpu`` (made with Keras 3.15.1 and TensorFlow 2.21.0).
"""

import json
import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf

DATA = Path(__file__).parents[1] / "data" / "constraints_of_keras.json"


REGULARIZERS = [
    ("L1", {}),
    ("L1", {"l1": 0.5}),
    ("L2", {}),
    ("L2", {"l2": 0.25}),
    ("L1L2", {"l1": 0.25, "l2": 0.5}),
    ("OrthogonalRegularizer", {"factor": 0.01}),
    ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}),
]
CONSTRAINTS = [
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 1.0, "axis": 1}),
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": [0, 1]}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 1.0, "max_value": 1.5, "rate": 0.25, "axis": 1}),
]

keras.config.set_floatx("float64")
weight = tf.constant(np.random.default_rng(3).uniform(-1.5, 1.5, (4, 3)))


def penalty(name, arguments):
    # TensorFlow would make float32 of the plain floats that some of them keep.
    exact = {k: np.float64(v) if isinstance(v, float) else v for k, v in arguments.items()}
    regularizer = getattr(keras.regularizers, name)(**exact)
    with tf.GradientTape() as tape:
        tape.watch(weight)
        value = tf.cast(regularizer(weight), "float64")
    return {"value": float(value), "grad": tape.gradient(value, weight).numpy().tolist()}


def projection(name, arguments):
    return {"projected": getattr(keras.constraints, name)(**arguments)(weight).numpy().tolist()}


numbers = {
    "weight": weight.numpy().tolist(),
    "regularizers": [[*case, penalty(*case)] for case in REGULARIZERS],
    "constraints": [[*case, projection(*case)] for case in CONSTRAINTS],
}
DATA.write_text(json.dumps(numbers) + "\n")
