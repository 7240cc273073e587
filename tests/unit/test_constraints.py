"""Constraints on weights: Keras' numbers, what they hold, errors."""

import pickle
from typing import Any

import numpy as np
import pytest
from golden_data import golden

from rnncore import constraints

NUMBERS = golden("constraints_of_keras")
WEIGHT = np.array(NUMBERS["weight"])


@pytest.mark.parametrize(("name", "arguments", "expected"), NUMBERS["constraints"])
def test_numbers_of_keras(name: str, arguments: Any, expected: Any) -> None:
    constraint = getattr(constraints, name)(**arguments)
    before = WEIGHT.copy()
    projected = constraint(WEIGHT)
    np.testing.assert_allclose(projected, expected["projected"], rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(WEIGHT, before)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(constraint))(WEIGHT), projected)
    assert constraint(WEIGHT.astype(np.float32)).dtype == np.float32


def test_what_they_hold() -> None:
    assert np.linalg.norm(constraints.MaxNorm(1.0)(WEIGHT), axis=0).max() <= 1
    lengths = np.linalg.norm(constraints.UnitNorm(axis=1)(WEIGHT), axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-6)
    lengths = np.linalg.norm(constraints.MinMaxNorm(1.0, 1.5)(WEIGHT), axis=0)
    assert lengths.min() >= 1 - 1e-6 and lengths.max() <= 1.5
    assert constraints.NonNeg()(WEIGHT).min() == 0
    np.testing.assert_array_equal(constraints.UnitNorm()(np.zeros((3, 2))), np.zeros((3, 2)))


def test_get() -> None:
    assert constraints.get(None) is None
    assert repr(constraints.get("max_norm")) == "MaxNorm(max_value=2.0, axis=0)"
    assert repr(constraints.get(constraints.NonNeg)) == "NonNeg()"
    mine = constraints.min_max_norm(rate=0.5)
    assert constraints.get(mine) is mine


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: constraints.get("norm"), ValueError, "constraint: expected one of .*max_norm"),
        (lambda: constraints.get(3), TypeError, "constraint: expected a name or an object"),
        (lambda: constraints.MaxNorm(-1), ValueError, "MaxNorm: max_value: expected .*>= 0"),
        (lambda: constraints.UnitNorm(1.5), TypeError, "UnitNorm: axis: expected an integer"),
        (lambda: constraints.MinMaxNorm(2, 1), ValueError, "max_value: expected .*>= 2, got 1"),
        (lambda: constraints.MinMaxNorm(rate=2), ValueError, "rate: expected .*got 2"),
        (lambda: constraints.NonNeg()(np.ones(3, int)), TypeError, "weight: .* got int64"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
