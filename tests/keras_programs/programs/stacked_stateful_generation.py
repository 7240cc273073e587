"""Predict step by step with a stateful twin that takes the weights of the trained model."""

import numpy as np

import rnncore as keras
from rnncore.layers import GRU, Dense, Embedding, Input, TimeDistributed
from rnncore.models import Sequential

keras.utils.set_random_seed(0)
text = "abracadabra " * 12
vocabulary = sorted(set(text))
ids = np.array([vocabulary.index(char) for char in text])
length = 12
x = np.stack([ids[i : i + length] for i in range(0, len(ids) - length - 1, 3)])
y = np.stack([ids[i + 1 : i + length + 1] for i in range(0, len(ids) - length - 1, 3)])


def build(batch_size=None, stateful=False):
    return Sequential(
        [
            Input(batch_shape=(batch_size, None)),
            Embedding(len(vocabulary), 8),
            GRU(16, return_sequences=True, stateful=stateful),
            TimeDistributed(Dense(len(vocabulary))),
        ]
    )


model = build()
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(optimizer=keras.optimizers.Adam(0.05), loss=loss)
history = model.fit(x, y, epochs=3, batch_size=16, verbose=0)
assert history.history["loss"][-1] < history.history["loss"][0]

stepper = build(batch_size=1, stateful=True)
stepper.set_weights(model.get_weights())
whole = model.predict(x[:1], verbose=0)
steps = [stepper.predict(x[:1, t : t + 1], verbose=0)[:, 0] for t in range(length)]
assert np.allclose(np.stack(steps, axis=1), whole, atol=1e-4)
stepper.layers[1].reset_state()
assert np.allclose(stepper.predict(x[:1, :1], verbose=0)[:, 0], steps[0], atol=1e-5)

RESULT = {
    "params": model.count_params(),
    "shape": list(whole.shape),
    "names": [layer.name for layer in model.layers],
}
