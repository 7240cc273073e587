"""Forecasts from a small series: CNN-LSTM, encoder and decoder, vector output, step by step."""

import numpy as np

import rnncore as keras
from rnncore.layers import (
    LSTM,
    Bidirectional,
    Conv1D,
    Dense,
    Flatten,
    MaxPooling1D,
    RepeatVector,
    TimeDistributed,
)
from rnncore.models import Sequential

keras.utils.set_random_seed(0)
series = [10, 20, 30, 40, 50, 60, 70, 80, 90]


def windows(steps, ahead=1):
    count = len(series) - steps - ahead + 1
    x = np.array([series[i : i + steps] for i in range(count)])
    y = np.array([series[i + steps : i + steps + ahead] for i in range(count)])
    return x, y


def trained(layers, x, y):
    model = Sequential()
    for layer in layers:
        model.add(layer)
    model.compile(optimizer="adam", loss="mse")
    model.fit(x, y, epochs=2, verbose=0)
    return [list(model.predict(x[-1:], verbose=0).shape), model.count_params()]


x, y = windows(4)
parts = x.reshape((len(x), 2, 2, 1))
cnn = [
    TimeDistributed(Conv1D(6, kernel_size=1, activation="relu"), input_shape=(None, 2, 1)),
    TimeDistributed(MaxPooling1D(pool_size=2)),
    TimeDistributed(Flatten()),
    LSTM(5, activation="relu"),
    Dense(1),
]
x3, y2 = windows(3, ahead=2)
x3 = x3.reshape((*x3.shape, 1))
two = [
    LSTM(6, activation="relu", input_shape=(3, 1)),
    RepeatVector(2),
    LSTM(6, activation="relu", return_sequences=True),
    TimeDistributed(Dense(1)),
]
vector = [
    Bidirectional(LSTM(5, activation="relu", return_sequences=True), input_shape=(3, 1)),
    LSTM(4, activation="relu"),
    Dense(2),
]
one = Sequential([LSTM(4, input_shape=(3, 1)), Dense(1)])
one.compile("adam", "mse")
one.fit(x3, y2[:, :1], verbose=0)
known = [float(value) for value in series]
for _ in range(3):
    recent = np.array(known[-3:]).reshape((1, 3, 1))
    known.append(float(one.predict(recent, verbose=0)[0, 0]))

RESULT = {
    "cnn": trained(cnn, parts, y),
    "two": trained(two, x3, y2.reshape((*y2.shape, 1))),
    "vector": trained(vector, x3, y2),
    "known": len(known),
}
