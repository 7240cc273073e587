"""Inference keeps packed weights, and finds out about every change of a weight."""

from __future__ import annotations

import numpy as np
import pytest

from rnncore.layers import GRU, LSTM, SimpleRNN


def numbers():
    return np.random.default_rng(3).normal(size=(3, 9, 5)).astype(np.float32)


def packings(layer):
    (tape,) = layer._tapes
    return tape.workspace.packings


@pytest.fixture(params=[LSTM, GRU, SimpleRNN])
def layer(request):
    layer = request.param(37)
    layer(np.zeros((1, 2, 5)))
    return layer


def fresh(layer, x):
    """Return what a new layer with the same weights computes."""
    other = type(layer)(layer.units)
    other(x)
    other.set_weights(layer.get_weights())
    return other(x)


def test_weights_that_do_not_change_are_packed_once(layer):
    x = numbers()
    first = layer(x)
    for _ in range(3):
        assert (layer(x) == first).all()
    layer(x[:, :7])
    assert packings(layer) == 1


@pytest.mark.parametrize("weight", [0, 1, 2])
@pytest.mark.parametrize("place", [0, -1, None])
def test_a_change_in_place_shows(layer, weight, place):
    x = numbers()
    before = layer(x)
    value = layer.weights[weight].value
    if place is None:  # all signs, which leaves sums of bits as they are
        np.negative(value, out=value)
        value.reshape(-1)[3] = 1.5
    else:
        value.reshape(-1)[place] += 1
    assert (layer(x) != before).any()
    assert (layer(x) == fresh(layer, x)).all()
    assert packings(layer) == 2


def test_two_numbers_that_change_places_show(layer):
    x = numbers()
    layer(x)
    value = layer.recurrent_kernel.value.reshape(-1)
    value[[4, 20]] = value[[20, 4]]
    assert (layer(x) == fresh(layer, x)).all()


def test_training_in_between_shows(layer):
    x = numbers()
    layer(x)
    for weight in layer.weights:
        weight.grad = np.zeros_like(weight.value)
    _, tape = layer.forward(x, training=True)
    layer.backward(tape, np.ones((3, 37), np.float32))
    layer.kernel.value[...] -= layer.kernel.grad
    assert (layer(x) == fresh(layer, x)).all()
