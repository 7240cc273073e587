"""Are two sequences of one kind? The same encoder reads both."""

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
left, right = rng.normal(size=(2, 32, 5, 3)).astype("float32")
same = rng.integers(0, 2, 32)
right[same == 1] = left[same == 1]

encoder = keras.Sequential(
    [keras.Input((5, 3)), layers.LSTM(8), layers.Dense(4, activation="tanh")], name="encoder"
)
a, b = keras.Input((5, 3), name="left"), keras.Input((5, 3), name="right")
distance = layers.Subtract()([encoder(a), encoder(b)])
squared = layers.Multiply()([distance, distance])
output = layers.Dense(1, activation="sigmoid")(squared)
model = keras.Model([a, b], output)
model.compile("adam", "binary_crossentropy")
model.fit([left, right], same, epochs=2, verbose=0)
features = keras.Model(encoder.inputs, encoder.layers[-2].output)
assert features.predict(left, verbose=0).shape == (32, 8)

RESULT = {
    "params": model.count_params(),
    "layers": [layer.name for layer in model.layers],
    "encoder": [layer.name for layer in encoder.layers],
}
