"""Data that a generator makes, batch by batch, and a dataset class."""

import numpy as np

import rnncore as keras

keras.utils.set_random_seed(0)


def batches(seed):
    rng = np.random.default_rng(seed)
    while True:
        x = rng.normal(size=(8, 5, 2)).astype("float32")
        yield x, x.sum(axis=(1, 2))[:, None]


class Windows(keras.utils.PyDataset):
    def __init__(self, series, **kwargs):
        super().__init__(**kwargs)
        self.series = series

    def __len__(self):
        return 4

    def __getitem__(self, index):
        starts = range(index * 8, index * 8 + 8)
        x = np.stack([self.series[i : i + 5] for i in starts])
        return x, np.array([self.series[i + 5, :1] for i in starts])


def build():
    model = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(4), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


history = build().fit(
    batches(0),
    steps_per_epoch=3,
    epochs=2,
    validation_data=batches(1),
    validation_steps=2,
    verbose=0,
)
series = np.random.default_rng(2).normal(size=(60, 2)).astype("float32")
model = build()
model.fit(Windows(series), epochs=1, verbose=0)
loss = model.evaluate(Windows(series), verbose=0)
assert np.isfinite(loss)

RESULT = {
    "history": sorted(history.history),
    "epochs": history.epoch,
    "shape": list(model.predict(Windows(series), verbose=0).shape),
}
