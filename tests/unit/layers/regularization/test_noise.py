"""GaussianNoise and GaussianDropout."""

import pickle
from typing import Any

import numpy as np
import pytest
from graphs import training_pass

from rnncore import Sequential
from rnncore.layers import Dense, GaussianDropout, GaussianNoise, Input

X = np.full((200, 50), 2.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mean_and_deviation(dtype: str) -> None:
    for layer, deviation in (
        (GaussianNoise(0.25, seed=1, dtype=dtype), 0.25),
        (GaussianDropout(0.2, seed=1, dtype=dtype), 2 * np.sqrt(0.2 / 0.8)),
    ):
        y = layer(X, training=True)
        assert y.dtype == dtype
        assert abs(y.mean() - 2) < 0.03 and abs(y.std() / deviation - 1) < 0.03
        np.testing.assert_array_equal(layer(X), X)
        assert (layer(X, training=True) != y).any()
        again = type(layer)(**layer.get_config())
        np.testing.assert_array_equal(again(X, training=True), y)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(layer))(X), X)


def test_gradients() -> None:
    layer = GaussianDropout(0.5, seed=2, dtype="float64")
    y, tape = training_pass(layer, X)
    np.testing.assert_allclose(layer.backward(tape, np.ones_like(X)), y / 2)
    noise = GaussianNoise(0.5, seed=2, dtype="float64")
    _, tape = training_pass(noise, X)
    np.testing.assert_array_equal(noise.backward(tape, X), X)
    for still in (GaussianNoise(0), GaussianDropout(0)):
        y, tape = training_pass(still, X)
        np.testing.assert_array_equal(y, X)
        np.testing.assert_array_equal(still.backward(tape, X), X)


def test_in_a_model() -> None:
    model = Sequential([Input((50,)), GaussianNoise(0.1), GaussianDropout(0.1), Dense(1)])
    model.layers[-1].set_weights([np.ones((50, 1)), np.zeros(1)])  # far from the targets
    model.compile("sgd", "mse")
    model.optimizer.learning_rate = 0.001
    loss = model.fit(X, np.ones(200), epochs=5, verbose=0).history["loss"]
    assert loss[-1] < loss[0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: GaussianNoise(2.0), ValueError, "GaussianNoise: stddev: expected .* got 2.0"),
        (lambda: GaussianNoise("a"), TypeError, "GaussianNoise: stddev: expected"),
        (lambda: GaussianDropout(1.0), ValueError, "GaussianDropout: rate: expected .* < 1, got"),
        (lambda: GaussianDropout(0.5, seed=-1), ValueError, "seed: expected an integer >= 0"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
