"""Graphs against the numbers that Keras gave for their twins (golden/make/graphs_of_keras.py)."""

from typing import Any

import graph_cases as TWINS
import numpy as np
import pytest
from golden_data import golden
from graphs import Sum

from rnncore import Input, Model, Sequential
from rnncore.layers import GRU, LSTM, Dense, Embedding

NUMBERS = golden("graphs_of_keras")


def float64(layer: Any) -> Any:
    return lambda *arguments, **options: layer(*arguments, dtype="float64", **options)


LAYERS = {layer.__name__: float64(layer) for layer in (Embedding, LSTM, GRU, Dense, Sum)}
LAYERS |= {"Input": Input, "Model": Model, "Sequential": float64(Sequential)}


@pytest.mark.parametrize("name", list(NUMBERS))
def test_a_twin_with_the_same_weights_trains_alike(name: str) -> None:
    numbers = NUMBERS[name]
    build, x, y, compiled = TWINS.GRAPHS[name]
    model = build(LAYERS)
    model.set_weights([np.array(w) for w in numbers["before"]])
    model.compile(**compiled)
    history = model.fit(
        x,
        y,
        batch_size=4,
        epochs=TWINS.STEPS // 2,
        shuffle=False,
        verbose=0,
        validation_data=(x, y),
    ).history
    assert sorted(history) == sorted(numbers["history"])
    for key, value in numbers["history"].items():
        # Keras sums its metrics in float32.
        assert history[key][-1] == pytest.approx(value, rel=1e-6), key
    for ours, theirs in zip(model.get_weights(), numbers["after"], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)
    predicted = model.predict(x, verbose=0)
    predicted = predicted if isinstance(predicted, list) else [predicted]
    for ours, theirs in zip(predicted, numbers["predicted"], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)
