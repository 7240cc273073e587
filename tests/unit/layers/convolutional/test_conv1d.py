"""Conv1D against a convolution written from its definition."""

import pickle
from typing import Any

import numpy as np
import pytest
from graphs import training_pass

from rnncore import Sequential
from rnncore.layers import LSTM, Conv1D, Dense, Input

X = np.random.default_rng(0).standard_normal((2, 9, 3))
MASK = np.ones((2, 9), bool)
OPTIONS: list[dict[str, Any]] = [
    {},
    {"padding": "same"},
    {"padding": "causal"},
    {"strides": 2},
    {"strides": (3,), "padding": "SAME"},
    {"strides": 4, "padding": "same"},
    {"dilation_rate": 2},
    {"dilation_rate": 3, "padding": "same"},
    {"dilation_rate": 2, "padding": "causal"},
    {"kernel_size": 1},
    {"kernel_size": [2], "strides": 3},
]


def by_definition(layer: Conv1D, x: Any) -> Any:
    kernel, bias = layer.get_weights()
    (stride,), (dilation,), padding = layer.strides, layer.dilation_rate, layer.padding
    steps, reach = x.shape[1], (len(kernel) - 1) * dilation + 1
    count = -(-steps // stride) if padding != "valid" else (steps - reach) // stride + 1
    before = {
        "valid": 0,
        "causal": reach - 1,
        "same": max((count - 1) * stride + reach - steps, 0) // 2,
    }[padding]
    y = np.zeros((len(x), count, kernel.shape[2])) + bias
    for t in range(count):
        for k, taken in enumerate(kernel):
            step = t * stride + k * dilation - before
            if 0 <= step < steps:
                y[:, t] += x[:, step] @ taken
    return y


@pytest.mark.parametrize("options", OPTIONS)
def test_equals_its_definition(options: dict[str, Any]) -> None:
    layer = Conv1D(4, **{"kernel_size": 3, **options}, dtype="float64")
    y = layer(X)
    layer.set_weights([np.random.default_rng(1).standard_normal(w.shape) for w in layer.weights])
    y = layer(X)
    np.testing.assert_allclose(y, by_definition(layer, X), rtol=1e-12, atol=1e-12)
    assert layer.compute_output_shape(X.shape) == y.shape
    assert layer.compute_output_shape((None, None, 3)) == (None, None, 4)
    assert layer.compute_mask(X, MASK) is None


@pytest.mark.parametrize("options", OPTIONS)
def test_gradients(options: dict[str, Any], check_layer: Any) -> None:
    check_layer(Conv1D(4, **{"kernel_size": 3, **options}, dtype="float64"), X)


@pytest.mark.parametrize("activation", ["tanh", "softmax", "sigmoid"])
def test_gradients_with_activation(activation: str, check_layer: Any) -> None:
    check_layer(Conv1D(4, 3, activation=activation, use_bias=False, dtype="float64"), X)


def test_causal_looks_at_no_later_step() -> None:
    layer = Conv1D(4, 3, padding="causal", dilation_rate=2)
    y = layer(X)
    changed = X.copy()
    changed[:, 5:] += 1
    np.testing.assert_array_equal(layer(changed)[:, :5], y[:, :5])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_and_dtype(dtype: str) -> None:
    layer = Conv1D(4, 5, dtype=dtype)
    assert layer(X).dtype == dtype
    assert [weight.shape for weight in layer.get_weights()] == [(5, 3, 4), (4,)]
    limit = np.sqrt(6 / (5 * 3 + 5 * 4))
    assert 0.8 * limit < np.abs(layer.get_weights()[0]).max() <= limit
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(layer))(X), layer(X))


def test_batches_of_other_sizes() -> None:
    layer = Conv1D(4, 3, padding="same", dtype="float64")
    for batch in (X, X[:1, :6], np.concatenate([X, X])):
        y, tape = training_pass(layer, batch)
        np.testing.assert_allclose(y, by_definition(layer, batch), atol=1e-12)
        assert layer.backward(tape, np.ones_like(y)).shape == batch.shape


def test_in_a_model() -> None:
    layers = [Conv1D(8, 3, activation="relu", padding="causal"), LSTM(4), Dense(1)]
    model = Sequential([Input((9, 3)), *layers])
    model.compile("adam", "mse")
    loss = model.fit(X, np.ones((2, 1)), epochs=20, verbose=0).history["loss"]
    assert loss[-1] < loss[0]
    tagger = Sequential([Input((9, 3)), Conv1D(5, 1, activation="softmax")])
    tagger.compile("adam", "sparse_categorical_crossentropy")
    loss = tagger.fit(X, np.zeros((2, 9), int), epochs=5, verbose=0).history["loss"]
    assert loss[-1] < loss[0]


def test_a_model_refuses_sequences_that_are_too_short() -> None:
    model = Sequential([Input((None, 3)), Conv1D(2, 5), LSTM(1)])
    with pytest.raises(ValueError, match="conv1d: x: expected at least 5 timesteps, got 4"):
        model.predict(X[:, :4], verbose=0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Conv1D(0, 3), ValueError, "Conv1D: filters: expected a positive integer, got 0"),
        (lambda: Conv1D(2, 0), ValueError, "Conv1D: kernel_size: expected .*, got 0"),
        (lambda: Conv1D(2, (3, 3)), ValueError, r"kernel_size: expected .*, got \(3, 3\)"),
        (lambda: Conv1D(2, 3, 0), ValueError, "strides: expected a positive integer .*, got 0"),
        (lambda: Conv1D(2, 3, padding="full"), ValueError, "padding: .* causal, got 'full'"),
        (lambda: Conv1D(2, 3, padding=1), ValueError, "padding: expected one of .*, got 1"),
        (lambda: Conv1D(2, 3, groups=2), ValueError, "groups: expected 1"),
        (lambda: Conv1D(2, 3, 2, dilation_rate=2), ValueError, "dilation_rate: expected 1 where"),
        (lambda: Conv1D(2, 3, use_bias=1), TypeError, "Conv1D: use_bias: expected True or"),
        (lambda: Conv1D(2, 3, data_format="channels_first"), ValueError, "data_format: expected"),
        (lambda: Conv1D(2, 3)(X[0]), ValueError, "conv1d: x: expected 3 axes"),
        (lambda: Conv1D(2, 3)(X[:, :2]), ValueError, "x: expected at least 3 timesteps, got 2"),
        (
            lambda: Conv1D(2, 3).make_weights((None, 9, None)),
            ValueError,
            "conv1d: x: expected .* known number of features",
        ),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
