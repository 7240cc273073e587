"""Weights that were packed once: the bits of the arrays, and what does not fit them."""

import copy
import gc
import pickle
from typing import Any

import numpy as np
import pytest
from calls import ALL_CELLS, CELLS, Case, assert_same_bits, make_call

import rnncore
from rnncore import ops


def pack(call: Any, **options: Any) -> ops.Weights:
    make = getattr(ops, f"{call.case.op}_weights")
    return make(
        call.kernel, call.recurrent_kernel, call.bias, **ALL_CELLS[call.case.cell][1], **options
    )


@pytest.mark.parametrize("cell", CELLS)
def test_bits_are_those_of_the_arrays(cell: str) -> None:
    call = make_call(Case(cell, 3, 7, 5, 33, "float32", "lengths"))
    expected = call.infer()
    weights = pack(call)
    packed = call.changed(kernel=weights, recurrent_kernel=None, bias=None)
    for _ in range(2):
        assert_same_bits(packed.infer(), expected)


@pytest.mark.parametrize("cell", ALL_CELLS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_stream_gives_the_bits_of_whole_sequences(cell: str, dtype: str) -> None:
    for batch, units in ((1, 40), (3, 5), (20, 33)):
        call = make_call(Case(cell, batch, 7, 5, units, dtype))
        weights = pack(call)
        x = call.x
        y, states = getattr(ops, call.case.op)(x, weights, **ALL_CELLS[cell][1])
        stream = weights.stream(batch)
        parts = [stream.step(x[:, 0])[:, None], stream.run(x[:, 1:4])]
        other = copy.copy(stream)
        for one in (stream, other):
            found = np.concatenate([*parts, one.run(x[:, 4:])], axis=1)
            assert np.array_equal(found, y)
            assert np.array_equal(one.state, np.concatenate(states, axis=1))
        stream.reset(0)
        assert np.array_equal(stream.run(x)[0], y[0])


def test_a_stream_outlives_the_name_of_its_weights(runtime: None) -> None:
    call = make_call(Case("gru", 2, 7, 5, 33, "float32"))
    expected, _ = ops.gru(call.x, pack(call))
    stream = pack(call).stream(2)
    rnncore.set_max_isa("baseline")
    gc.collect()
    assert np.array_equal(stream.run(call.x), expected)


def test_what_a_stream_refuses() -> None:
    weights = ops.lstm_weights(np.zeros((3, 16), np.float32), np.zeros((4, 16), np.float32))
    stream = weights.stream()
    assert repr(stream) == "<Stream batch=1 state_size=8>"
    with pytest.raises(ValueError, match=r"^x: expected one step of each row, shape \(1, 3\), got"):
        stream.step(np.zeros(3, np.float32))
    with pytest.raises(ValueError, match=r"^stream: batch: expected a positive integer, got 0$"):
        weights.stream(0)
    with pytest.raises(TypeError, match=r"^stream of packed weights: .* request to pickle it"):
        pickle.dumps(stream)


def test_what_they_say_of_themselves() -> None:
    weights = ops.gru_weights(np.zeros((3, 12)), np.zeros((4, 12)), np.zeros((2, 12)))
    assert (weights.cell, weights.input_size, weights.units) == ("gru", 3, 4)
    assert weights.dtype == np.float64 and weights.has_bias
    assert repr(weights) == "<packed weights of gru: 3 inputs, 4 units, float64>"
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="packed weights"):
            attempt(weights)


@pytest.mark.parametrize("argument", ["recurrent_kernel", "bias"])
def test_what_they_hold_is_not_given_again(argument: str) -> None:
    x = np.zeros((2, 5, 3), np.float32)
    weights = ops.lstm_weights(np.zeros((3, 16), np.float32), np.zeros((4, 16), np.float32))
    with pytest.raises(ValueError, match=f"^{argument}: expected None beside packed weights"):
        ops.lstm(x, weights, **{argument: x[0]})


def test_options_are_those_they_were_packed_with() -> None:
    x = np.zeros((2, 5, 3))
    given = {"reset_after": False, "activation": "relu", "recurrent_activation": "hard_sigmoid"}
    weights = ops.gru_weights(np.zeros((3, 12)), np.zeros((4, 12)), **given)
    ops.gru(x, weights, **given)
    for name, value in given.items():
        others = {other: value for other, value in given.items() if other != name}
        with pytest.raises(
            ValueError, match=f"^{name}: expected {value!r}, with which the weights"
        ):
            ops.gru(x, weights, **others)
    plain = ops.gru_weights(np.zeros((3, 12)), np.zeros((4, 12)))
    ops.gru(x, plain)
    with pytest.raises(ValueError, match=r"^recurrent_activation: expected 'sigmoid', with which"):
        ops.gru(x, plain, recurrent_activation="tanh")


def test_calls_that_do_not_fit() -> None:
    x = np.zeros((2, 5, 3), np.float32)
    kernel, recurrent_kernel = np.zeros((3, 16), np.float32), np.zeros((4, 16), np.float32)
    weights = ops.lstm_weights(kernel, recurrent_kernel)
    with pytest.raises(ValueError, match=r"^kernel: expected packed weights of gru, got <packed"):
        ops.gru(x, weights)
    with pytest.raises(ValueError, match=r"^x: expected 3 features like the packed weights"):
        ops.lstm(x[:, :, :2], weights)
    with pytest.raises(TypeError, match=r"^x: expected the dtype of the packed weights"):
        ops.lstm(x.astype(float), weights)
    with pytest.raises(ValueError, match="initial_state"):
        ops.lstm(x, weights, initial_state=(x[:, 0], None))
    with pytest.raises(TypeError, match=r"^kernel: "):
        ops.lstm_forward(x, weights, recurrent_kernel)
    with pytest.raises(TypeError, match=r"^recurrent_kernel: "):
        ops.lstm(x, kernel)
    with pytest.raises(TypeError, match=r"^kernel: "):
        ops.lstm_weights(weights, recurrent_kernel)
    with pytest.raises(ValueError, match=r"^activation: expected one of"):
        ops.lstm_weights(kernel, recurrent_kernel, activation="softmax")
