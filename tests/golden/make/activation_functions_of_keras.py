"""Write data/activation_functions_of_keras.json: Keras' activations and their gradients in float64.

    python tests/golden/make/activation_functions_of_keras.py

Needs ``pip install keras tensorflow-cpu`` (made with Keras 3.15.1 and TensorFlow 2.21.0).
"""

import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

DATA = Path(__file__).parents[1] / "data" / "activation_functions_of_keras.json"


NAMES = [
    "elu",
    "exponential",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]
X = np.array([[-30.0, -3.5, -1.25, -0.5, -1e-5], [0.25, 0.75, 1.5, 2.875, 7.0]])
DY = np.array([[0.5, -1.0, 2.0, 1.5, -0.75], [1.25, 0.25, -2.0, 1.0, 0.875]])

keras.config.set_floatx("float64")
numbers = {"x": X.tolist(), "dy": DY.tolist(), "cases": {}}
for name in NAMES:
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = keras.activations.get(name)(x)
        value = tf.reduce_sum(y * DY)
    dx = tape.gradient(value, x)
    numbers["cases"][name] = {"y": y.numpy().tolist(), "dx": dx.numpy().tolist()}
DATA.write_text(json.dumps(numbers, indent=1) + "\n")
