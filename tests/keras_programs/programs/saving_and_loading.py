"""Save a model, its weights alone and its configuration; load them again."""

import os
import tempfile

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.normal(size=(16, 4, 3)).astype("float32")
y = x.mean(axis=(1, 2))

inputs = keras.Input((4, 3))
hidden = layers.Bidirectional(layers.GRU(4))(inputs)
model = keras.Model(inputs, layers.Dense(1)(hidden), name="forecast")
model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
model.fit(x, y, epochs=2, verbose=0)
expected = model.predict(x, verbose=0)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "model.keras")
    model.save(path)
    again = keras.models.load_model(path)
    assert np.allclose(again.predict(x, verbose=0), expected, atol=1e-6)
    again.fit(x, y, epochs=1, verbose=0)
    weights = os.path.join(folder, "model.weights.h5")
    model.save_weights(weights)
    twin = keras.models.model_from_json(model.to_json())
    twin.load_weights(weights)
    assert np.allclose(twin.predict(x, verbose=0), expected, atol=1e-6)
copied = keras.models.clone_model(model)
copied.set_weights(model.get_weights())
config = layers.LSTM(3, name="mine").get_config()

RESULT = {
    "params": twin.count_params(),
    "names": [twin.name, again.name, copied.name],
    "layers": [layer.name for layer in twin.layers],
    "lstm": layers.LSTM.from_config(config).name,
    "metrics": sorted(again.evaluate(x, y, verbose=0, return_dict=True)),
}
