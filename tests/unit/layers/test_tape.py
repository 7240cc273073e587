"""What a pass leaves behind: in training a tape, in inference nothing."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from rnncore import Sequential, layers

X = np.ones((2, 3, 4), np.float32)
MAKE = {
    "Dense": lambda: layers.Dense(2),
    "Conv1D": lambda: layers.Conv1D(2, 2),
    "MaxPooling1D": lambda: layers.MaxPooling1D(2),
    "LayerNormalization": lambda: layers.LayerNormalization(),
    "Bidirectional": lambda: layers.Bidirectional(layers.LSTM(2)),
}


@pytest.mark.parametrize("name", MAKE)
def test_a_pass_in_inference_keeps_no_array_alive(name: str) -> None:
    layer: Any = MAKE[name]()
    layer.build(X.shape)
    x = X.copy()
    y, tape = layer.forward(x)
    alive = [weakref.ref(x), weakref.ref(y)]
    del x, y
    gc.collect()
    assert [ref() for ref in alive] == [None, None]
    del tape


def test_a_backward_of_a_pass_in_inference_is_refused() -> None:
    layer = layers.Dense(2)
    layer.build(X.shape)
    y, tape = layer.forward(X)
    with pytest.raises(RuntimeError, match="expected the tape of a forward pass with training=Tr"):
        layer.backward(tape, y)


@pytest.mark.parametrize("make", [lambda: layers.Dense(2), lambda: Sequential([layers.GRU(2)])])
def test_a_tape_is_used_once_and_kept_once(make: Any) -> None:
    layer = make()
    layer.build(X.shape)
    y, tape = layer.forward(X, training=True)
    layer.backward(tape, y)
    with pytest.raises(RuntimeError, match=r"that no backward has followed yet, got one that was"):
        layer.backward(tape, y)
    tapes = [layer.forward(X, training=True)[1] for _ in range(2)]
    assert tapes[0] is not tapes[1]
    _, first = layer.forward(X, training=True)
    _, second = layer.forward(X, training=True)
    assert first is not second
