"""Add, Multiply, Average and Concatenate."""

import pickle
from typing import Any

import numpy as np
import pytest
from graphs import training_pass

from rnncore import Input, Model
from rnncore.layers import (
    LSTM,
    Add,
    Average,
    Concatenate,
    Dense,
    Masking,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    maximum,
    multiply,
    subtract,
)
from rnncore.layers._lengths import mask_of

RNG = np.random.default_rng(0)
X = [RNG.standard_normal((3, 5, 4)) for _ in range(3)]
MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)
OTHER = np.array([[1, 1, 0, 0, 0], [1, 1, 1, 1, 0], [0, 0, 0, 0, 0]], dtype=bool)
MERGES = [Add, Multiply, Average]
SHAPES = [
    [(3, 5, 4)],
    [(3, 5, 4), (3, 5, 4), (3, 5, 4)],
    [(3, 5, 4), (3, 1, 4)],
    [(3, 5, 1), (3, 4)],
    [(3, 1), (3, 5, 4), (3, 2, 1, 1)],
]


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("make", MERGES)
def test_gradients(make: Any, shapes: Any, check_layer: Any) -> None:
    layer = make(dtype="float64")
    x = [RNG.standard_normal(shape) for shape in shapes]
    check_layer(layer, x)
    assert layer.compute_output_shape(shapes) == layer(x).shape
    check_layer(layer, X[:2], [MASK, None])
    check_layer(layer, X, [MASK, OTHER, MASK])


