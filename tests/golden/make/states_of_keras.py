"""Write data/states_of_keras.json: what Keras makes of state_cases.py, in float64.

    python tests/golden/make/states_of_keras.py

Needs ``pip install keras tensorflow-cpu`` (made with Keras 3.15.1 and TensorFlow 2.21.0).
"""

import json
from pathlib import Path

import keras
import numpy as np
from state_cases import CASES, GRAPHS, trained

DATA = Path(__file__).parents[1] / "data" / "states_of_keras.json"


def plain(value):
    """Arrays, tensors and lists of them as lists of numbers, without spare digits."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    array = np.asarray(value)
    return np.array([float(f"{v:.12g}") for v in array.flat]).reshape(array.shape).tolist()


keras.config.set_floatx("float64")
numbers = {name: plain(run(keras)) for name, run in CASES.items()}
numbers |= {name: plain(trained(keras, name)) for name in GRAPHS}
lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(found)}" for name, found in numbers.items())
DATA.write_text(f"{{\n{lines}\n}}\n")
