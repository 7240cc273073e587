"""BatchNormalization: statistics of batches, moving statistics, and gradients through both."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from graphs import training_pass

from rnncore import Sequential
from rnncore.layers import (
    LSTM,
    BatchNormalization,
    Dense,
    Input,
    Layer,
    TimeDistributed,
)

X = np.random.default_rng(0).standard_normal((3, 5, 4)) * 2 + 1
MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)


def names(layer: Layer) -> list[str]:
    return [weight.short_name for weight in layer.weights]


@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False}])
def test_gradients_of_batch_normalization(
    axis: int, training: bool, masked: bool, options: Any, check_layer: Any
) -> None:
    layer = BatchNormalization(axis, **options, trainable=training, dtype="float64")
    check_layer(layer, X, MASK if masked else None, training=True)


def test_gradients_inside_time_distributed(check_layer: Any) -> None:
    layer = TimeDistributed(BatchNormalization(dtype="float64"))
    check_layer(layer, X, MASK, training=True)
    plain = BatchNormalization(dtype="float64")
    plain(X)
    plain.set_weights(layer.get_weights())
    found = layer(X, mask=MASK, training=True)
    for t in range(X.shape[1]):  # the statistics are those of one step, as in Keras
        step = slice(t, t + 1)
        expected = plain(X[:, step], mask=MASK[:, step], training=True)
        np.testing.assert_array_equal(found[:, step], expected)


def test_statistics_of_the_batch_and_moving_ones() -> None:
    layer = BatchNormalization(momentum=0.75, epsilon=0, dtype="float64")
    y = layer(X, training=True)
    np.testing.assert_allclose(y.mean(axis=(0, 1)), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=(0, 1)), 1)
    mean, variance = X.mean(axis=(0, 1)), X.var(axis=(0, 1))
    np.testing.assert_allclose(layer.moving_mean.value, 0.25 * mean)
    np.testing.assert_allclose(layer.moving_variance.value, 0.75 + 0.25 * variance)
    before = layer.get_weights()
    np.testing.assert_allclose(
        layer(X), (X - 0.25 * mean) / np.sqrt(0.75 + 0.25 * variance), rtol=1e-12
    )
    for weight, old in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)  # inference changes nothing
    assert names(layer) == ["gamma", "beta", "moving_mean", "moving_variance"]


def test_padding_does_not_count() -> None:
    layer, other = BatchNormalization(dtype="float64"), BatchNormalization(dtype="float64")
    padded = np.where(MASK[..., None], X, 1e6)
    y = layer(padded, mask=MASK, training=True)
    np.testing.assert_allclose(y[MASK], other(X[MASK], training=True), rtol=1e-6)
    np.testing.assert_allclose(layer.get_weights()[2:], other.get_weights()[2:], rtol=1e-6)
    nothing = BatchNormalization()(X, mask=np.zeros_like(MASK), training=True)
    assert np.isfinite(nothing).all()


def test_frozen_is_inference() -> None:
    layer = BatchNormalization(trainable=False)
    np.testing.assert_array_equal(layer(X, training=True), layer(X))
    np.testing.assert_array_equal(layer.moving_mean.value, np.zeros(4))


def model_with_statistics() -> Sequential:
    layers = [LSTM(6, return_sequences=True), BatchNormalization(), LSTM(3), Dense(1)]
    model = Sequential([Input((5, 4)), *layers])
    model.compile("adamw", "mse")
    return model


def test_no_optimizer_changes_the_statistics() -> None:
    model = model_with_statistics()
    layer = model.layers[1]
    assert [weight.short_name for weight in layer.trainable_weights] == ["gamma", "beta"]
    assert [w.short_name for w in layer.non_trainable_weights] == ["moving_mean", "moving_variance"]
    inputs = []
    forward = layer.forward

    def watched(x: Any, **options: Any) -> Any:
        inputs.append(x.copy())
        return forward(x, **options)

    layer.forward = watched  # type: ignore[method-assign]
    model.fit(X, np.ones((3, 1)), epochs=1, verbose=0)
    assert len(inputs) == 1
    np.testing.assert_allclose(
        layer.get_weights()[2], 0.01 * inputs[0].mean(axis=(0, 1)), rtol=1e-5, atol=1e-9
    )
    assert np.abs(layer.get_weights()[1]).min() > 0  # beta learns


def test_summary_tells_trainable_from_others() -> None:
    model, lines = model_with_statistics(), []
    model.summary(print_fn=lines.append)
    total = model.count_params()
    assert f"Total params: {total:,}" in lines[-3]
    assert lines[-2].startswith(f"Trainable params: {total - 12:,} (")
    assert lines[-1] == "Non-trainable params: 12 (48.00 B)"


def test_copies_keep_the_statistics() -> None:
    model = model_with_statistics()
    model.fit(X, np.ones((3, 1)), epochs=2, verbose=0)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
        assert len(other.layers[1].non_trainable_weights) == 2


@pytest.mark.parametrize("make", [BatchNormalization])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype(make: Any, dtype: str) -> None:
    layer = make(dtype=dtype)
    y, tape = training_pass(layer, X)
    assert y.dtype == dtype and {weight.dtype.name for weight in layer.weights} == {dtype}
    assert layer.backward(tape, np.ones_like(y)).dtype == dtype
    assert layer(np.zeros((0, 5, 4)), training=True).shape == (0, 5, 4)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: BatchNormalization((1, 2)), TypeError, "BatchNormalization: axis: expected"),
        (lambda: BatchNormalization(True), TypeError, "BatchNormalization: axis: expected"),
        (lambda: BatchNormalization(3)(X), ValueError, "batch_normalization: axis: .* got 3"),
        (lambda: BatchNormalization(epsilon=-1), ValueError, "epsilon: expected .*>= 0, got -1"),
        (lambda: BatchNormalization(momentum="a"), TypeError, "momentum: expected a finite"),
        (lambda: BatchNormalization(center=1), TypeError, "center: expected True or False"),
        (lambda: BatchNormalization(renorm=True), ValueError, "renorm: expected False"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("make", [BatchNormalization])
def test_other_sizes_than_built_for(make: Any) -> None:
    layer = make(1)
    layer(X)
    with pytest.raises(ValueError, match=r"x: expected shape \(None, 5, None\), got \(3, 4, 4\)"):
        layer(X[:, 1:])
