"""Follow a sine over many batches with a stateful LSTM."""

import numpy as np

import rnncore as keras
from rnncore.layers import LSTM, Dense, Input
from rnncore.models import Sequential

keras.utils.set_random_seed(0)
batch_size, tsteps = 4, 5
wave = np.sin(np.arange(0, 200) * 0.1).astype("float32")
x = wave[:160].reshape(-1, tsteps, 1)[:32]
y = np.roll(wave, -tsteps)[:160].reshape(-1, tsteps, 1)[:32, -1]

model = Sequential()
model.add(Input(batch_shape=(batch_size, tsteps, 1)))
model.add(LSTM(8, return_sequences=True, stateful=True))
model.add(LSTM(8, stateful=True))
model.add(Dense(1))
model.compile(loss="mse", optimizer="rmsprop")
for _ in range(3):
    model.fit(x, y, batch_size=batch_size, epochs=1, verbose=0, shuffle=False)
    for layer in model.layers:
        if hasattr(layer, "reset_states"):
            layer.reset_states()
        elif hasattr(layer, "reset_state"):
            layer.reset_state()
first = model.predict(x[:batch_size], batch_size=batch_size, verbose=0)
again = model.predict(x[:batch_size], batch_size=batch_size, verbose=0)
assert not np.allclose(first, again)
model.layers[0].reset_state()
model.layers[1].reset_state()

RESULT = {"params": model.count_params(), "input": list(model.input_shape)}
