"""TimeDistributed: equal to the layer on every step."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import rnncore
from rnncore import Sequential
from rnncore.layers import (
    LSTM,
    Activation,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Masking,
    TimeDistributed,
)

X = np.random.default_rng(0).standard_normal((3, 5, 4, 2))
MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)


@pytest.mark.parametrize("inner", [LSTM(3), Dense(3), Flatten(), Activation("softmax")])
def test_equals_the_layer_at_every_step(inner: Any) -> None:
    layer = TimeDistributed(inner)
    y = layer(X)
    for step in range(5):
        np.testing.assert_allclose(y[:, step], inner(X[:, step]), rtol=1e-6)
    assert layer.compute_output_shape(X.shape) == y.shape
    assert layer.output_shape == (None, *y.shape[1:])
    assert layer.compute_mask(X, MASK) is MASK
    assert all(a is b for a, b in zip(layer.weights, inner.weights, strict=True))


@pytest.mark.parametrize("inner", [LSTM(3), Dense(3, "tanh"), Flatten()])
def test_gradients(inner: Any, check_layer: Any) -> None:
    check_layer(TimeDistributed(inner, dtype="float64"), X, MASK)


def test_ids() -> None:
    ids = np.random.default_rng(0).integers(0, 6, (2, 3, 4))
    inner = Embedding(6, 2)
    layer = TimeDistributed(inner)
    np.testing.assert_array_equal(layer(ids)[1, 2], inner(ids[1])[2])
    with pytest.raises(ValueError, match="embedding: x: expected token ids from 0 to 5, got 11"):
        layer(ids + 6)


def test_the_loss_takes_over_its_activation() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, 5, 4)), rng.integers(0, 3, (6, 5))
    losses = []
    for wrap in (lambda layer: layer, TimeDistributed):
        rnncore.utils.set_random_seed(1)
        model = Sequential([Input((5, 4)), Masking(), wrap(Dense(3, activation="softmax"))])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        losses.append(model.fit(x, y, epochs=3, verbose=0).history)
        assert model.output_activations()[0] is not None
    assert losses[0] == losses[1]


def test_trainable_and_dtype_reach_the_layer() -> None:
    inner = Dense(3)
    layer = TimeDistributed(inner, trainable=False)
    assert not inner.trainable
    assert layer(X[:, :, 0]).dtype == np.float32 and layer.trainable_weights == []
    layer.trainable = True
    assert inner.trainable
    double = TimeDistributed(Dense(3, dtype="float64"))
    assert Sequential([Input((5, 4)), double]).dtype == np.float64
    assert double.layer.weights[0].dtype == np.float64


def test_copies_go_on_alike() -> None:
    rnncore.utils.set_random_seed(3)
    model = Sequential([Input((5, 4)), TimeDistributed(Dropout(0.5)), TimeDistributed(Dense(2))])
    model.compile("sgd", "mse")
    x, y = X[..., 0], np.ones((3, 5, 2))
    others = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    history = model.fit(x, y, epochs=2, verbose=0, shuffle=False).history
    for other in others:
        assert other.fit(x, y, epochs=2, verbose=0, shuffle=False).history == history


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: TimeDistributed("dense"), TypeError, "TimeDistributed: layer: expected a layer"),
        (lambda: TimeDistributed(Dense), TypeError, "TimeDistributed: layer: expected a layer"),
        (lambda: TimeDistributed(Dense(2))(X[:, 0, 0]), ValueError, "x: expected at least 3 axes"),
        (
            lambda: TimeDistributed(Dense(2, dtype="float64"), dtype="float32"),
            ValueError,
            "TimeDistributed: dtype: expected float64, that of 'dense', got float32",
        ),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
