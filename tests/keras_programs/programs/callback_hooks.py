"""What each hook of a callback gets to see, and callbacks that steer the training."""

import numpy as np

import rnncore as keras

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x, y = rng.random((24, 5, 2)), rng.random(24)
seen = []


def hook(name, numbered):
    if numbered:
        return lambda self, number, logs=None: seen.append([name, number, sorted(logs)])
    return lambda self, logs=None: seen.append([name, sorted(logs)])


KINDS, WHEN = ("train", "test", "predict"), ("begin", "end")
HOOKS = {f"on_{kind}_{when}": False for kind in KINDS for when in WHEN}
HOOKS |= {f"on_{kind}_batch_{when}": True for kind in KINDS for when in WHEN}
HOOKS |= {"on_epoch_begin": True, "on_epoch_end": True}
HOOKS = {name: hook(name, numbered) for name, numbered in HOOKS.items()}
Recorder = type("Recorder", (keras.callbacks.Callback,), HOOKS)


class StopAtTheBest(keras.callbacks.Callback):
    def __init__(self, patience=0):
        super().__init__()
        self.patience = patience
        self.best_weights = None

    def on_train_begin(self, logs=None):
        self.wait, self.best = 0, np.inf

    def on_epoch_end(self, epoch, logs=None):
        if np.less(logs.get("loss"), self.best):
            self.best, self.wait = logs.get("loss"), 0
            self.best_weights = self.model.get_weights()
        else:
            self.wait += 1
            if self.wait > self.patience:
                self.model.stop_training = True
                self.model.set_weights(self.best_weights)


class Steps(keras.callbacks.Callback):
    def __init__(self, rates):
        super().__init__()
        self.rates = rates

    def on_epoch_begin(self, epoch, logs=None):
        rate = self.model.optimizer.learning_rate
        self.model.optimizer.learning_rate = self.rates.get(epoch, rate)
        self.model.optimizer.learning_rate.assign(self.rates.get(epoch, float(rate)))
        assert float(self.model.optimizer.learning_rate.numpy()) > 0


def build():
    model = keras.Sequential([keras.layers.LSTM(3), keras.layers.Dense(1)])
    model.compile(keras.optimizers.RMSprop(learning_rate=0.1), "mse", metrics=["mae"])
    return model


model = build()
quiet = {"verbose": 0, "batch_size": 8}
model.fit(x, y, epochs=1, validation_split=0.5, callbacks=[Recorder()], **quiet)
model.evaluate(x[:8], y[:8], callbacks=[Recorder()], **quiet)
model.predict(x[:8], callbacks=[Recorder()], **quiet)
stepped = build()
stepped.fit(x, y, epochs=3, callbacks=[StopAtTheBest(5), Steps({1: 0.05, 2: 0.01})], **quiet)

RESULT = {"seen": seen, "rate": round(float(stepped.optimizer.learning_rate), 6)}
