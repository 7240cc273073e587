"""Residual recurrent layers with gates written with operators."""

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
inputs = keras.Input((6, 4))
x = layers.Dense(5)(inputs)
for _ in range(2):
    y = layers.Dropout(0.1)(layers.LSTM(5, return_sequences=True)(x))
    x = layers.LayerNormalization(epsilon=1e-6)(x + y)
x = layers.Add()([x, layers.GRU(5, return_sequences=True, go_backwards=True)(x)])
gate = layers.Dense(5, activation="sigmoid")(x)
x = gate * x + (1 - gate) * layers.Activation("tanh")(x)
pooled = [layers.GlobalAveragePooling1D()(x), layers.GlobalMaxPooling1D()(x), x[:, -1]]
hidden = layers.PReLU()(layers.Dense(6)(layers.Concatenate()(pooled)))
outputs = layers.Dense(2, activation="softmax")(layers.UnitNormalization()(hidden))
model = keras.Model(inputs, outputs)
model.compile(
    keras.optimizers.AdamW(1e-3, weight_decay=1e-4),
    keras.losses.SparseCategoricalCrossentropy(),
    metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=2, name="top")],
)
history = model.fit(
    rng.random((20, 6, 4)), rng.integers(0, 2, 20), epochs=1, validation_split=0.2, verbose=0
)

RESULT = {
    "params": model.count_params(),
    "history": sorted(history.history),
    "weights": [list(weight.shape) for weight in model.get_weights()],
}
