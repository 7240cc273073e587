"""Models of several inputs and outputs: the C library and streams give what `predict` gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnncore import Input, Model, _core, layers
from rnncore.saving.runtime_file import runtime_bytes

RNG = np.random.default_rng(5)
X = RNG.normal(size=(3, 6, 2)).astype(np.float32)
V = RNG.normal(size=(3, 4)).astype(np.float32)


def states_given() -> Model:
    """The input with steps comes first, so that its mask is no input."""
    x, h = Input((None, 2)), Input((4,))
    return Model([x, h], layers.GRU(4, return_sequences=True)(x, initial_state=h))


def side_by_side() -> Model:
    x, v = Input((None, 2)), Input((4,))
    y = layers.SimpleRNN(3, return_sequences=True)(x)
    return Model([x, v], [y, layers.Dense(2)(v)])


@pytest.mark.parametrize("make", [states_given, side_by_side])
def test_several_inputs(make: Any) -> None:
    model = make()
    expected = model.predict([X, V], verbose=0)
    found = _core.Model(runtime_bytes(model)).run([X, V])
    for one, other in zip(found, expected if len(found) > 1 else [expected], strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("cell", [layers.SimpleRNN, layers.GRU, layers.LSTM])
@pytest.mark.parametrize("sequences", [False, True])
def test_states_that_a_stream_gives(cell: Any, sequences: bool) -> None:
    x = Input((None, 2))
    y, *states = cell(4, return_sequences=sequences, return_state=True)(layers.Masking(0.5)(x))
    steps = X.copy()
    steps[1, 3] = steps[2, :2] = 0.5  # masked
    for inputs, model in (
        (X, Model(x, cell(4, return_state=True)(x))),
        (steps, Model(x, [y, *states])),
    ):
        stream = model.stream(3)
        for t in range(X.shape[1]):
            found = stream.step(inputs[:, t])
            expected = model.predict(inputs[:, : t + 1], verbose=0)
            for one, other in zip(found, expected, strict=True):
                assert np.array_equal(one, other[:, -1] if other.ndim == 3 else other), t
