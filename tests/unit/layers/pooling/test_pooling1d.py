"""Pooling over windows of time steps."""

import pickle
from typing import Any

import numpy as np
import pytest
from graphs import training_pass

from rnncore.layers import (
    AveragePooling1D,
    Layer,
    MaxPooling1D,
)

X = np.random.default_rng(0).standard_normal((3, 5, 4))
MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)
OPTIONS: list[dict[str, Any]] = [
    {"pool_size": 2},
    {"pool_size": 3, "strides": 1},
    {"pool_size": (2,), "strides": 3, "padding": "same"},
    {"pool_size": 4, "padding": "same"},
]


@pytest.mark.parametrize("make", [MaxPooling1D, AveragePooling1D])
@pytest.mark.parametrize("options", OPTIONS)
def test_gradients(make: Any, options: Any, check_layer: Any) -> None:
    layer = make(**options, dtype="float64")
    check_layer(layer, X)
    assert layer.compute_output_shape(X.shape) == layer(X).shape
    assert layer.compute_output_shape((None, None, 4)) == (None, None, 4)
    assert layer.compute_mask(X, MASK) is None


@pytest.mark.parametrize("make", [MaxPooling1D, AveragePooling1D])
@pytest.mark.parametrize("options", OPTIONS)
def test_training_computes_the_same(make: Any, options: Any) -> None:
    layer = make(**options)
    np.testing.assert_array_equal(layer(X, training=True), layer(X))


def test_padding_is_left_out() -> None:
    x = np.full((1, 3, 1), -2.0)
    for make in (MaxPooling1D, AveragePooling1D):
        np.testing.assert_array_equal(make(2, padding="same")(x).ravel(), [-2, -2])


def test_the_first_of_equal_numbers_gets_the_gradient() -> None:
    layer = MaxPooling1D(2)
    _, tape = training_pass(layer, np.ones((1, 4, 1)))
    np.testing.assert_array_equal(layer.backward(tape, np.ones((1, 2, 1))).ravel(), [1, 0, 1, 0])


@pytest.mark.parametrize(
    "layer",
    [MaxPooling1D(), AveragePooling1D(2)],
)
def test_dtype_pickle_and_no_samples(layer: Layer) -> None:
    y, tape = training_pass(layer, X)
    assert y.dtype == np.float32 and layer.weights == []
    assert layer.backward(tape, np.ones_like(y)).dtype == np.float32
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(layer))(X), layer(X))
    assert layer(X[:0]).shape == (0, *y.shape[1:])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: MaxPooling1D(0), ValueError, "MaxPooling1D: pool_size: expected .*, got 0"),
        (lambda: AveragePooling1D(2, "x"), TypeError, "AveragePooling1D: strides: expected"),
        (lambda: MaxPooling1D(padding="causal"), ValueError, "valid, same, got 'causal'"),
        (lambda: MaxPooling1D(6)(X), ValueError, "max_pooling1d: x: expected at least 6 timest"),
        (lambda: MaxPooling1D()(X[0]), ValueError, "max_pooling1d: x: expected 3 axes"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
