"""The walk through a graph asks each layer for all that it may do."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from rnncore import Input, Sequential
from rnncore.activations import Activation
from rnncore.layers import (
    LSTM,
    Activation as ActivationLayer,
    Dense,
    Identity,
    Lambda,
    Layer,
    Masking,
    TimeDistributed,
)
from rnncore.regularizers import L2

X = np.random.default_rng(0).standard_normal((4, 6, 3)).astype(np.float32)


def first_three(x: Any, mask: Any = None) -> Any:
    return np.broadcast_to(np.arange(x.shape[1]) < 3, x.shape[:2])


class MaskingDense(Dense):
    compute_mask = staticmethod(first_three)


class MaskingIdentity(Identity):
    compute_mask = staticmethod(first_three)


class MaskingTimeDistributed(TimeDistributed):
    compute_mask = staticmethod(first_three)


class MaskingLSTM(LSTM):
    compute_mask = staticmethod(first_three)


class OwnMasking(Layer):
    compute_mask = staticmethod(first_three)

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        return x, None

    def backward(self, tape: Any, dy: Any, *, need_dx: bool = True) -> Any:
        return dy


@pytest.mark.parametrize(
    "layer",
    [
        lambda: MaskingDense(3),
        lambda: MaskingDense(3, activity_regularizer=L2(0.0)),
        MaskingIdentity,
        OwnMasking,
        lambda: MaskingTimeDistributed(Dense(3)),
        lambda: MaskingLSTM(3, return_sequences=True),
        lambda: Lambda(lambda x: 2 * x, mask=first_three),
    ],
)
def test_a_mask_may_begin_in_any_layer(layer: Any) -> None:
    model = Sequential([Input((6, 3)), layer(), LSTM(2), Dense(1)])
    model.compile("sgd", "mse")
    other = X.copy()
    other[:, 3:] = 99
    np.testing.assert_array_equal(model.predict(X, verbose=0), model.predict(other, verbose=0))
    y = np.ones((4, 1))
    weights, losses = model.get_weights(), []
    for x in (X, other):
        model.set_weights(weights)
        losses.append(model.train_on_batch(x, y))
        losses.append(model.train_on_batch(x, y))
    assert losses[:2] == losses[2:]


class Positive(Activation):
    """Gives truth values, and lets gradients through."""

    name = "positive"

    def forward(self, x: Any, out: Any = None) -> Any:
        return x > 0

    def backward(self, y: Any, dy: Any) -> Any:
        return dy


@pytest.mark.parametrize("after", [lambda: LSTM(2), lambda: Dense(2)])
def test_what_is_no_float_is_converted_for_the_next_layer(after: Any) -> None:
    R, F = Sequential, ActivationLayer
    model = R([Input((6, 3)), LSTM(3, return_sequences=True), F(Positive()), after(), Dense(1)])
    model.compile("sgd", "mse")
    inside = Sequential(model.layers[:1]).predict(X, verbose=0)
    above = Sequential([Input((6, 3)), *model.layers[2:]])
    expected = above.predict((inside > 0).astype(np.float32), verbose=0)
    np.testing.assert_array_equal(model.predict(X, verbose=0), expected)
    assert np.isfinite(model.train_on_batch(X, np.ones(expected.shape)))


class Fresh(Layer):
    """Returns a new array in each pass, and watches those of the passes before."""

    def __init__(self, watched: list[Any], alive: list[int]) -> None:
        super().__init__()
        self.watched, self.alive = watched, alive

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        self.alive.append(sum(one() is not None for one in self.watched))
        y = x * 2
        self.watched.append(weakref.ref(y))
        return y, None

    def backward(self, tape: Any, dy: Any, *, need_dx: bool = True) -> Any:
        return 2 * dy


def test_outputs_are_freed_as_soon_as_nothing_reads_them() -> None:
    watched: list[Any] = []
    alive: list[int] = []
    layers = [layer for _ in range(5) for layer in (Fresh(watched, alive), Masking(7.0))]
    model = Sequential([Input((6, 3)), *layers, Dense(1)])
    model.compile("sgd", "mse")
    model.predict(X, verbose=0)
    assert max(alive) == 1
    model.train_on_batch(X, np.ones((4, 6, 1)))
    gc.collect()
    alive.clear()
    watched.clear()
    model.train_on_batch(X, np.ones((4, 6, 1)))
    assert max(alive) == 1
