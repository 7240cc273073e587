"""Flatten, Reshape, Permute and RepeatVector."""

from typing import Any

import numpy as np
import pytest

from rnncore import Sequential
from rnncore.layers import Dense, Flatten, Input, Layer, Permute, RepeatVector, Reshape

X = np.random.default_rng(0).standard_normal((2, 6, 4))
MASK = np.ones((2, 6), bool)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Flatten(), (2, 24)),
        (Reshape((3, 8)), (2, 3, 8)),
        (Reshape([-1]), (2, 24)),
        (Reshape((2, -1, 3)), (2, 2, 4, 3)),
        (Permute((2, 1)), (2, 4, 6)),
        (Permute((1, 2)), (2, 6, 4)),
    ],
)
def test_shapes(layer: Layer, shape: tuple[int, ...]) -> None:
    y = layer(X)
    assert y.shape == layer.compute_output_shape(X.shape) == shape
    assert layer.output_shape == (None, *shape[1:])
    assert layer.compute_mask(X, MASK) is None
    assert layer.weights == []


def test_unknown_sizes() -> None:
    assert Flatten().compute_output_shape((None, None, 4)) == (None, None)
    assert Flatten()(np.zeros(3)).shape == (3, 1)
    assert Reshape((-1, 2)).compute_output_shape((None, None, 4)) == (None, None, 2)
    assert Permute((2, 1)).compute_output_shape((None, None, 4)) == (None, 4, None)
    assert RepeatVector(3).compute_output_shape((None, 4)) == (None, 3, 4)


def test_no_samples() -> None:
    assert Flatten()(np.zeros((0, 6, 4))).shape == (0, 24)
    assert Reshape((-1, 8))(np.zeros((0, 6, 4))).shape == (0, 3, 8)


@pytest.mark.parametrize("make", [Flatten, lambda **k: Reshape((8, -1), **k)])
def test_gradients(make: Any, check_layer: Any) -> None:
    check_layer(make(dtype="float64"), X)


@pytest.mark.parametrize("dims", [(1, 2, 3), (2, 3, 1), (3, 1, 2)])
def test_gradient_of_permute(dims: tuple[int, ...], check_layer: Any) -> None:
    check_layer(Permute(dims, dtype="float64"), X.reshape(2, 3, 2, 4))


def test_gradient_of_repeat_vector(check_layer: Any) -> None:
    check_layer(RepeatVector(3, dtype="float64"), X[:, 0])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Flatten("channels_first"), ValueError, "Flatten: data_format: expected 'chann"),
        (lambda: Reshape(3), TypeError, "Reshape: target_shape: expected a tuple .*, got 3"),
        (lambda: Reshape((2, 0)), ValueError, r"Reshape: target_shape\[1\]: expected .* got 0"),
        (lambda: Reshape((-1, -1)), ValueError, "target_shape: expected at most one -1"),
        (lambda: Reshape((5, 5))(X), ValueError, r"reshape: x: expected .*\(5, 5\), got .*6, 4"),
        (lambda: Reshape((-1, 5))(X), ValueError, r"reshape: x: expected .*\(-1, 5\)"),
        (lambda: Permute(2), TypeError, "Permute: dims: expected a tuple of integers, got 2"),
        (lambda: Permute((0, 1)), ValueError, r"Permute: dims\[0\]: expected .*, got 0"),
        (lambda: Permute((1, 3)), ValueError, r"dims: expected each of 1 to 2 once, got \(1, 3\)"),
        (lambda: Permute((1,))(X), ValueError, r"permute: x: expected 2 axes .*got shape"),
        (lambda: RepeatVector(0), ValueError, "RepeatVector: n: expected a positive integer"),
        (lambda: RepeatVector(2)(X), ValueError, "repeat_vector: x: expected 2 axes"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_in_a_model() -> None:
    layers = [Input((6, 4)), Permute((2, 1)), Flatten(), Dense(3), RepeatVector(2), Reshape((6,))]
    model = Sequential([*layers, Dense(1)])
    assert model.output_shape == (None, 1)
    model.compile("sgd", "mse")
    first = model.fit(X, np.ones((2, 1)), epochs=20, verbose=0).history["loss"]
    assert first[-1] < first[0]
