"""An initializer, a metric and functions of one's own, in files and back."""

import os
import tempfile

import numpy as np

import rnncore as keras
from rnncore import layers, ops


@keras.saving.register_keras_serializable(package="own")
class Ramp(keras.initializers.Initializer):
    def __init__(self, top=1.0):
        self.top = top

    def __call__(self, shape, dtype=None):
        return np.linspace(0, self.top, int(np.prod(shape))).reshape(shape).astype("float32")

    def get_config(self):
        return {"top": self.top}


@keras.saving.register_keras_serializable(package="own")
class RelativeError(keras.metrics.Metric):
    def __init__(self, name="relative_error", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_weight(name="total", initializer="zeros")
        self.count = self.add_weight(name="count", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(ops.sum(ops.abs(y_true - y_pred) / (ops.abs(y_true) + 1.0)))
        self.count.assign_add(ops.cast(ops.size(y_true), "float32"))

    def result(self):
        return self.total / self.count

    def reset_state(self):
        self.total.assign(0.0)
        self.count.assign(0.0)


def rmse(y_true, y_pred):
    return ops.sqrt(ops.mean(ops.square(y_pred - y_true)))


keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x, y = rng.random((16, 4, 2)).astype("float32"), rng.random((16, 1)).astype("float32")
model = keras.Sequential(
    [keras.Input((4, 2)), layers.GRU(3), layers.Dense(1, kernel_initializer=Ramp(2.0))]
)
model.compile("adam", "mse", metrics=[rmse, RelativeError()])
history = model.fit(x, y, epochs=2, batch_size=4, verbose=0)
measured = model.evaluate(x, y, verbose=0, return_dict=True)
predicted = model.predict(x, verbose=0)
assert abs(measured["relative_error"] - np.mean(np.abs(y - predicted) / (y + 1))) < 1e-5
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "own.keras")
    model.save(path)
    again = keras.models.load_model(path, custom_objects={"rmse": rmse})
    with keras.saving.custom_object_scope({"rmse": rmse}):
        scoped = keras.saving.load_model(path)
for one in (again, scoped):
    assert np.allclose(one.predict(x, verbose=0), predicted, atol=1e-6)

RESULT = {
    "history": sorted(history.history),
    "loaded": sorted(again.evaluate(x, y, verbose=0, return_dict=True)),
    "top": again.layers[-1].get_config()["kernel_initializer"]["config"]["top"],
}
