"""Activations and dropout of the recurrent layers against numbers of Keras 3.

Made by make/activations_of_keras.py, which says with which version.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from activations_of_keras import CASES, MASK, UNITS, arrays
from golden_data import golden
from numpy.typing import NDArray

from rnncore import layers

FOUND = golden("activations_of_keras")


def test_all_cases_are_there() -> None:
    assert [found["case"] for found in FOUND] == CASES


@pytest.mark.parametrize("found", FOUND, ids=lambda found: str(found["case"]))
def test_as_keras(found: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    options = {name: value for name, value in found["case"].items() if name != "layer"}
    layer = getattr(layers, found["case"]["layer"])(
        UNITS, return_sequences=True, dtype="float64", **options
    )
    a = arrays(found["case"])
    layer(a["x"])
    layer.set_weights([a["kernel"], a["recurrent_kernel"], a["bias"]])
    drawn = []

    def given(out: NDArray[Any], rate: float) -> None:
        assert rate == options["dropout" if out.shape[1] == 1 else "recurrent_dropout"]
        out[...] = a["input_factors" if out.shape[1] == 1 else "state_factors"]
        drawn.append(rate)

    monkeypatch.setattr(layer, "_draw_factors", given)
    y, tape = layer.forward(a["x"], mask=MASK, training=True)
    y = y.copy()
    dx, _ = layer.backward(tape, a["dy"])
    assert len(drawn) == sum(name.endswith("dropout") for name in options)
    actual = [y, dx, *(weight.grad for weight in layer.weights)]
    names = ["y", "dx", "dkernel", "drecurrent_kernel", "dbias"]
    for name, array in zip(names, actual, strict=True):
        np.testing.assert_allclose(array.ravel(), found[name], rtol=1e-9, atol=1e-11, err_msg=name)
