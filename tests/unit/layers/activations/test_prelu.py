"""PReLU; more is in golden/data/layers_of_keras.json."""

from typing import Any

import numpy as np
import pytest

from rnncore.layers import PReLU

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "make",
    [lambda: PReLU(dtype="float64"), lambda: PReLU(shared_axes=1, dtype="float64")],
)
def test_gradients(make: Any, check_layer: Any) -> None:
    mask = np.array([[True, True, False, True], [False] * 4])
    check_layer(make(), RNG.normal(size=(2, 4, 3)), mask)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: PReLU(shared_axes=[0]), ValueError, "shared_axes: expected a positive integer"),
        (lambda: PReLU(shared_axes=[3])(np.zeros((2, 3, 4))), ValueError, "from 1 to 2, got 3"),
        (lambda: PReLU().make_weights((None, None, 4)), ValueError, "every axis of unknown size"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
