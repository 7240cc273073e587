"""Generators, steps, class weights and names: numbers of golden/make/feeding_of_keras.py."""

import warnings
from types import SimpleNamespace
from typing import Any

import feeding_cases
import numpy as np
import pytest
from feeding_cases import RUNS
from golden_data import golden

import rnncore

NUMBERS = golden("feeding_of_keras")


def _float64(layer: Any) -> Any:
    return lambda *arguments, **options: layer(*arguments, dtype="float64", **options)


KERAS = SimpleNamespace(
    Sequential=_float64(rnncore.Sequential),
    Model=rnncore.Model,
    utils=rnncore.utils,
    layers=SimpleNamespace(
        Input=rnncore.Input,
        LSTM=_float64(rnncore.layers.LSTM),
        Dense=_float64(rnncore.layers.Dense),
    ),
)


def _same(ours: Any, theirs: Any) -> None:
    """Numbers alike, as Keras sums its metrics in float32; names, forms and orders the same."""
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key, value in theirs.items():
            _same(ours[key], value)
    elif isinstance(theirs, list) and isinstance(theirs[0], str):
        assert ours == theirs
    else:
        np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=1e-9)


@pytest.mark.parametrize("name", list(RUNS))
def test_the_same_run_gives_the_same(name: str) -> None:
    numbers = NUMBERS[name]
    build, compiled, do = RUNS[name]
    model = build(KERAS)
    model.set_weights([np.array(w) for w in numbers["before"]])
    model.compile(optimizer=rnncore.optimizers.SGD(0.1), **compiled)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        found = do(model, KERAS)
    _same(getattr(found, "history", found), numbers["found"])
    for ours, theirs in zip(model.get_weights(), numbers["after"], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)
    ran_out = [one for one in seen if "the data ran out" in str(one.message)]
    # Keras also warns when an iterator ends that nothing more is asked of.
    asked = "uneven" not in name
    assert len(ran_out) == (numbers["ran_out"] if asked else 0)
    assert all(one.filename == feeding_cases.__file__ for one in ran_out)
