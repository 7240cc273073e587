"""LSTM, GRU and SimpleRNN: their backward passes by finite differences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rnncore.layers import (
    GRU,
    LSTM,
    Layer,
    SimpleRNN,
)

MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)
RECURRENT: dict[str, Callable[..., Layer]] = {
    "simple_rnn": SimpleRNN,
    "simple_rnn_sigmoid": lambda *a, **k: SimpleRNN(*a, activation="sigmoid", **k),
    "simple_rnn_linear": lambda *a, **k: SimpleRNN(*a, activation="linear", **k),
    "lstm": LSTM,
    "gru": GRU,
    "gru_reset_before": lambda *a, **k: GRU(*a, reset_after=False, **k),
}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("kind", RECURRENT)
def test_recurrent(
    kind: str, return_sequences: bool, go_backwards: bool, masked: bool, check_layer: Any
) -> None:
    layer = RECURRENT[kind](
        4, return_sequences=return_sequences, go_backwards=go_backwards, dtype="float64"
    )
    x = np.random.default_rng(0).standard_normal((3, 5, 2))
    check_layer(layer, x, MASK if masked else None)


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("make", [SimpleRNN, LSTM, GRU])
def test_zero_output_for_mask(
    make: Callable[..., Layer], go_backwards: bool, check_layer: Any
) -> None:
    options = {"return_sequences": True, "go_backwards": go_backwards, "dtype": "float64"}
    layer = make(4, zero_output_for_mask=True, **options)
    x = np.random.default_rng(0).standard_normal((3, 5, 2))
    check_layer(layer, x, MASK)
    repeating = make(4, **options)
    repeating(x)
    repeating.set_weights(layer.get_weights())
    real = MASK[:, ::-1] if go_backwards else MASK  # the output is in the order of processing
    y, repeated = layer(x, mask=MASK), repeating(x, mask=MASK)
    np.testing.assert_array_equal(y, repeated * real[..., None])
    assert repeated[0, 1 if go_backwards else 3].all()  # a repeated one


@pytest.mark.parametrize("make", [SimpleRNN, LSTM, GRU])
def test_recurrent_without_bias(make: Callable[..., Layer], check_layer: Any) -> None:
    layer = make(3, use_bias=False, dtype="float64")
    check_layer(layer, np.random.default_rng(0).standard_normal((2, 4, 2)))
    assert len(layer.weights) == 2


def test_relu_away_from_its_kink(check_layer: Any) -> None:
    layer = SimpleRNN(3, activation="relu", dtype="float64", return_sequences=True)
    check_layer(layer, np.random.default_rng(4).uniform(0.5, 1.5, (2, 3, 2)))


def test_a_pass_in_inference_leaves_no_tape_for_a_backward() -> None:
    layer, x = LSTM(3), np.ones((2, 4, 2), np.float32)
    layer(x)
    y, tape = layer.forward(x)
    layer.forward(x, training=True)
    with pytest.raises(RuntimeError, match="expected the tape of a forward pass"):
        layer.backward(tape, y)
