"""Write data/graphs_of_keras.json: graphs of Keras before and after some training steps in float64.

    python tests/golden/make/graphs_of_keras.py

Needs ``pip install keras tensorflow-cpu`` (made with Keras 3.15.1 and TensorFlow 2.21.0).
"""

import json
from pathlib import Path

import keras
import numpy as np
from graph_cases import GRAPHS, STEPS
from keras.layers import GRU, LSTM, Add, Dense, Embedding, Input

DATA = Path(__file__).parents[1] / "data" / "graphs_of_keras.json"


keras.config.set_floatx("float64")
LAYERS = {
    "Input": Input,
    "Embedding": Embedding,
    "LSTM": LSTM,
    "GRU": GRU,
    "Dense": Dense,
    "Sum": Add,
    "Model": keras.Model,
    "Sequential": keras.Sequential,
}


def run(name):
    keras.utils.set_random_seed(1)
    build, x, y, compiled = GRAPHS[name]
    model = build(LAYERS)
    # Not Keras' own starting values: biases of zero would hide mistakes.
    rng = np.random.default_rng(2)
    model.set_weights([rng.normal(0, 0.5, w.shape).round(4) for w in model.get_weights()])
    before = model.get_weights()
    model.compile(**compiled)
    history = model.fit(
        x, y, batch_size=4, epochs=STEPS // 2, shuffle=False, verbose=0, validation_data=(x, y)
    )
    predicted = model.predict(x, verbose=0)
    predicted = predicted if isinstance(predicted, list) else [predicted]
    return {
        "before": [w.tolist() for w in before],
        "after": [w.tolist() for w in model.get_weights()],
        "history": {key: values[-1] for key, values in history.history.items()},
        "predicted": [p.tolist() for p in predicted],
    }


DATA.write_text(json.dumps({name: run(name) for name in GRAPHS}) + "\n")
