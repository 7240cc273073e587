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
from rnncore.testing import gradient_errors

TOLERANCE = 1e-8
MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)

RECURRENT: dict[str, Callable[..., Layer]] = {
    "simple_rnn": SimpleRNN,
    "simple_rnn_sigmoid": lambda *a, **k: SimpleRNN(*a, activation="sigmoid", **k),
    "simple_rnn_linear": lambda *a, **k: SimpleRNN(*a, activation="linear", **k),
    "lstm": LSTM,
    "gru": GRU,
    "gru_reset_before": lambda *a, **k: GRU(*a, reset_after=False, **k),
}


def check(layer: Layer, x: Any, mask: Any = None, differentiate_x: bool = True) -> None:
    """Compare all gradients of sum(dy * layer(x)), with weights that are not zero anywhere."""
    rng = np.random.default_rng(1)
    layer(x)
    for weight in layer.weights:
        weight.assign(rng.uniform(-0.8, 0.8, weight.shape))
    x = layer.convert_input(x)
    dy = rng.standard_normal(layer.forward(x, mask=mask).shape)

    layer.forward(x, mask=mask, training=True)
    dx = layer.backward(dy.copy())
    arrays = {weight.short_name: weight.value for weight in layer.weights}
    gradients = {weight.short_name: weight.grad.copy() for weight in layer.weights}
    if differentiate_x:
        arrays["x"] = x
        assert dx is not None
        gradients["x"] = dx

    errors = gradient_errors(
        lambda: float((layer.forward(x, mask=mask) * dy).sum()), arrays, gradients
    )
    assert max(errors.values()) < TOLERANCE, errors


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("kind", RECURRENT)
def test_recurrent(kind: str, return_sequences: bool, go_backwards: bool, masked: bool) -> None:
    layer = RECURRENT[kind](
        4, return_sequences=return_sequences, go_backwards=go_backwards, dtype="float64"
    )
    x = np.random.default_rng(0).standard_normal((3, 5, 2))
    check(layer, x, MASK if masked else None)


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("make", [SimpleRNN, LSTM, GRU])
def test_zero_output_for_mask(make: Callable[..., Layer], go_backwards: bool) -> None:
    options = {"return_sequences": True, "go_backwards": go_backwards, "dtype": "float64"}
    layer = make(4, zero_output_for_mask=True, **options)
    x = np.random.default_rng(0).standard_normal((3, 5, 2))
    check(layer, x, MASK)
    repeating = make(4, **options)
    repeating(x)
    repeating.set_weights(layer.get_weights())
    real = MASK[:, ::-1] if go_backwards else MASK  # the output is in the order of processing
    y = layer.forward(x, mask=MASK)
    np.testing.assert_array_equal(y, repeating.forward(x, mask=MASK) * real[..., None])
    assert repeating.forward(x, mask=MASK)[0, 1 if go_backwards else 3].all()  # a repeated one


@pytest.mark.parametrize("make", [SimpleRNN, LSTM, GRU])
def test_recurrent_without_bias(make: Callable[..., Layer]) -> None:
    layer = make(3, use_bias=False, dtype="float64")
    check(layer, np.random.default_rng(0).standard_normal((2, 4, 2)))
    assert len(layer.weights) == 2


def test_relu_away_from_its_kink() -> None:
    layer = SimpleRNN(3, activation="relu", dtype="float64", return_sequences=True)
    check(layer, np.random.default_rng(4).uniform(0.5, 1.5, (2, 3, 2)))


@pytest.mark.parametrize("activation", [None, "tanh", "sigmoid", "softmax"])
@pytest.mark.parametrize("shape", [(3, 4), (3, 5, 4)])
def test_dense(activation: str | None, shape: tuple[int, ...]) -> None:
    layer = Dense(6, activation=activation, dtype="float64")
    check(layer, np.random.default_rng(0).standard_normal(shape))


def test_dense_without_bias() -> None:
    layer = Dense(2, use_bias=False, dtype="float64")
    check(layer, np.random.default_rng(0).standard_normal((3, 4)))


@pytest.mark.parametrize("activation", ["tanh", "softmax", "sigmoid", "linear"])
def test_activation(activation: str) -> None:
    layer = Activation(activation, dtype="float64")
    check(layer, np.random.default_rng(0).standard_normal((3, 5, 4)))


def test_masking() -> None:
    x = np.random.default_rng(0).standard_normal((3, 5, 4))
    x[0, 2] = 0
    layer = Masking(dtype="float64")
    y = layer.forward(x, training=True)
    np.testing.assert_array_equal(y, x)
    dx = layer.backward(np.ones_like(x))
    np.testing.assert_array_equal(dx, layer.compute_mask(x, None)[..., None] * np.ones_like(x))


def test_embedding_adds_up_repeated_ids() -> None:
    ids = np.array([[1, 3, 1, 0], [1, 3, 3, 2]])
    check(Embedding(6, 3, dtype="float64"), ids, differentiate_x=False)


def test_embedding_gradient_forgets_the_batch_before() -> None:
    layer = Embedding(4, 2)
    for ids in ([[0, 1]], [[2, 2]]):
        y = layer(ids, training=True)
        layer.backward(np.ones_like(y))
    np.testing.assert_array_equal(layer.weights[0].grad, [[0, 0], [0, 0], [2, 2], [0, 0]])


def test_dropout_backward_uses_the_mask_of_the_forward() -> None:
    layer = Dropout(0.4, seed=1, dtype="float64")
    x = np.ones((50, 20))
    y = layer(x, training=True)
    np.testing.assert_array_equal(layer.backward(np.ones_like(x)), y)


def test_dense_logits_gradient_skips_the_activation() -> None:
    layer = Dense(3, activation="softmax", dtype="float64")
    x = np.random.default_rng(0).standard_normal((4, 2))
    layer(x)
    logits = layer.forward_logits(x, training=True)
    dlogits = np.ones_like(logits)
    dx = layer.backward(dlogits)
    np.testing.assert_allclose(dx, dlogits @ layer.kernel.value.T)
