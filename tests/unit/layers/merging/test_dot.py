"""Dot: products of vectors along any axes."""

import pickle
from typing import Any

import numpy as np
import pytest

from rnncore import Input, Model
from rnncore.layers import LSTM, Dense, Dot, Maximum, Subtract, dot

# No two numbers are as close as the steps of the finite differences.
NUMBERS = np.random.default_rng(0).permutation(180) / 60 - 1.5
A, B, C = NUMBERS.reshape(3, 3, 5, 4)


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize(
    ("axes", "shapes", "formula"),
    [
        (1, [(3, 4), (3, 4)], "bi,bi->b"),
        (-1, [(3, 5, 4), (3, 2, 4)], "bti,bsi->bts"),
        ((2, 1), [(3, 5, 4), (3, 4, 2)], "bti,bis->bts"),
        ([1, 2], [(3, 5, 4), (3, 2, 5)], "bit,bsi->bts"),
        ((1, 2), [(3, 4), (3, 5, 4)], "bi,bsi->bs"),
        ((1, 1), [(3, 5, 4), (3, 5)], "bit,bi->bt"),
    ],
)
def test_dot(axes: Any, shapes: Any, formula: str, normalize: bool, check_layer: Any) -> None:
    rng = np.random.default_rng(2)
    x = [rng.standard_normal(shape) for shape in shapes]
    layer = Dot(axes, normalize=normalize, dtype="float64")
    if not normalize:
        expected = np.einsum(formula, *x)
        np.testing.assert_allclose(layer(x).reshape(expected.shape), expected)
    check_layer(layer, x)
    assert layer.compute_output_shape(shapes) == layer(x).shape
    assert layer.compute_mask(x, [None, None]) is None
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(layer))(x), layer(x))


def test_dot_of_short_vectors_is_linear() -> None:
    # Shorter than 1e-7 they are divided by that, and their own length has no part in it.
    short, other = np.array([[2e-9, -1e-8]]), np.array([[3.0, 4.0]])
    layer = Dot(1, normalize=True, dtype="float64")
    y, tape = layer.forward([short, other], training=True)
    assert y[0, 0] == pytest.approx((2e-9 * 3 - 1e-8 * 4) / 5 / 1e-7)
    gradient, _ = layer.backward(tape, np.ones((1, 1)))
    np.testing.assert_allclose(gradient, other / 5 / 1e-7)


def test_cosines() -> None:
    one, other = np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]])
    assert dot([one, other], axes=1, normalize=True)[0, 0] == pytest.approx(24 / 25)
    assert dot([one, 0 * other], axes=1, normalize=True)[0, 0] == 0


def test_attention_as_programs_write_it() -> None:
    x = Input((5, 4))
    states = LSTM(4, return_sequences=True)(x)
    scores = Dense(5, activation="softmax")(Dot(axes=(2, 2))([states, states]))
    context = Dot(axes=(2, 1))([scores, states])
    model = Model(x, Dense(1)(Subtract()([context, states])))
    model.compile("adam", "mse")
    loss = model.fit(A, np.ones((3, 5, 1)), epochs=20, verbose=0).history["loss"]
    assert loss[-1] < loss[0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Dot(1.5), TypeError, "Dot: axes: expected an integer"),
        (lambda: Dot((1, 2, 1)), ValueError, "Dot: axes: expected an integer or two"),
        (lambda: Dot(1, normalize=1), TypeError, "Dot: normalize: expected True or False"),
        (lambda: Dot(0)([A, B]), ValueError, "x: expected two arrays with 2 or 3 axes"),
        (lambda: Dot(3)([A, B]), ValueError, "x: expected two arrays"),
        (lambda: Dot(1)([A, B[:, :3]]), ValueError, "of equal sizes along the axes 1"),
        (lambda: Dot(1)([A, B, C]), ValueError, "x: expected two arrays"),
        (lambda: Dot(1)(A), TypeError, "x: expected a list of arrays"),
        (lambda: Subtract()([A, B, C]), ValueError, "subtract.*: x: expected 2 arrays, got 3"),
        (lambda: Maximum()([A, B[:, :3]]), ValueError, "maximum.*: x: expected arrays of one"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
