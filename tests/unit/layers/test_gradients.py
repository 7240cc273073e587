"""Backward of every layer against finite differences in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rnncore.layers import (
    GRU,
    LSTM,
    Activation,
    Dense,
    Dropout,
    Embedding,
    Layer,
    Masking,
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


@pytest.mark.parametrize("activation", [None, "tanh", "sigmoid", "softmax"])
@pytest.mark.parametrize("shape", [(3, 4), (3, 5, 4)])
def test_dense(activation: str | None, shape: tuple[int, ...], check_layer: Any) -> None:
    layer = Dense(6, activation=activation, dtype="float64")
    check_layer(layer, np.random.default_rng(0).standard_normal(shape))


def test_dense_without_bias(check_layer: Any) -> None:
    layer = Dense(2, use_bias=False, dtype="float64")
    check_layer(layer, np.random.default_rng(0).standard_normal((3, 4)))


@pytest.mark.parametrize("activation", ["tanh", "softmax", "sigmoid", "linear"])
def test_activation(activation: str, check_layer: Any) -> None:
    layer = Activation(activation, dtype="float64")
    check_layer(layer, np.random.default_rng(0).standard_normal((3, 5, 4)))


def test_masking() -> None:
    x = np.random.default_rng(0).standard_normal((3, 5, 4))
    x[0, 2] = 0
    layer = Masking(dtype="float64")
    y, tape = layer.forward(x, training=True)
    np.testing.assert_array_equal(y, x)
    dx = layer.backward(tape, np.ones_like(x))
    np.testing.assert_array_equal(dx, layer.compute_mask(x, None)[..., None] * np.ones_like(x))


def test_embedding_adds_up_repeated_ids(check_layer: Any) -> None:
    ids = np.array([[1, 3, 1, 0], [1, 3, 3, 2]])
    check_layer(Embedding(6, 3, dtype="float64"), ids)


def test_embedding_gradient_forgets_the_batch_before() -> None:
    layer = Embedding(4, 2)
    layer.make_weights((None, None))
    for ids in ([[0, 1]], [[2, 2]]):
        y, tape = layer.forward(np.array(ids), training=True)
        layer.backward(tape, np.ones_like(y))
    np.testing.assert_array_equal(layer.weights[0].grad, [[0, 0], [0, 0], [2, 2], [0, 0]])


def test_dropout_backward_uses_the_mask_of_the_forward() -> None:
    layer = Dropout(0.4, seed=1, dtype="float64")
    x = np.ones((50, 20))
    y, tape = layer.forward(x, training=True)
    np.testing.assert_array_equal(layer.backward(tape, np.ones_like(x)), y)


def test_dense_logits_gradient_skips_the_activation() -> None:
    layer = Dense(3, activation="softmax", dtype="float64")
    x = np.random.default_rng(0).standard_normal((4, 2))
    layer(x)
    logits, tape = layer.forward_logits(x, training=True)
    dlogits = np.ones_like(logits)
    dx = layer.backward(tape, dlogits)
    np.testing.assert_allclose(dx, dlogits @ layer.kernel.value.T)
