"""States of recurrent layers against numbers that Keras gave (golden/make/states_of_keras.py)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from golden_data import golden
from state_cases import CASES, GRAPHS, trained

from rnncore import Input, Model, Sequential, initializers, layers

FOUND = golden("states_of_keras")


class InDtype:
    """The layers of this library in a dtype, as Keras makes them after `set_floatx`."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: getattr(layers, name)(*args, dtype=self.dtype, **kwargs)


def library(dtype: str) -> Any:
    return SimpleNamespace(
        layers=InDtype(dtype),
        initializers=initializers,
        Input=Input,
        Model=Model,
        Sequential=lambda layers: Sequential(layers, dtype=dtype),
    )


def compare(found: Any, expected: Any, tolerance: float) -> int:
    """Compare arrays in lists of lists; return how many there are."""
    if isinstance(found, (list, tuple)):
        assert len(found) == len(expected)
        return sum(
            compare(one, other, tolerance) for one, other in zip(found, expected, strict=True)
        )
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    return 1


def test_every_case_has_numbers() -> None:
    assert set(FOUND) == set(CASES) | set(GRAPHS)


@pytest.mark.parametrize("name", CASES)
def test_calls(name: str) -> None:
    assert compare(CASES[name](library("float64")), FOUND[name], 1e-11)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 2e-5)])
@pytest.mark.parametrize("name", GRAPHS)
def test_twenty_steps_of_training(name: str, dtype: str, tolerance: float) -> None:
    assert compare(trained(library(dtype), name), FOUND[name], tolerance) > 10
