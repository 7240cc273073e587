"""Masking: masked steps give nothing and get no gradient."""

import numpy as np

from rnncore.layers import (
    Masking,
)


def test_masking() -> None:
    x = np.random.default_rng(0).standard_normal((3, 5, 4))
    x[0, 2] = 0
    layer = Masking(dtype="float64")
    y, tape = layer.forward(x, training=True)
    np.testing.assert_array_equal(y, x)
    dx = layer.backward(tape, np.ones_like(x))
    np.testing.assert_array_equal(dx, layer.compute_mask(x, None)[..., None] * np.ones_like(x))
