"""Write data/losses_of_keras.json: Keras' losses and their gradients for small inputs in float64.

    python tests/golden/make/losses_of_keras.py

Needs ``pip install keras tensorflow-cpu`` (made with Keras 3.15.1 and TensorFlow 2.21.0).
"""

import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

DATA = Path(__file__).parents[1] / "data" / "losses_of_keras.json"


SHAPE = (3, 2, 4)
CASES = [
    ("MeanSquaredError", {}, "real", "real"),
    ("MeanAbsoluteError", {}, "real", "real"),
    ("Huber", {"delta": 0.75}, "real", "real"),
    ("MeanAbsolutePercentageError", {}, "real", "real"),
    ("MeanSquaredLogarithmicError", {}, "positive", "real"),
    ("LogCosh", {}, "real", "real"),
    ("Poisson", {}, "positive", "positive"),
    ("KLDivergence", {}, "distribution", "softmax"),
    ("CosineSimilarity", {}, "real", "real"),
    ("CosineSimilarity", {}, "real", "short"),
    ("Hinge", {}, "bits", "real"),
    ("Hinge", {}, "bits", "steps"),
    ("SquaredHinge", {}, "real", "real"),
    ("CategoricalHinge", {}, "bits", "real"),
    ("CategoricalHinge", {}, "bits", "steps"),
    ("BinaryCrossentropy", {}, "bits", "sigmoid"),
    ("BinaryCrossentropy", {"label_smoothing": 0.125}, "bits", "sigmoid"),
    ("BinaryCrossentropy", {"from_logits": True}, "bits", "real"),
    ("CategoricalCrossentropy", {}, "distribution", "softmax"),
    ("CategoricalCrossentropy", {"label_smoothing": 0.125}, "distribution", "positive"),
    ("CategoricalCrossentropy", {"from_logits": True}, "distribution", "real"),
    ("SparseCategoricalCrossentropy", {}, "labels", "softmax"),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, "labels", "real"),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": 2}, "labels", "real"),
]


def inputs(kind, rng):
    x = rng.normal(size=SHAPE)
    return {
        "real": x,
        "short": x * 1e-8,
        "steps": np.round(x),  # several are the largest
        "bits": (x > 0).astype(float),
        "sigmoid": 1 / (1 + np.exp(-x)),
        "positive": np.exp(x),
        "softmax": np.exp(x) / np.exp(x).sum(-1, keepdims=True),
        "distribution": np.exp(x) / np.exp(x).sum(-1, keepdims=True),
        "labels": rng.integers(0, SHAPE[-1], SHAPE[:-1]),
    }[kind]


def run(name, arguments, true_kind, pred_kind, reduction, weighted):
    rng = np.random.default_rng(3)
    true, pred = inputs(true_kind, rng), inputs(pred_kind, rng)
    weight = rng.uniform(0.5, 2.0, SHAPE[:-1]) if weighted else None
    loss = getattr(keras.losses, name)(reduction=reduction, **arguments)
    variable = tf.Variable(pred)
    with tf.GradientTape() as tape:
        value = loss(true, variable, sample_weight=weight)
    grad = tf.convert_to_tensor(tape.gradient(value, variable))
    return {
        "name": name,
        "arguments": arguments | {"reduction": reduction},
        "y_true": true.tolist(),
        "y_pred": pred.tolist(),
        "sample_weight": None if weight is None else weight.tolist(),
        "value": float(value),
        "grad": grad.numpy().tolist(),
    }


keras.config.set_floatx("float64")
numbers = [
    run(*case, reduction, weighted)
    for case in CASES
    for reduction, weighted in [
        ("sum_over_batch_size", False),
        ("sum_over_batch_size", True),
        ("mean_with_sample_weight", True),
        ("sum", True),
    ]
]
lines = ",\n".join(json.dumps(n) for n in numbers)
DATA.write_text(f"[\n{lines}\n]\n")
