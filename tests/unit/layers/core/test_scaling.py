"""Layers that scale; more is in golden/data/layers_of_keras.json."""

from typing import Any

import numpy as np
import pytest

from rnncore.layers import Identity, Rescaling, UnitNormalization

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: UnitNormalization(dtype="float64"),
        lambda: UnitNormalization((1, 2), dtype="float64"),
        lambda: Rescaling([1.0, 2.0, 3.0], 0.5, dtype="float64"),
        lambda: Identity(dtype="float64"),
    ],
)
def test_gradients(make: Any, check_layer: Any) -> None:
    mask = np.array([[True, True, False, True], [False] * 4])
    check_layer(make(), RNG.normal(size=(2, 4, 3)), mask)


def test_the_length_of_zeros_is_a_constant() -> None:
    layer = UnitNormalization(dtype="float64")
    x = np.zeros((1, 2))
    assert not layer(x).any()
    _, tape = layer.forward(x, training=True)
    np.testing.assert_allclose(layer.backward(tape, np.array([[1.0, -2.0]])), [[1e6, -2e6]])


@pytest.mark.parametrize("shape", [(), (3,), (4, 3), (4, 1), (1, 4, 3), (1, 1, 1)])
def test_constants_are_broadcast_over_samples(shape: tuple[int, ...]) -> None:
    x, scale = RNG.normal(size=(2, 4, 3)), RNG.normal(size=shape)
    found = Rescaling(scale, offset=scale, dtype="float64")(x)
    np.testing.assert_array_equal(found, x * scale + scale)


@pytest.mark.parametrize("shape", [(2,), (5, 3), (2, 4, 3), (1, 1, 4, 3)])
def test_constants_do_not_make_the_input_larger(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"a constant of shape .* fits"):
        Rescaling(np.ones(shape))(np.ones((2, 4, 3)))
    # The number of steps may be known only when the layer is called.
    layer = Rescaling(np.ones((4, 3)))
    layer.build((None, None, 3))
    with pytest.raises(ValueError, match=r"a constant of shape .* fits"):
        layer(np.ones((2, 1, 3)))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: UnitNormalization("last"), TypeError, "axis: expected an integer or a list"),
        (lambda: Rescaling("a"), TypeError, "Rescaling: scale: expected numbers, got 'a'"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
