"""ReLU, LeakyReLU and ELU: the values and the configurations that Keras gives them."""

from typing import Any

import numpy as np
import pytest

from rnncore.layers import ELU, Layer, LeakyReLU, ReLU

X = np.array([[-2.0, -0.25, 0.5, 1.0, 2.5, 7.0]])

# Keras 3.15.1 for X.
KERAS = [
    (ReLU(), [0.0, 0.0, 0.5, 1.0, 2.5, 7.0]),
    (ReLU(6.0), [0.0, 0.0, 0.5, 1.0, 2.5, 6.0]),
    (ReLU(2.0, 0.5, 1.0), [-1.5, -0.625, -0.25, 0.0, 2.0, 2.0]),
    (ReLU(negative_slope=0.1), [-0.2, -0.025, 0.5, 1.0, 2.5, 7.0]),
    (ReLU(threshold=1.0), [0.0, 0.0, 0.0, 0.0, 2.5, 7.0]),
    (LeakyReLU(), [-0.6, -0.075, 0.5, 1.0, 2.5, 7.0]),
    (LeakyReLU(0.5), [-1.0, -0.125, 0.5, 1.0, 2.5, 7.0]),
    (ELU(), [-0.8646647, -0.2211992, 0.5, 1.0, 2.5, 7.0]),
    (ELU(2.0), [-1.7293294, -0.4423984, 0.5, 1.0, 2.5, 7.0]),
]


@pytest.mark.parametrize(("layer", "expected"), KERAS)
def test_values(layer: Layer, expected: list[float]) -> None:
    np.testing.assert_allclose(layer(X)[0], np.array(expected), rtol=1e-6)
    config = layer.get_config()
    assert "activation" not in config
    np.testing.assert_array_equal(type(layer).from_config(config)(X), layer(X))


@pytest.mark.parametrize(
    "layer",
    [
        ReLU(2.0, 0.5, 1.0, dtype="float64"),
        ReLU(dtype="float64"),
        LeakyReLU(dtype="float64"),
        ELU(0.7, dtype="float64"),
    ],
)
def test_gradients(layer: Layer, check_layer: Any) -> None:
    x = np.random.default_rng(0).uniform(-3, 3, (3, 4, 5))
    check_layer(layer, x, np.arange(12).reshape(3, 4) % 3 > 0)


def test_names() -> None:
    assert [ReLU().name, LeakyReLU().name, ELU().name] == ["re_lu", "leaky_re_lu", "elu"]
    assert LeakyReLU(alpha=0.5).negative_slope == 0.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ReLU(-1.0), "ReLU: max_value"),
        (lambda: ReLU(negative_slope=-1.0), "ReLU: negative_slope"),
        (lambda: ReLU(threshold=-1.0), "ReLU: threshold"),
        (lambda: LeakyReLU(-0.1), "LeakyReLU: negative_slope"),
        (lambda: ELU("x"), "ELU: alpha"),
    ],
)
def test_errors(make: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        make()
