"""Layers that add, drop or repeat steps; the numbers are those of Keras 3.15.1."""

from typing import Any

import numpy as np
import pytest

from rnncore.layers import Cropping1D, UpSampling1D, ZeroPadding1D

X = np.arange(8.0).reshape(1, 4, 2) / 4
STEP = [[0.0, 0.25], [0.5, 0.75], [1.0, 1.25], [1.5, 1.75]]


@pytest.mark.parametrize(
    ("layer", "wanted"),
    [
        (ZeroPadding1D((0, 2)), [*STEP, [0.0, 0.0], [0.0, 0.0]]),
        (Cropping1D((1, 2)), [[0.5, 0.75]]),
        (UpSampling1D(3), [step for step in STEP for _ in range(3)]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_values_of_keras(layer: Any, wanted: Any) -> None:
    np.testing.assert_allclose(layer(X), [wanted], rtol=1e-6)
    assert layer.compute_output_shape((None, 4, 2)) == (None, len(wanted), 2)
    assert layer.compute_output_shape((None, None, 2))[2] == 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: ZeroPadding1D((2, 1), dtype="float64"),
        lambda: Cropping1D((1, 0), dtype="float64"),
        lambda: UpSampling1D(dtype="float64"),
    ],
)
def test_gradients(make: Any, check_layer: Any) -> None:
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    check_layer(make(), x)
    check_layer(make(), x, mask=np.array([[1, 1, 0, 1], [0, 1, 1, 0]], bool))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: ZeroPadding1D(-1),
            ValueError,
            "ZeroPadding1D: padding: expected an integer >= 0 or a tuple of 2",
        ),
        (
            lambda: Cropping1D((1, 2, 3)),
            ValueError,
            "Cropping1D: cropping: expected an integer >= 0 or a tuple of 2",
        ),
        (lambda: Cropping1D(2)(X), ValueError, "x: expected more than 4 timesteps, got 4"),
        (lambda: UpSampling1D(0), ValueError, "UpSampling1D: size"),
        (lambda: UpSampling1D()(X[0]), ValueError, "x: expected 3 axes"),
        (lambda: ZeroPadding1D(1, "channels_first"), ValueError, "ZeroPadding1D: data_format"),
    ],
)
def test_what_does_not_fit(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
