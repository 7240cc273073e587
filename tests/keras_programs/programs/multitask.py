"""Several inputs and outputs: titles, bodies and tags to a priority and a department."""

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
num_tags, num_words, num_departments = 5, 40, 3
title_input = keras.Input(shape=(None,), name="title", dtype="int32")
body_input = keras.Input(shape=(None,), name="body", dtype="int32")
tags_input = keras.Input(shape=(num_tags,), name="tags")
title_features = layers.LSTM(8)(layers.Embedding(num_words, 8)(title_input))
body_features = layers.LSTM(6)(layers.Embedding(num_words, 8)(body_input))
x = layers.concatenate([title_features, body_features, tags_input])
priority_pred = layers.Dense(1, name="priority")(x)
department_pred = layers.Dense(num_departments, name="department")(x)
model = keras.Model(
    inputs=[title_input, body_input, tags_input],
    outputs={"priority": priority_pred, "department": department_pred},
)
keras.utils.plot_model(model, None, show_shapes=True) if keras.__name__ == "rnncore" else None
model.compile(
    optimizer=keras.optimizers.RMSprop(1e-3),
    loss={
        "priority": keras.losses.BinaryCrossentropy(from_logits=True),
        "department": keras.losses.CategoricalCrossentropy(from_logits=True),
    },
    loss_weights={"priority": 1.0, "department": 0.2},
    metrics={"department": ["accuracy"]},
)
rng = np.random.default_rng(0)
title_data = rng.integers(num_words, size=(24, 5)).astype("float32")
body_data = rng.integers(num_words, size=(24, 9)).astype("float32")
tags_data = rng.integers(2, size=(24, num_tags)).astype("float32")
priority_targets = rng.integers(2, size=(24, 1))
dept_targets = np.eye(num_departments)[rng.integers(num_departments, size=24)]
history = model.fit(
    {"title": title_data, "body": body_data, "tags": tags_data},
    {"priority": priority_targets, "department": dept_targets},
    epochs=2,
    batch_size=8,
    verbose=0,
)
predicted = model.predict([title_data, body_data, tags_data], verbose=0)

RESULT = {
    "params": model.count_params(),
    "history": sorted(history.history),
    "predicted": {name: list(array.shape) for name, array in predicted.items()},
    "layers": [layer.name for layer in model.layers],
}