def test_values() -> None:
    same = {"rtol": 1e-6}
    np.testing.assert_allclose(add(X), X[0] + X[1] + X[2], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(multiply(X), X[0] * X[1] * X[2], **same)
    np.testing.assert_allclose(average(X), np.mean(X, axis=0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(concatenate(X, 1), np.concatenate(X, 1), **same)


@pytest.mark.parametrize("make", MERGES)
def test_masks(make: Any) -> None:
    layer = make()
    np.testing.assert_array_equal(layer.compute_mask(X[:2], [MASK, OTHER]), MASK | OTHER)
    assert layer.compute_mask(X[:2], [MASK, None]) is None
    assert layer.compute_mask(X[:2], None) is None


def test_a_masked_step_is_a_factor_of_one() -> None:
    y = Multiply()(X[:2], mask=[MASK, None])
    np.testing.assert_allclose(y, np.where(MASK[..., None], X[0] * X[1], X[1]), rtol=1e-6)


@pytest.mark.parametrize("axis", [1, 2, -1, -2])
def test_gradients_of_concatenate(axis: int, check_layer: Any) -> None:
    layer = Concatenate(axis, dtype="float64")
    check_layer(layer, X, [MASK, None, OTHER])
    assert layer.compute_output_shape([x.shape for x in X]) == layer(X).shape
    smaller = [X[0], X[1].swapaxes(1, 2)[:, :5, :4] if axis in (1, -2) else X[1][..., :1]]
    check_layer(layer, smaller)


def test_masks_of_concatenate() -> None:
    masks = [MASK, None]
    np.testing.assert_array_equal(Concatenate().compute_mask(X[:2], masks), np.ones((3, 5), bool))
    np.testing.assert_array_equal(Concatenate().compute_mask(X[:2], [MASK, OTHER]), MASK | OTHER)
    for axis in (1, -2):
        np.testing.assert_array_equal(
            Concatenate(axis).compute_mask(X[:2], masks),
            np.concatenate([MASK, np.ones((3, 5), bool)], axis=1),
        )
    assert Concatenate().compute_mask(X[:2], None) is None


def test_unknown_sizes() -> None:
    assert Add().compute_output_shape([(None, None, 4), (None, 1)]) == (None, None, 4)
    assert Concatenate(1).compute_output_shape([(None, None, 4), (None, 5, 4)]) == (None, None, 4)
    assert Concatenate().compute_output_shape([(None, None, 4), (None, 5, 2)]) == (None, 5, 6)


@pytest.mark.parametrize("make", [*MERGES, Concatenate])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_and_pickle(make: Any, dtype: str) -> None:
    layer = make(dtype=dtype)
    y, tape = training_pass(layer, X)
    assert y.dtype == dtype
    assert {dx.dtype.name for dx in layer.backward(tape, np.ones_like(y))} == {dtype}
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(layer))(X), layer(X))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Add()(X[0]), TypeError, "add: x: expected a list of arrays, got ndarray"),
        (lambda: Add()([]), ValueError, "add: x: expected arrays .* got none"),
        (lambda: Add()([X[0], X[0][:2]]), ValueError, "add: x: expected .* number of samples"),
        (
            lambda: Add()([X[0], X[0][:, :2]]),
            ValueError,
            r"sizes of 1 .*\(None, 5, 4\), \(None, 2, 4\)",
        ),
        (lambda: Concatenate(0)(X), ValueError, "along axis 0, which is not the batch"),
        (lambda: Concatenate(3)(X), ValueError, "concatenate: x: .* axis 3"),
        (lambda: Concatenate()([X[0], X[0][:, 0]]), ValueError, "differ only along axis -1"),
        (lambda: Concatenate()([X[0], X[0][:, :2]]), ValueError, "differ only along axis -1"),
        (lambda: Concatenate("1"), TypeError, "Concatenate: axis: expected an integer"),
        (lambda: Add()(X, mask=MASK), TypeError, "add: mask: expected a list of 3 masks"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_in_a_graph() -> None:
    x = Input((5, 4))
    masked = Masking()(x)
    both = concatenate([LSTM(4, return_sequences=True)(masked), Dense(4)(masked)])
    joined = Add()([Dense(4)(both), masked, Multiply()([masked, masked])])
    model = Model(x, Dense(1)(LSTM(3)(Average()([joined, x]))))
    model.compile("adam", "mse")
    data = np.where(MASK[..., None], X[0], 0)
    loss = model.fit(data, np.ones((3, 1)), epochs=20, verbose=0).history["loss"]
    assert loss[-1] < loss[0]


# No two numbers are as close as the steps of the finite differences.
NUMBERS = np.random.default_rng(0).permutation(180) / 60 - 1.5


A, B, C = NUMBERS.reshape(3, 3, 5, 4)


@pytest.mark.parametrize("make", [Maximum, Minimum])
@pytest.mark.parametrize("masks", [None, [MASK, None, OTHER], [MASK, OTHER, MASK]])
def test_gradients_of_extrema(make: Any, masks: Any, check_layer: Any) -> None:
    check_layer(make(dtype="float64"), [A, B, C], masks)


@pytest.mark.parametrize(
    "shapes", [[(3, 5, 4), (3, 5, 4)], [(3, 5, 4), (3, 1, 4)], [(3, 4), (3, 5, 4)]]
)
def test_gradients_of_broadcast_arrays(shapes: Any, check_layer: Any) -> None:
    rng = np.random.default_rng(1)
    values = rng.permutation(200) / 50 - 2
    x = [values[:60].reshape(3, 5, 4), values[60:120].reshape(3, 5, 4)]
    x = [
        one.reshape(-1)[: np.prod(shape)].reshape(shape)
        for one, shape in zip(x, shapes, strict=True)
    ]
    for make in (Subtract, Maximum, Minimum):
        layer = make(dtype="float64")
        check_layer(layer, x)
        assert layer.compute_output_shape(shapes) == layer(x).shape


def test_values_and_masks() -> None:
    np.testing.assert_allclose(subtract([A, B]), A - B, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(maximum([A, B, C]), np.max([A, B, C], axis=0), rtol=1e-6)
    masked = Maximum(dtype="float64")([A, B], mask=[MASK, OTHER])
    np.testing.assert_array_equal(masked[MASK & ~OTHER], A[MASK & ~OTHER])
    np.testing.assert_array_equal(masked[~MASK & OTHER], B[~MASK & OTHER])
    np.testing.assert_array_equal(masked[~MASK & ~OTHER], A[~MASK & ~OTHER])


def test_the_first_of_equal_numbers_gets_the_gradient() -> None:
    for make in (Maximum, Minimum):
        layer = make()
        _, tape = training_pass(layer, [A, A, A])
        first, second, third = layer.backward(tape, np.ones((3, 5, 4), np.float32))
        assert (first == 1).all() and not second.any() and not third.any()


LENGTHS = mask_of(np.array([5, 2, 0]), 5)


@pytest.mark.parametrize("make", [*MERGES, Maximum, Minimum])
@pytest.mark.parametrize(
    ("shapes", "masks"),
    [
        ([(3, 5, 4), (3, 1, 4)], [MASK, MASK[:, :1]]),
        ([(3, 1, 4), (3, 5, 1)], [MASK[:, 1:2], OTHER]),
        ([(3, 1, 4), (3, 5, 4)], [mask_of(np.array([1, 0, 1]), 1), None]),
        ([(3, 4), (3, 5, 4)], [None, LENGTHS]),
        ([(3, 1), (3, 5, 4), (3, 5, 1)], [None, LENGTHS, LENGTHS]),
    ],
)
def test_masked_arrays_are_broadcast_in_inference_as_in_training(
    make: Any, shapes: Any, masks: Any
) -> None:
    x = [RNG.normal(size=shape) for shape in shapes]
    layer = make(dtype="float64")
    layer.build([(None, *shape[1:]) for shape in shapes])
    trained, _ = layer.forward(x, mask=masks, training=True)
    np.testing.assert_array_equal(layer.forward(x, mask=masks)[0], trained)
