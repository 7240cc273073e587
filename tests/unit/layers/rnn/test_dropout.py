"""Dropout of inputs and states in the recurrent layers, and which kernels a layer takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rnncore import Sequential
from rnncore.layers import GRU, LSTM, RNN, Bidirectional, Dense, LSTMCell, SimpleRNN
from rnncore.layers.rnn.fused import FusedLayer
from rnncore.testing import gradient_errors
from rnncore.utils import set_random_seed

LAYERS = (SimpleRNN, LSTM, GRU)
MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)
X = np.random.default_rng(0).standard_normal((3, 5, 2))


@pytest.mark.parametrize("make", LAYERS)
def test_only_in_training(make: Callable[..., FusedLayer]) -> None:
    layer, plain = make(4, dropout=0.5, recurrent_dropout=0.5, seed=1), make(4)
    plain(X)
    layer(X)
    layer.set_weights(plain.get_weights())
    np.testing.assert_array_equal(layer(X), plain(X))
    assert layer.draws.key is None and layer.draws.calls == 0
    assert (layer(X, training=True) != plain(X)).any()


@pytest.mark.parametrize("make", LAYERS)
@pytest.mark.parametrize("rates", [{"dropout": 0.5}, {"recurrent_dropout": 0.5}])
def test_one_seed_one_result(make: Callable[..., FusedLayer], rates: dict[str, float]) -> None:
    one, other = (make(16, seed=3, **rates) for _ in range(2))
    one(X)
    other(X)
    other.set_weights(one.get_weights())
    first = one(X, training=True)
    np.testing.assert_array_equal(other(X, training=True), first)
    assert (one(X, training=True) != first).any()  # every batch has its own factors


def test_without_dropout_no_seed_is_drawn() -> None:
    layer = LSTM(2)
    layer(X, training=True)
    layer.draw_seeds()
    assert layer.draws.key is None


def test_the_same_features_at_all_steps() -> None:
    layer = SimpleRNN(6, "linear", dropout=0.25, return_sequences=True, use_bias=False)
    x = np.ones((40, 7, 6))
    layer(x)
    layer.set_weights([np.eye(6), np.zeros((6, 6))])
    y = layer(x, training=True)
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    np.testing.assert_allclose(np.unique(y), [0, 1 / 0.75], rtol=1e-6)
    assert 0.1 < (y == 0).mean() < 0.4


def test_the_same_units_at_all_steps() -> None:
    """h counts up by its factor: 1, 1 + m, 1 + m + m^2, ..."""
    layer = SimpleRNN(30, "linear", recurrent_dropout=0.4, return_sequences=True)
    x = np.zeros((20, 4, 1))
    layer(x)
    layer.set_weights([np.zeros((1, 30)), np.eye(30), np.ones(30)])
    y = layer(x, training=True)
    m = y[:, 1] - 1
    np.testing.assert_allclose(np.unique(m), [0, 1 / 0.6], atol=1e-6)
    assert 0.25 < (m == 0).mean() < 0.55
    np.testing.assert_allclose(y[:, 3], 1 + m + m**2 + m**3, rtol=1e-5)


def test_each_gate_has_factors_of_its_own() -> None:
    layer = LSTM(8, recurrent_dropout=0.5)
    x = np.ones((5, 3, 2), np.float32)
    layer(x)
    _, (tape, _) = layer.forward(x, training=True)
    factors = tape.take("state factors", (4, 5, 8), np.float32)
    assert len({gate.tobytes() for gate in factors}) == 4


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("make", LAYERS)
@pytest.mark.parametrize("options", [{}, {"activation": "sigmoid"}], ids=str)
def test_gradients(
    make: Callable[..., FusedLayer],
    options: dict[str, Any],
    go_backwards: bool,
    masked: bool,
) -> None:
    layer = make(
        4,
        dropout=0.3,
        recurrent_dropout=0.4,
        seed=5,
        return_sequences=True,
        go_backwards=go_backwards,
        dtype="float64",
        **options,
    )
    mask = MASK if masked else None
    x = X.copy()
    layer(x)
    rng = np.random.default_rng(1)
    for weight in layer.weights:
        weight.assign(rng.uniform(-0.8, 0.8, weight.shape))
    dy = rng.standard_normal((3, 5, 4))

    def forward() -> tuple[NDArray[Any], Any]:
        layer.draws.calls = 7  # the same draw every time
        return layer.forward(x, mask=mask, training=True)

    _, tape = forward()
    gradients = {"x": layer.backward(tape, dy)[0]}
    assert gradients["x"] is not None
    gradients["x"] = gradients["x"].copy()
    gradients |= {weight.short_name: weight.grad.copy() for weight in layer.weights}
    arrays = {"x": x} | {weight.short_name: weight.value for weight in layer.weights}
    errors = gradient_errors(lambda: float((forward()[0] * dy).sum()), arrays, gradients)
    assert max(errors.values()) < 1e-8, errors


def test_directions_draw_apart() -> None:
    layer = Bidirectional(SimpleRNN(8, recurrent_dropout=0.5))
    layer(X, training=True)
    one, other = layer.children
    assert one.draws.key != other.draws.key


def test_a_training_repeats_itself() -> None:
    weights = []
    for _ in range(2):
        set_random_seed(1)
        model = Sequential([Bidirectional(LSTM(4, dropout=0.2, recurrent_dropout=0.3)), Dense(1)])
        model.compile("adam", "mse")
        model.fit(np.tile(X, (8, 1, 1)), np.ones((24, 1)), epochs=2, batch_size=8, verbose=0)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_cells_take_it_to_their_layers() -> None:
    layer = RNN(LSTMCell(4, dropout=0.3, recurrent_dropout=0.4, seed=1))
    assert (layer(X, training=True) != layer(X)).any()


@pytest.mark.parametrize("make", LAYERS)
def test_configuration(make: Callable[..., FusedLayer]) -> None:
    layer = make(4, activation="hard_sigmoid", dropout=0.1, recurrent_dropout=0.2, seed=3)
    again = type(layer).from_config(layer.get_config())
    for name in ("activation", "dropout", "recurrent_dropout", "seed"):
        assert getattr(again, name) == getattr(layer, name), name


def test_kernel_path() -> None:
    for make in LAYERS:
        assert make(2).kernel_path == make(2, dropout=0.5).kernel_path == "fused"
        assert make(2, activation="relu").kernel_path == "generic"
        assert make(2, recurrent_dropout=0.5).kernel_path == "generic"
        assert make(2, activation=None).activation == "linear"
    for make in (LSTM, GRU):
        assert make(2, recurrent_activation="hard_sigmoid").kernel_path == "generic"
        assert make(2, recurrent_activation="sigmoid").kernel_path == "fused"
