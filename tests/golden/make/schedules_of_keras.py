"""Write data/schedules_of_keras.json: Keras' learning rate schedules at some steps.

    python tests/golden/make/schedules_of_keras.py

Needs ``pip install keras tensorflow-cpu`` (made with Keras 3.15.1 and TensorFlow 2.21.0).
"""

import json
from pathlib import Path

import keras

DATA = Path(__file__).parents[1] / "data" / "schedules_of_keras.json"


STEPS = [0, 1, 2, 3, 7, 9, 10, 11, 15, 19, 20, 21, 30, 31, 100]
WARM = {"warmup_target": 0.5, "warmup_steps": 10}
CASES = [
    ("ExponentialDecay", [0.1, 10, 0.9], {}),
    ("ExponentialDecay", [0.1, 10, 0.9], {"staircase": True}),
    ("PiecewiseConstantDecay", [[2, 10, 20], [1.0, 0.5, 0.25, 0.125]], {}),
    ("CosineDecay", [0.1, 20], {}),
    ("CosineDecay", [0.1, 20], {"alpha": 0.25}),
    ("CosineDecay", [0.0, 20], WARM),
    ("CosineDecay", [0.1, 20], {"alpha": 0.1, **WARM}),
    ("CosineDecay", [0.1, 20], {"warmup_target": 0.5}),
    ("PolynomialDecay", [0.5, 20], {}),
    ("PolynomialDecay", [0.5, 20, 0.1], {"power": 2.0}),
    ("PolynomialDecay", [0.5, 10, 0.1], {"power": 0.5, "cycle": True}),
    ("InverseTimeDecay", [0.5, 10, 0.9], {}),
    ("InverseTimeDecay", [0.5, 10, 0.9], {"staircase": True}),
    ("CosineDecayRestarts", [0.5, 9], {}),
    ("CosineDecayRestarts", [0.5, 4], {"t_mul": 1.0, "m_mul": 0.5, "alpha": 0.25}),
    ("CosineDecayRestarts", [0.5, 4], {"t_mul": 1.5, "m_mul": 0.75}),
]


def run(name, arguments, options):
    schedule = getattr(keras.optimizers.schedules, name)(*arguments, **options)
    return [float(schedule(step)) for step in STEPS]


keras.config.set_floatx("float64")
numbers = [
    {"name": n, "arguments": a, "options": o, "steps": STEPS, "rates": run(n, a, o)}
    for n, a, o in CASES
]
DATA.write_text(json.dumps(numbers, indent=1) + "\n")
