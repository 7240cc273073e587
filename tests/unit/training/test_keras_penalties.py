"""Training with regularizers and constraints: numbers of golden/make/penalties_of_keras.py."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import penalty_cases as TWINS
import pytest
from golden_data import golden
from graphs import Sum

import rnncore
from rnncore import constraints, layers, optimizers, regularizers

NUMBERS = golden("penalties_of_keras")


def _float64(layer: Any) -> Any:
    return lambda *arguments, **options: layer(*arguments, dtype="float64", **options)


NAMES = SimpleNamespace(
    **{name: _float64(getattr(layers, name)) for name in layers.__all__ if name[0].isupper()}
    | {
        "Input": rnncore.Input,
        "Model": rnncore.Model,
        "Sequential": _float64(rnncore.Sequential),
        "Sum": _float64(Sum),
        "regularizers": regularizers,
        "constraints": constraints,
    }
)


def twin(name: str) -> tuple[Any, Any, Any]:
    """Return a compiled model with Keras' weights from before the training, and its data."""
    build, x, y, arguments = TWINS.MODELS[name]
    model = build(NAMES)
    model.set_weights([np.array(w) for w in NUMBERS[name]["before"]])
    model.compile(**TWINS.compiled(optimizers, arguments))
    return model, x, y


@pytest.mark.parametrize("name", list(TWINS.MODELS))
def test_a_twin_with_the_same_weights_trains_alike(name: str) -> None:
    numbers = NUMBERS[name]
    model, x, y = twin(name)
    history = model.fit(
        x,
        y,
        batch_size=5,
        epochs=TWINS.STEPS // 3,
        shuffle=False,
        verbose=0,
        validation_data=(x, y),
    ).history
    assert sorted(history) == sorted(numbers["history"])
    for key, values in numbers["history"].items():
        if key.endswith("_loss") and key != "val_loss":
            continue  # of one output: Keras takes the mean over batches, also where one is short
        # Keras sums its metrics in float32.
        np.testing.assert_allclose(history[key], values, rtol=1e-6, err_msg=key)
    for ours, theirs in zip(model.weights, numbers["after"], strict=True):
        # Keras rounds factors to float32, here and there.
        np.testing.assert_allclose(ours.value, theirs, rtol=1e-8, atol=1e-8, err_msg=ours.name)
    np.testing.assert_allclose(model.losses, numbers["losses"], rtol=1e-6)
