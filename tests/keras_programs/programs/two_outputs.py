"""Two outputs with losses and metrics by name, a schedule, and a callback that stops."""

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.normal(size=(24, 5, 2)).astype("float32")
y = {"level": x.mean(axis=(1, 2)), "sign": (x.sum(axis=(1, 2)) > 0).astype("int32")}


class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if logs["loss"] < 1e9 and epoch == 1:
            self.model.stop_training = True


inputs = keras.Input((5, 2))
states = layers.Masking(mask_value=-99.0)(inputs)
states = layers.LSTM(6, return_sequences=True, kernel_regularizer=keras.regularizers.L2(1e-3))(
    states
)
last = layers.GlobalMaxPooling1D()(states)
level = layers.Dense(1, name="level")(last)
sign = layers.Dense(1, activation="sigmoid", name="sign", bias_initializer="zeros")(last)
model = keras.Model(inputs, {"level": level, "sign": sign})
model.compile(
    optimizer=keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(0.01, 100), clipvalue=0.5
    ),
    loss={"level": "huber", "sign": keras.losses.BinaryCrossentropy()},
    metrics={"level": ["mae"], "sign": ["accuracy", keras.metrics.Precision(name="precision")]},
)
history = model.fit(x, y, epochs=5, validation_split=0.25, verbose=0, callbacks=[Stop()])
results = model.evaluate(x, y, verbose=0, return_dict=True)

RESULT = {
    "epochs": history.epoch,
    "history": sorted(history.history),
    "results": sorted(results),
    "params": model.count_params(),
}
