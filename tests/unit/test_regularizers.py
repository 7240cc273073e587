"""Penalties on weights: Keras' numbers, gradients, errors."""

import pickle
from typing import Any

import numpy as np
import pytest
from golden_data import golden

from rnncore import regularizers
from rnncore.testing import check_gradients

NUMBERS = golden("constraints_of_keras")
WEIGHT = np.array(NUMBERS["weight"])


@pytest.mark.parametrize(("name", "arguments", "expected"), NUMBERS["regularizers"])
def test_numbers_of_keras(name: str, arguments: Any, expected: Any) -> None:
    regularizer = getattr(regularizers, name)(**arguments)
    # Keras keeps some factors in float32.
    assert regularizer(WEIGHT) == pytest.approx(expected["value"], rel=1e-7)
    np.testing.assert_allclose(regularizer.grad(WEIGHT), expected["grad"], rtol=1e-6)
    assert regularizer.get_config().items() >= arguments.items()
    assert pickle.loads(pickle.dumps(regularizer))(WEIGHT) == regularizer(WEIGHT)


@pytest.mark.parametrize(
    "regularizer",
    [
        regularizers.L1(0.3),
        regularizers.L2(0.3),
        regularizers.L1L2(0.2, 0.7),
        regularizers.OrthogonalRegularizer(2.0),
        regularizers.OrthogonalRegularizer(2.0, "columns"),
    ],
)
def test_gradients(regularizer: Any) -> None:
    weight = WEIGHT.copy()
    gradient = regularizer.grad(weight)
    check_gradients(lambda: regularizer(weight), {"w": weight}, {"w": gradient})
    single = weight.astype(np.float32)
    assert regularizer.grad(single).dtype == np.float32
    assert isinstance(regularizer(single), float)
    np.testing.assert_array_equal(weight, WEIGHT)


def test_zeros() -> None:
    zeros = np.zeros((3, 2))
    for name in ("l1", "l2", "l1_l2", "orthogonal_regularizer"):
        regularizer = regularizers.get(name)
        assert regularizer is not None
        assert regularizer(zeros) == 0
        np.testing.assert_array_equal(regularizer.grad(zeros), zeros)


def test_get() -> None:
    assert regularizers.get(None) is None
    assert repr(regularizers.get("l1")) == "L1(l1=0.01)"
    assert repr(regularizers.get("l1_l2")) == "L1L2(l1=0.01, l2=0.01)"
    assert repr(regularizers.get(regularizers.L2)) == "L2(l2=0.01)"
    mine = regularizers.l1_l2(l1=0.1)
    assert regularizers.get(mine) is mine


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: regularizers.get("l3"), ValueError, "regularizer: expected one of .*l2.*'l3'"),
        (lambda: regularizers.get(3), TypeError, "regularizer: expected a name or an object"),
        (lambda: regularizers.L1(-1), ValueError, "L1: l1: expected .*>= 0, got -1"),
        (lambda: regularizers.L2("a"), TypeError, "L2: l2: expected a finite number"),
        (lambda: regularizers.L1L2(np.nan), ValueError, "L1L2: l1: expected"),
        (lambda: regularizers.OrthogonalRegularizer(mode="x"), ValueError, "mode: .* got 'x'"),
        (
            lambda: regularizers.OrthogonalRegularizer()(np.ones(3)),
            ValueError,
            r"weight: expected a matrix with at least two rows, got shape \(3,\)",
        ),
        (lambda: regularizers.L2()(np.ones(3, int)), TypeError, "L2: weight: .* got int64"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
