"""Dense: its backward pass by finite differences."""

from typing import Any

import numpy as np
import pytest

from rnncore.layers import (
    Dense,
)


@pytest.mark.parametrize("activation", [None, "tanh", "sigmoid", "softmax"])
@pytest.mark.parametrize("shape", [(3, 4), (3, 5, 4)])
def test_dense(activation: str | None, shape: tuple[int, ...], check_layer: Any) -> None:
    layer = Dense(6, activation=activation, dtype="float64")
    check_layer(layer, np.random.default_rng(0).standard_normal(shape))


def test_dense_without_bias(check_layer: Any) -> None:
    layer = Dense(2, use_bias=False, dtype="float64")
    check_layer(layer, np.random.default_rng(0).standard_normal((3, 4)))


def test_dense_logits_gradient_skips_the_activation() -> None:
    layer = Dense(3, activation="softmax", dtype="float64")
    x = np.random.default_rng(0).standard_normal((4, 2))
    layer(x)
    logits, tape = layer.forward_logits(x, training=True)
    dlogits = np.ones_like(logits)
    dx = layer.backward(tape, dlogits)
    np.testing.assert_allclose(dx, dlogits @ layer.kernel.value.T)
