"""Write data/penalties_of_keras.json: what Keras trains models of penalty_cases.py to (float64).

    python tests/golden/make/penalties_of_keras.py

Needs ``pip install keras tensorflow-cpu`` (made with Keras 3.15.1 and TensorFlow 2.21.0).
"""

import json
import os
from pathlib import Path
from types import SimpleNamespace

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
from penalty_cases import MODELS, STEPS, compiled

DATA = Path(__file__).parents[1] / "data" / "penalties_of_keras.json"


keras.config.set_floatx("float64")
NAMES = {
    **vars(keras.layers),
    "Sum": keras.layers.Add,
    "Model": keras.Model,
    "Sequential": keras.Sequential,
    "regularizers": keras.regularizers,
    "constraints": keras.constraints,
}


def run(name):
    keras.utils.set_random_seed(1)
    build, x, y, arguments = MODELS[name]
    model = build(SimpleNamespace(**NAMES))
    # Not Keras' own starting values: biases of zero would hide mistakes.
    rng = np.random.default_rng(2)
    drawn = [rng.normal(0.2, 0.5, w.shape).round(4) for w in model.get_weights()]
    variances = [w.name == "moving_variance" for w in model.weights]
    model.set_weights([abs(w) if v else w for w, v in zip(drawn, variances, strict=True)])
    before = model.get_weights()
    model.compile(**compiled(keras.optimizers, arguments))
    history = model.fit(
        x, y, batch_size=5, epochs=STEPS // 3, shuffle=False, verbose=0, validation_data=(x, y)
    )
    return {
        "before": [w.tolist() for w in before],
        "after": [w.tolist() for w in model.get_weights()],
        "history": history.history,
        "losses": [float(w.regularizer(w)) for w in model.trainable_weights if w.regularizer],
    }


DATA.write_text(json.dumps({name: run(name) for name in MODELS}) + "\n")
