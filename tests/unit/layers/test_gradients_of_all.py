"""Backward of the layers that have no test of their own for it, by finite differences, masked."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rnncore import layers
from rnncore.layers import Layer

MASK = np.array([[0, 1, 1, 0, 1, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0]], dtype=bool)

ONE: dict[str, Callable[[], Layer]] = {
    "average_pooling": lambda: layers.AveragePooling1D(2, 2, dtype="float64"),
    "average_pooling_same": lambda: layers.AveragePooling1D(3, 2, "same", dtype="float64"),
    "max_pooling": lambda: layers.MaxPooling1D(3, 1, dtype="float64"),
    "global_max_pooling": lambda: layers.GlobalMaxPooling1D(dtype="float64"),
    "global_average_pooling": lambda: layers.GlobalAveragePooling1D(dtype="float64"),
    "flatten": lambda: layers.Flatten(dtype="float64"),
    "permute": lambda: layers.Permute((2, 1), dtype="float64"),
    "reshape": lambda: layers.Reshape((2, -1), dtype="float64"),
    "elu": lambda: layers.ELU(0.7, dtype="float64"),
    "leaky_relu": lambda: layers.LeakyReLU(0.2, dtype="float64"),
    "relu": lambda: layers.ReLU(1.5, 0.1, 0.05, dtype="float64"),
}


@pytest.mark.parametrize("kind", ONE)
def test_one_input(kind: str, check_layer: Any) -> None:
    check_layer(ONE[kind](), np.random.default_rng(3).standard_normal((3, 6, 4)), MASK)


def test_repeat_vector() -> None:
    layer = layers.RepeatVector(3, dtype="float64")
    rng = np.random.default_rng(3)
    x, dy = rng.standard_normal((2, 4)), rng.standard_normal((2, 3, 4))
    _, tape = layer.forward(x, training=True)
    np.testing.assert_allclose(layer.backward(tape, dy), dy.sum(axis=1), rtol=1e-14)


@pytest.mark.parametrize("make", [layers.Add, layers.Multiply, layers.Average, layers.Concatenate])
def test_several_inputs(make: Callable[..., Layer], check_layer: Any) -> None:
    rng = np.random.default_rng(3)
    xs = [rng.standard_normal((3, 6, 4)) for _ in range(3)]
    check_layer(make(dtype="float64"), xs, [MASK, None, MASK])
