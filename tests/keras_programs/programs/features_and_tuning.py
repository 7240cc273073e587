"""Take the features of a trained chain, put a new head on top, freeze, tune."""

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.normal(size=(32, 8, 2)).astype("float32")
base = keras.Sequential(
    [
        keras.Input((8, 2)),
        layers.GRU(6, return_sequences=True, name="low"),
        layers.GRU(4, name="high"),
        layers.Dense(1),
    ],
    name="base",
)
base.compile("adam", "mse")
base.fit(x, x.sum(axis=(1, 2)), epochs=1, verbose=0)

features = keras.Model(inputs=base.inputs, outputs=base.get_layer("high").output)
every = keras.Model(inputs=base.inputs, outputs=[layer.output for layer in base.layers])
assert [array.shape for array in every.predict(x, verbose=0)] == [(32, 8, 6), (32, 4), (32, 1)]

base.pop()
base.trainable = False
inputs = keras.Input((8, 2))
outputs = layers.Dense(3, activation="softmax")(base(inputs, training=False))
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy", metrics=["accuracy"])
before = base.get_weights()
model.fit(x, rng.integers(0, 3, 32), epochs=1, verbose=0)
assert all(np.array_equal(a, b) for a, b in zip(before, base.get_weights(), strict=True))
base.trainable = True
for layer in base.layers[:-1]:
    layer.trainable = False
model.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy")
model.fit(x, rng.integers(0, 3, 32), epochs=1, verbose=0)

RESULT = {
    "params": model.count_params(),
    "names": [layer.name for layer in model.layers],
    "features": list(features.output_shape),
    "trainable": len(model.trainable_weights),
}
