"""Write data/feeding_of_keras.json: what Keras does with the runs of feeding_cases.py, in float64.

    python tests/golden/make/feeding_of_keras.py

Needs ``pip install keras tensorflow-cpu`` (made with Keras 3.15.1 and TensorFlow 2.21.0).
"""

import json
import warnings
from pathlib import Path

import keras
import numpy as np
from feeding_cases import RUNS

DATA = Path(__file__).parents[1] / "data" / "feeding_of_keras.json"


keras.config.set_floatx("float64")


def plain(value):
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value if isinstance(value, str) else np.asarray(value).tolist()


def run(name):
    build, compiled, do = RUNS[name]
    model = build(keras)
    rng = np.random.default_rng(2)
    before = [rng.normal(0, 0.5, w.shape).round(4) for w in model.get_weights()]
    model.set_weights(before)
    model.compile(optimizer=keras.optimizers.SGD(0.1), **compiled)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        found = do(model, keras)
    return {
        "before": plain(before),
        "found": plain(getattr(found, "history", found)),
        "after": plain(model.get_weights()),
        "ran_out": sum("ran out of data" in str(warning.message) for warning in seen),
    }


DATA.write_text(json.dumps({name: run(name) for name in RUNS}) + "\n")
