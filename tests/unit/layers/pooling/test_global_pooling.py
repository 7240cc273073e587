"""Pooling over all time steps, with masks."""

import pickle
from typing import Any

import numpy as np
import pytest
from graphs import training_pass

from rnncore import Input, Sequential
from rnncore.layers import (
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    Layer,
)

X = np.random.default_rng(0).standard_normal((3, 5, 4))
MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)


@pytest.mark.parametrize("make", [GlobalMaxPooling1D, GlobalAveragePooling1D])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_gradients_of_global_pooling(
    make: Any, keepdims: bool, masked: bool, check_layer: Any
) -> None:
    layer = make(keepdims=keepdims, dtype="float64")
    check_layer(layer, X, MASK if masked else None)
    assert layer.compute_output_shape(X.shape) == layer(X).shape
    assert layer.compute_mask(X, MASK) is None


def test_equal_numbers_share_the_gradient_of_the_global_maximum() -> None:
    layer = GlobalMaxPooling1D()
    _, tape = training_pass(layer, np.array([[[1.0], [2.0], [2.0]]]))
    np.testing.assert_array_equal(layer.backward(tape, np.ones((1, 1))).ravel(), [0, 0.5, 0.5])


def test_the_mean_leaves_out_masked_steps() -> None:
    layer = GlobalAveragePooling1D(dtype="float64")
    padded = np.where(MASK[..., None], X, np.nan)
    y, tape = training_pass(layer, padded, mask=MASK)
    np.testing.assert_allclose(y[0], X[0, MASK[0]].mean(axis=0))
    np.testing.assert_allclose(y[1], X[1].mean(axis=0))
    np.testing.assert_array_equal(y[2], np.zeros(4))
    dx = layer.backward(tape, np.ones_like(y))
    np.testing.assert_allclose(dx[0, :, 0], MASK[0] / 3)
    np.testing.assert_array_equal(dx[2], np.zeros((5, 4)))


@pytest.mark.parametrize(
    "layer",
    [GlobalMaxPooling1D(), GlobalAveragePooling1D()],
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
        (lambda: GlobalMaxPooling1D()(X[0]), ValueError, "x: expected 3 axes"),
        (lambda: GlobalMaxPooling1D()(X[:, :0]), ValueError, "x: expected at least 1 timestep"),
        (lambda: GlobalAveragePooling1D("a"), ValueError, "data_format: expected 'channels_last"),
        (lambda: GlobalAveragePooling1D(keepdims=1), TypeError, "keepdims: expected True or"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("make", [GlobalMaxPooling1D, GlobalAveragePooling1D])
@pytest.mark.parametrize("use", ["__call__", "predict", "evaluate", "fit"])
def test_no_steps_are_refused_everywhere(make: Any, use: str) -> None:
    model = Sequential([Input((None, 4)), make(name="pool")])
    model.compile("sgd", "mse")
    x = X[:, :0]
    arguments = (x,) if use in ("__call__", "predict") else (x, X[:, 0])
    for call in (lambda: getattr(model, use)(*arguments), lambda: make(name="pool")(x)):
        with pytest.raises(ValueError, match=r"^pool: x: expected at least 1 timestep, got 0$"):
            call()
