"""Activation: its backward pass by finite differences."""

from typing import Any

import numpy as np
import pytest

from rnncore.layers import (
    Activation,
)


@pytest.mark.parametrize("activation", ["tanh", "softmax", "sigmoid", "linear"])
def test_activation(activation: str, check_layer: Any) -> None:
    layer = Activation(activation, dtype="float64")
    check_layer(layer, np.random.default_rng(0).standard_normal((3, 5, 4)))
