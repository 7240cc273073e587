"""Layers too large to exist say which argument made them so, without trying."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rnncore.layers import GRU, LSTM, Dense, Embedding, Layer, SimpleRNN
from rnncore.models import Sequential

X = np.zeros((1, 2, 3), np.float32)
IDS = np.zeros((1, 2), np.int64)


@pytest.mark.parametrize(
    ("make", "x", "message"),
    [
        (lambda: LSTM(2**62), X, f"^lstm: units: expected .* got {2**62}, .*shape \\(3, {2**64}"),
        (lambda: GRU(2**62), X, f"^gru: units: expected a size .* got {2**62}"),
        (lambda: SimpleRNN(2**62), X, f"^simple_rnn: units: expected a size .* got {2**62}"),
        (lambda: Dense(2**62), X, f"^dense: units: expected a size .* got {2**62}"),
        (lambda: Dense(2**65), X, f"^dense: units: expected a size .* got {2**65}"),
        (lambda: Embedding(2**40, 2**30), IDS, f"^embedding: input_dim, output_dim: .*got {2**40}"),
    ],
)
def test_what_cannot_be_addressed(make: Callable[[], Layer], x: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()(x)


# Refused by comparison with the memory of the machine: nothing is allocated.
@pytest.mark.parametrize(
    ("make", "x", "message"),
    [
        (lambda: LSTM(2**40), X, f"^lstm: units: expected a size .* got {2**40}"),
        (lambda: GRU(2**40), X, f"^gru: units: expected a size .* got {2**40}"),
        (lambda: SimpleRNN(2**40), X, f"^simple_rnn: units: expected a size .* got {2**40}"),
        (lambda: Dense(2**40), X, f"^dense: units: expected a size .* got {2**40}.* GiB"),
        (lambda: Embedding(2**40, 4), IDS, f"^embedding: input_dim, output_dim: .*got {2**40}, 4"),
    ],
)
def test_what_does_not_fit_into_memory(make: Callable[[], Layer], x: Any, message: str) -> None:
    with pytest.raises(MemoryError, match=message):
        make()(x)


def test_a_model_says_it_when_the_layer_is_added() -> None:
    with pytest.raises(ValueError, match=r"^dense: units: expected a size"):
        Sequential([Dense(2**62, input_shape=(3,))])


def test_memory_that_runs_out_in_an_initializer() -> None:
    def greedy(shape: Any, dtype: Any, rng: Any) -> Any:
        raise MemoryError

    with pytest.raises(MemoryError, match=r"^dense: units: expected a size .* got 2, "):
        Dense(2, bias_initializer=greedy)(X)


def test_a_failed_build_leaves_no_weights_behind() -> None:
    layer = Dense(2, bias_initializer=lambda shape, dtype, rng: np.full(shape, 1e300))
    for _ in range(2):
        with pytest.raises(ValueError, match=r"initializer of bias: .* range of float32"):
            layer(X)
        assert not layer.built
        assert layer.weights == []


def test_an_output_that_does_not_fit_into_memory() -> None:
    layer = Dense(2**10)
    layer(np.zeros((1, 1), np.float32))
    x = np.broadcast_to(np.float32(0), (2**40, 1))  # four bytes
    message = r"^dense: x: expected a size .* got \(1099511627776, 1\).*shape \(1099511627776, 1024"
    with pytest.raises(MemoryError, match=message):
        layer(x)
