"""Dropout with a noise_shape: what is dropped together."""

from typing import Any

import numpy as np
import pytest
from graphs import training_pass

from rnncore import Sequential
from rnncore.layers import (
    Dense,
    Dropout,
    SpatialDropout1D,
)

SHAPE = (4, 6, 5)


@pytest.mark.parametrize(
    ("noise_shape", "along"),
    [
        ((None, 1, None), (1,)),
        ((4, 1, 5), (1,)),
        ([None, None, 1], (2,)),
        ((1, 6, None), (0,)),
        ((None, 1, 1), (1, 2)),
    ],
)
def test_elements_along_an_axis_of_one_are_dropped_together(
    noise_shape: Any, along: tuple[int, ...]
) -> None:
    layer = Dropout(0.5, noise_shape, seed=3, dtype="float64")
    x = np.random.default_rng(1).uniform(1, 2, SHAPE)
    y, tape = training_pass(layer, x)
    kept = y != 0
    assert 0 < kept.mean() < 1
    np.testing.assert_array_equal(y[kept], 2 * x[kept])
    first = kept
    for axis in along:
        first = np.take(first, [0], axis=axis)
    np.testing.assert_array_equal(kept, np.broadcast_to(first, SHAPE))
    # Linear in x: the gradient is the same product.
    dy = np.random.default_rng(2).normal(size=SHAPE)
    np.testing.assert_array_equal(layer.backward(tape, dy), np.where(kept, 2 * dy, 0))
    np.testing.assert_array_equal(layer(x), x)


def test_a_shape_of_the_input_draws_each_element_as_without_one() -> None:
    x = np.ones(SHAPE)
    ys = [Dropout(0.5, shape, seed=3)(x, training=True) for shape in (None, (None, 6, 5))]
    np.testing.assert_array_equal(ys[0], ys[1])


def test_spatial_dropout_is_one_with_a_noise_shape() -> None:
    x = np.ones(SHAPE)
    one, other = Dropout(0.5, (None, 1, None), seed=3), SpatialDropout1D(0.5, seed=3)
    np.testing.assert_array_equal(one(x, training=True), other(x, training=True))


def test_errors() -> None:
    for given, error in (("ab", TypeError), (3, TypeError), ((None, 0), ValueError)):
        with pytest.raises(error, match=r"Dropout: noise_shape.*expected"):
            Dropout(0.1, noise_shape=given)
    for given in ((None, 1), (None, 2, None), (None, 1, 1, 1)):
        with pytest.raises(ValueError, match=r"drop: x: expected a shape that noise_shape"):
            Dropout(0.1, given, name="drop")(np.ones(SHAPE))
    model = Sequential([Dense(2), Dropout(0.1, (3, 1))])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"noise_shape .* got \(4, 2\)"):
        model.fit(np.ones((4, 2)), np.ones((4, 2)), verbose=0)


def test_dropout_backward_uses_the_mask_of_the_forward() -> None:
    layer = Dropout(0.4, seed=1, dtype="float64")
    x = np.ones((50, 20))
    y, tape = layer.forward(x, training=True)
    np.testing.assert_array_equal(layer.backward(tape, np.ones_like(x)), y)
