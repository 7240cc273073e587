"""Softmax over any axes, beside a mask; the numbers are those of Keras 3.15.1."""

from typing import Any

import numpy as np
import pytest

from rnncore.layers import Softmax

X = np.arange(8.0).reshape(1, 4, 2) / 4
MASK = np.array([[True, True, False, True]])
STEP = [[0.0, 0.25], [0.5, 0.75], [1.0, 1.25], [1.5, 1.75]]


@pytest.mark.parametrize(
    ("layer", "wanted"),
    [
        (Softmax(), [[0.4378235340118408, 0.562176525592804]] * 4),
        (
            Softmax(axis=[1, 2]),
            [
                [0.044454995542764664, 0.05708134546875954],
                [0.07329390197992325, 0.09411122649908066],
                [0.12084121257066727, 0.15516318380832672],
                [0.19923347234725952, 0.2558208405971527],
            ],
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_values_of_keras(layer: Any, wanted: Any) -> None:
    np.testing.assert_allclose(layer(X), [wanted], rtol=1e-6)
    assert layer.compute_output_shape((None, 4, 2)) == (None, len(wanted), 2)
    assert layer.compute_output_shape((None, None, 2))[2] == 2


def test_softmax_beside_a_mask() -> None:
    wanted = [[0.14024437963962555, 0.23122389614582062, 0.0, 0.6285316944122314]]
    np.testing.assert_allclose(Softmax()(X[:, :, 1], mask=MASK), wanted, rtol=1e-6)
    assert not Softmax()(X[:, :, 1], mask=~MASK & MASK).any()
    over_time = Softmax(axis=1)(X, mask=MASK)
    np.testing.assert_allclose(over_time[0, :, 0], wanted[0], rtol=1e-6)
    assert Softmax().compute_mask(X, MASK) is MASK


@pytest.mark.parametrize(
    "make",
    [lambda: Softmax(dtype="float64"), lambda: Softmax(axis=(1, 2), dtype="float64")],
)
def test_gradients(make: Any, check_layer: Any) -> None:
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    check_layer(make(), x)
    check_layer(make(), x, mask=np.array([[1, 1, 0, 1], [0, 1, 1, 0]], bool))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [(lambda: Softmax("a"), TypeError, "Softmax: axis: expected an integer or a list")],
)
def test_what_does_not_fit(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
