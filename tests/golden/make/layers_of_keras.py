"""Write data/layers_of_keras.json: outputs, masks and gradients of Keras' layers in float64.

    python tests/golden/make/layers_of_keras.py

Needs ``pip install keras tensorflow-cpu`` (made with Keras 3.15.1 and TensorFlow 2.21.0).
"""

import json
import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf
from keras.src import backend

DATA = Path(__file__).parents[1] / "data" / "layers_of_keras.json"


MASK = [[False, True, True, False, True], [True] * 5, [True, True, True, False, False]]
FULL = [[True, True, True, True, True]] * 2 + [[False, True, True, True, False]]
SEQUENCES = (3, 5, 4)


def dense(**arguments):
    return {"layer": {"class_name": "Dense", "config": {"units": 2, **arguments}}}


# Layer, arguments, shapes of the inputs, mask or masks, training.
CASES = [
    ("TimeDistributed", dense(activation="softmax"), [SEQUENCES], [MASK], True),
    ("TimeDistributed", dense(), [(2, 3, 2, 4)], [None], True),
    ("Flatten", {}, [SEQUENCES], [None], True),
    ("Reshape", {"target_shape": [-1, 10]}, [SEQUENCES], [None], True),
    ("Permute", {"dims": [2, 1]}, [SEQUENCES], [None], True),
    ("Permute", {"dims": [3, 1, 2]}, [(2, 3, 4, 5)], [None], True),
    ("RepeatVector", {"n": 3}, [(2, 4)], [None], True),
    ("LayerNormalization", {}, [SEQUENCES], [MASK], True),
    ("LayerNormalization", {"axis": [1, 2], "epsilon": 0.1}, [SEQUENCES], [None], True),
    ("LayerNormalization", {"axis": 1, "scale": False}, [SEQUENCES], [None], True),
    ("LayerNormalization", {"center": False}, [(3, 4)], [None], True),
    ("BatchNormalization", {}, [SEQUENCES], [None], True),
    ("BatchNormalization", {}, [SEQUENCES], [None], False),
    ("BatchNormalization", {"momentum": 0.5, "epsilon": 0.1}, [SEQUENCES], [MASK], True),
    ("BatchNormalization", {"axis": 1, "scale": False}, [SEQUENCES], [None], True),
    ("BatchNormalization", {"center": False}, [(6, 4)], [None], True),
    ("BatchNormalization", {"trainable": False}, [SEQUENCES], [MASK], True),
    *(
        ("Conv1D", {"filters": 2, "kernel_size": 3, **arguments}, [(2, 7, 3)], [None], True)
        for arguments in [
            {},
            {"activation": "tanh", "strides": 2, "use_bias": False},
            {"padding": "same"},
            {"padding": "same", "strides": 2},
            {"padding": "same", "dilation_rate": 2},
            {"padding": "causal"},
            {"padding": "causal", "dilation_rate": 2, "activation": "relu"},
            {"padding": "causal", "strides": 3},
            {"padding": "same", "kernel_size": 2, "strides": 3},
        ]
    ),
    *(
        ("Conv1DTranspose", {"filters": 2, **arguments}, [(2, 4, 3)], [None], True)
        for arguments in [
            {"kernel_size": 3},
            {"kernel_size": 3, "padding": "same", "activation": "tanh", "use_bias": False},
            {"kernel_size": 3, "strides": 2},
            {"kernel_size": 3, "strides": 2, "padding": "same"},
            {"kernel_size": 4, "strides": 2, "padding": "same", "activation": "softplus"},
            {"kernel_size": 5, "strides": 3, "padding": "same"},
            {"kernel_size": 2, "strides": 3},
            {"kernel_size": 2, "strides": 3, "padding": "same"},
        ]
    ),
    ("PReLU", {}, [SEQUENCES], [MASK], True),
    ("PReLU", {"shared_axes": [1]}, [SEQUENCES], [None], True),
    ("PReLU", {"shared_axes": [1, 2]}, [SEQUENCES], [None], True),
    ("UnitNormalization", {}, [SEQUENCES], [MASK], True),
    ("UnitNormalization", {"axis": [1, 2]}, [SEQUENCES], [None], True),
    ("Rescaling", {"scale": 2.5, "offset": -1.0}, [SEQUENCES], [MASK], True),
    ("Identity", {}, [SEQUENCES], [MASK], True),
    *(
        (name, arguments, [(2, 7, 3)], [None], True)
        for name in ["MaxPooling1D", "AveragePooling1D"]
        for arguments in [
            {"pool_size": 2},
            {"pool_size": 3, "strides": 1},
            {"pool_size": 3, "strides": 2, "padding": "same"},
            {"pool_size": 2, "strides": 3, "padding": "same"},
            {"pool_size": 4, "padding": "same"},
        ]
    ),
    *(
        ("Conv2D", {"filters": 2, "kernel_size": 3, **arguments}, [(2, 7, 6, 3)], [None], True)
        for arguments in [
            {},
            {"kernel_size": [2, 3], "strides": [2, 1], "activation": "tanh", "use_bias": False},
            {"padding": "same"},
            {"padding": "same", "strides": 2},
            {"padding": "same", "strides": 2, "kernel_size": [2, 5]},
            {"padding": "same", "dilation_rate": [2, 1]},
            {"dilation_rate": 2},
        ]
    ),
    *(
        (name, arguments, [(2, 7, 6, 3)], [None], True)
        for name in ["MaxPooling2D", "AveragePooling2D"]
        for arguments in [
            {"pool_size": 2},
            {"pool_size": [3, 2], "strides": [1, 2]},
            {"pool_size": 3, "strides": 2, "padding": "same"},
            {"pool_size": [2, 4], "strides": 3, "padding": "same"},
        ]
    ),
    *(
        (name, arguments, [(2, 3, 4, 5)], [None], True)
        for name in ["GlobalMaxPooling2D", "GlobalAveragePooling2D"]
        for arguments in [{}, {"keepdims": True}]
    ),
    *(
        (name, {}, shapes, masks, True)
        for name in ["Add", "Multiply", "Average", "Maximum", "Minimum"]
        for shapes, masks in [
            ([SEQUENCES, SEQUENCES, SEQUENCES], [None, None, None]),
            ([SEQUENCES, SEQUENCES], [MASK, FULL]),
            ([SEQUENCES, (3, 1, 4)], [MASK, None]),
            ([SEQUENCES, (3, 4)], [None, None]),
        ]
    ),
    ("Subtract", {}, [SEQUENCES, (3, 1, 4)], [MASK, None], True),
    ("Subtract", {}, [SEQUENCES, SEQUENCES], [MASK, FULL], True),
    *(
        ("Dot", arguments, shapes, [None, None], True)
        for arguments, shapes in [
            ({"axes": 1}, [(3, 4), (3, 4)]),
            ({"axes": 2}, [SEQUENCES, (3, 2, 4)]),
            ({"axes": [2, 1]}, [SEQUENCES, (3, 4, 2)]),
            ({"axes": [1, 2], "normalize": True}, [SEQUENCES, (3, 2, 5)]),
            ({"axes": -1, "normalize": True}, [(3, 4), (3, 4)]),
            ({"axes": [1, 1]}, [(3, 5), SEQUENCES]),
        ]
    ),
    ("Concatenate", {}, [SEQUENCES, (3, 5, 2)], [MASK, None], True),
    ("Concatenate", {"axis": 1}, [SEQUENCES, (3, 5, 4)], [MASK, FULL], True),
    ("Concatenate", {"axis": -2}, [SEQUENCES, (3, 2, 4)], [None, None], True),
    *(
        (name, arguments, shapes, masks, True)
        for name, arguments in [
            ("Attention", {}),
            ("Attention", {"use_scale": True}),
            ("Attention", {"score_mode": "concat"}),
            ("Attention", {"score_mode": "concat", "use_scale": True}),
            ("AdditiveAttention", {}),
            ("AdditiveAttention", {"use_scale": False}),
        ]
        for shapes, masks in [
            ([(3, 2, 4), SEQUENCES], [None, None]),
            ([SEQUENCES, SEQUENCES], [MASK, FULL]),
            ([(3, 2, 4), (3, 5, 2), SEQUENCES], [[[True, False]] * 3, MASK, None]),
        ]
    ),
    ("GlobalMaxPooling1D", {}, [SEQUENCES], [None], True),
    ("GlobalMaxPooling1D", {"keepdims": True}, [SEQUENCES], [None], True),
    ("GlobalAveragePooling1D", {}, [SEQUENCES], [MASK], True),
    ("GlobalAveragePooling1D", {"keepdims": True}, [SEQUENCES], [None], True),
]


