"""Layers to their configurations and back, and what these hold."""

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
made = [
    layers.LSTM(3),
    layers.GRU(3, reset_after=False),
    layers.SimpleRNN(3, activation="relu"),
    layers.Bidirectional(layers.LSTM(2), merge_mode="sum"),
    layers.TimeDistributed(layers.Dense(2)),
    layers.RNN(layers.GRUCell(2)),
    layers.Embedding(5, 2, mask_zero=True),
    layers.Dense(2, kernel_regularizer="l2"),
    layers.Conv1D(2, 3, padding="causal"),
    layers.Masking(0.5),
    layers.RepeatVector(2),
    layers.PReLU(shared_axes=[1]),
    layers.UnitNormalization(),
    layers.Rescaling(0.5, offset=1.0),
]
KEYS = ("units", "activation", "use_bias", "dropout", "return_sequences", "unroll", "trainable")
for layer in made:
    again = type(layer).from_config(layer.get_config())
    assert again.name == layer.name
    other = layers.deserialize(layers.serialize(layer))
    assert type(other) is type(layer)

model = keras.Sequential([keras.Input((6, 3)), layers.LSTM(4), layers.Dense(2)], name="whole")
copies = [
    keras.Sequential.from_config(model.get_config()),
    keras.models.model_from_json(model.to_json()),
    keras.models.clone_model(model),
    keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model)),
]
x = np.ones((2, 6, 3), "float32")
for copy in copies:
    copy.set_weights(model.get_weights())
    assert np.allclose(copy.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6)

RESULT = {
    "names": [copy.name for copy in copies],
    "recurrent": [[layer.get_config()[key] for key in KEYS] for layer in made[:3]],
    "params": [copy.count_params() for copy in copies],
}
