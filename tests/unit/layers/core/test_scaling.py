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
