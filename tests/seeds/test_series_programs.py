"""Three programs on series, as printed but for the imports and the data they leave open."""

from typing import Any

import numpy as np

from rnncore.layers import LSTM, Dense, Dropout
from rnncore.models import Sequential


def test_lstm_with_dropout(waves: Any) -> None:
    X_train, y_train, X_test = waves
    _, timesteps, input_dim = X_train.shape

    model = Sequential()
    model.add(LSTM(50, input_shape=(timesteps, input_dim)))
    model.add(Dropout(0.2))
    model.add(Dense(1))
    model.compile(optimizer="adam", loss="mse", metrics=["accuracy"])
    model.fit(X_train, y_train, epochs=100, batch_size=32)
    predictions = model.predict(X_test)

    assert predictions.shape == (len(X_test), 1)
    assert model.history is not None
    assert model.history.history["loss"][-1] < 0.1 * model.history.history["loss"][0]


def test_lstm_forecast(waves: Any) -> None:
    X_train, y_train, X_test = waves

    model = Sequential()
    model.add(LSTM(50, input_shape=(X_train.shape[1], X_train.shape[2])))
    model.add(Dense(1))
    model.compile(loss="mse", optimizer="adam")
    model.fit(X_train, y_train, epochs=100, batch_size=32)
    predictions = model.predict(X_test)

    assert predictions.shape == (len(X_test), 1)
    last = X_test[:, -1, 0]
    following = 2 * np.cos(0.5) * last - X_test[:, -2, 0]
    persistence = np.sqrt(np.mean((last - following) ** 2))
    assert np.sqrt(np.mean((predictions[:, 0] - following) ** 2)) < 0.7 * persistence


def test_lstm_yes_or_no(waves: Any) -> None:
    X_train, next_values, _ = waves
    y_train = (next_values > 0).astype(int)

    model = Sequential()
    model.add(LSTM(128, input_shape=(X_train.shape[1], X_train.shape[2])))
    model.add(Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(X_train, y_train, epochs=10, batch_size=32)

    assert model.history is not None
    assert model.history.history["accuracy"][-1] > 0.8