def make(name, arguments):
    arguments = dict(arguments)
    if "layer" in arguments:
        inner = arguments["layer"]
        arguments["layer"] = make(inner["class_name"], inner["config"])
    return getattr(keras.layers, name)(**arguments)


def run(name, arguments, shapes, masks, training):
    rng = np.random.default_rng(3)
    layer = make(name, arguments)
    inputs = [tf.constant(rng.uniform(-1, 1, shape)) for shape in shapes]
    given = inputs[0] if len(inputs) == 1 else inputs
    layer(given)
    for weight in layer.weights:
        low = 0.2 if "variance" in weight.path else -0.8
        weight.assign(rng.uniform(low, 0.8, weight.shape))
    weights = [weight.numpy().tolist() for weight in layer.weights]
    for array, mask in zip(inputs, masks, strict=True):
        if mask is not None:
            backend.set_keras_mask(array, tf.constant(mask))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        y = layer(given, training=training)
        dy = rng.uniform(-1, 1, y.shape)
        value = tf.reduce_sum(y * dy)
    mask = backend.get_keras_mask(y)
    variables = [weight.value for weight in layer.trainable_weights]
    gradients = [tf.convert_to_tensor(g) for g in tape.gradient(value, [*inputs, *variables])]
    return {
        "name": name,
        "arguments": arguments,
        "training": training,
        "inputs": [array.numpy().tolist() for array in inputs],
        "masks": masks,
        "weights": weights,
        "y": y.numpy().tolist(),
        "y_mask": None if mask is None else mask.numpy().tolist(),
        "weights_after": [weight.numpy().tolist() for weight in layer.weights],
        "dy": dy.tolist(),
        "dinputs": [g.numpy().tolist() for g in gradients[: len(inputs)]],
        "dweights": [g.numpy().tolist() for g in gradients[len(inputs) :]],
    }


def rounded(value):
    """Spare digits that a comparison to 1e-12 does not need."""
    if isinstance(value, float):
        return float(f"{value:.14g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return value


keras.config.set_floatx("float64")
numbers = [{k: rounded(v) for k, v in run(*case).items()} for case in CASES]
lines = ",\n".join(json.dumps(n) for n in numbers)
DATA.write_text(f"[\n{lines}\n]\n")
