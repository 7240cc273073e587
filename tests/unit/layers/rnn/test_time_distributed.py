"""TimeDistributed: equal to the layer on every step."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import rnncore
from rnncore import Model, Sequential
from rnncore.layers import (
    LSTM,
    Activation,
    Add,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Masking,
    TimeDistributed,
)
from rnncore.testing import gradient_errors

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
        assert model.network.output_activations()[0] is not None
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
            "dtype: expected float64, that of 'dense', got float32",
        ),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


# ---- steps that depend on each other --------------------------------------------------------


def test_a_mask_inside_of_each_step() -> None:
    mask = np.arange(60).reshape(3, 5, 4) % 7 > 1
    mask[0, 1] = False
    inner = LSTM(3)
    layer = TimeDistributed(inner)
    y = layer(X, mask=mask)
    for step in range(5):
        np.testing.assert_allclose(y[:, step], inner(X[:, step], mask=mask[:, step]), rtol=1e-6)
    on = layer.compute_mask(X, mask)
    assert on is not None and not on[0, 1]
    np.testing.assert_array_equal(on, mask.any(axis=-1))
    dense = TimeDistributed(Dense(3))
    dense(X)
    assert dense.compute_mask(X, mask) is mask  # its output still has what the mask is about


def test_a_model_in_every_step_is_trained() -> None:
    words = Sequential([Embedding(9, 4, mask_zero=True), LSTM(3), Dense(2, activation="tanh")])
    ids = np.random.default_rng(0).integers(0, 9, (4, 5, 6))
    model = Sequential([Input((5, 6)), TimeDistributed(words), LSTM(2), Dense(1)], dtype="float64")
    model.compile("adam", "mse")
    gradients = model.gradients(ids, np.ones((4, 1)))
    errors = gradient_errors(
        lambda: float(model.evaluate(ids, np.ones((4, 1)), verbose=0)),
        {weight.name: weight.value for weight in model.trainable_weights},
        {w.name: g for w, g in zip(model.trainable_weights, gradients, strict=True)},
    )
    assert len(errors) == 1 + 3 + 2 + 3 + 2
    assert max(errors.values()) < 1e-7, errors
    entry = Input((4, 2))
    graph = Model(entry, Dense(2)(LSTM(3)(entry)))
    y = TimeDistributed(graph)(X)
    np.testing.assert_allclose(y[:, 3], graph(X[:, 3]), rtol=1e-6)


def test_batch_normalization_normalizes_each_step_by_itself() -> None:
    inner = BatchNormalization(momentum=0.5)
    layer = TimeDistributed(inner, dtype="float64")
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, 6, 5, 3))
    mask = rng.random((6, 5)) > 0.3
    y = layer(x, mask=mask, training=True)
    counts = mask.sum(axis=0)
    means = (x * mask[..., None]).sum(axis=0) / counts[:, None]
    expected = np.zeros(3)
    for mean in means:
        expected = 0.5 * expected + 0.5 * mean
    np.testing.assert_allclose(inner.moving_mean.value, expected, rtol=1e-6)
    np.testing.assert_allclose((y * mask[..., None]).sum(axis=0), 0, atol=1e-6)
    for weight in inner.trainable_weights:
        weight.assign(rng.uniform(0.5, 1.5, 3))

    def total() -> float:
        return float((layer.forward(x, mask=mask, training=True)[0] * dy).sum())

    _, tape = layer.forward(x, mask=mask, training=True)
    dx = layer.backward(tape, dy)
    assert dx is not None
    arrays = {"x": x} | {weight.name: weight.value for weight in inner.trainable_weights}
    gradients = {"x": dx.copy()} | {w.name: w.grad.copy() for w in inner.trainable_weights}
    errors = gradient_errors(total, arrays, gradients)
    assert max(errors.values()) < 1e-7, errors
    still = layer(x)  # moving averages: the same as all steps at once
    np.testing.assert_allclose(still[:, 2], inner(x[:, 2]), rtol=1e-12)


def test_a_stateful_layer_goes_on_from_step_to_step() -> None:
    layer = TimeDistributed(LSTM(3, stateful=True))
    plain = LSTM(3, return_state=True)
    plain(X[:, 0])
    layer(X)
    layer.set_weights(plain.get_weights())
    layer.layer.reset_state()  # type: ignore[attr-defined]
    y, state = layer(X), None
    for step in range(5):
        last, *state = plain(X[:, step], initial_state=state)
        np.testing.assert_array_equal(y[:, step], last)
    layer.layer.reset_state()  # type: ignore[attr-defined]
    np.testing.assert_array_equal(layer(X, training=True), y)


def test_inner_layers_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="layer: expected a layer with one input, got 'add'"):
        TimeDistributed(Add())
    with pytest.raises(ValueError, match="layer: expected a layer with one output, got 'lstm'"):
        TimeDistributed(LSTM(2, return_state=True))(X)


def test_a_frozen_part_of_a_model_stays_frozen() -> None:
    inner = Sequential([Dense(2, trainable=False), Dense(2)])
    TimeDistributed(inner)
    assert [layer.trainable for layer in inner.layers] == [False, True]
