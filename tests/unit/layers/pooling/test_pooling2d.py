"""Pooling over images."""

import pickle
from typing import Any

import numpy as np
import pytest
from graphs import training_pass

from rnncore.layers import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Layer,
    MaxPooling2D,
)

# No two numbers are as close as the steps of the finite differences.
X = np.random.default_rng(0).permutation(252).reshape(2, 6, 7, 3) / 126 - 1
POOLS: list[dict[str, Any]] = [
    {"pool_size": 2},
    {"pool_size": (3, 2), "strides": 1},
    {"pool_size": 3, "strides": (3, 2), "padding": "same"},
    {"pool_size": (2, 4), "strides": 3, "padding": "same"},
]


@pytest.mark.parametrize("make", [MaxPooling2D, AveragePooling2D])
@pytest.mark.parametrize("options", POOLS)
def test_gradients_of_pooling(make: Any, options: dict[str, Any], check_layer: Any) -> None:
    layer = make(**options, dtype="float64")
    check_layer(layer, X)
    assert layer.compute_output_shape(X.shape) == layer(X).shape
    assert layer.compute_output_shape((None, None, None, 4)) == (None, None, None, 4)
    np.testing.assert_array_equal(layer(X, training=True), layer(X))


@pytest.mark.parametrize("make", [GlobalMaxPooling2D, GlobalAveragePooling2D])
@pytest.mark.parametrize("keepdims", [False, True])
def test_gradients_of_global_pooling(make: Any, keepdims: bool, check_layer: Any) -> None:
    layer = make(keepdims=keepdims, dtype="float64")
    check_layer(layer, X)
    assert layer(X).shape == ((2, 1, 1, 3) if keepdims else (2, 3))


@pytest.mark.parametrize(
    "layer",
    [
        MaxPooling2D(),
        AveragePooling2D(2),
        GlobalMaxPooling2D(),
        GlobalAveragePooling2D(),
    ],
)
def test_dtype_pickle_mask_and_no_samples(layer: Layer) -> None:
    y, tape = training_pass(layer, X)
    assert y.dtype == np.float32
    dx = layer.backward(tape, np.ones_like(y))
    assert dx is not None and dx.dtype == np.float32 and dx.shape == X.shape
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(layer))(X), layer(X))
    assert layer(X[:0]).shape == (0, *y.shape[1:])
    mask = np.array([[True] * 5 + [False]] * 2)
    np.testing.assert_array_equal(layer(X, mask=mask), layer(X))
    assert layer.compute_mask(X, mask) is None


def test_nan_goes_through_a_maximum() -> None:
    x = np.zeros((1, 2, 2, 1))
    for place in np.ndindex(2, 2):
        x[0, place[0], place[1], 0] = np.nan
        for training in (False, True):
            assert np.isnan(MaxPooling2D(2)(x, training=training)).all()
        x[...] = 0


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: MaxPooling2D((1, 8))(X), ValueError, "expected at least 8 columns, got 7"),
        (lambda: GlobalMaxPooling2D()(X[0]), ValueError, "x: expected 4 axes"),
        (lambda: GlobalMaxPooling2D()(X[:, :, :0]), ValueError, "x: expected at least 1 column,"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
