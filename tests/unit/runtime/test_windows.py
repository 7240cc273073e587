"""Convolutions and pooling over steps in C: against their equations, of ragged rows, as streams."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

from rnncore import Input, Sequential, _core, layers
from rnncore.layers._lengths import mask_of
from rnncore.layers.nodes import AT_ONCE
from rnncore.saving.runtime_file import runtime_bytes

PADDINGS = {"valid": 0, "same": 1, "causal": 2}
MEAN, LARGEST = 1, 2
RELU = 2

SIZES = st.integers(1, 4)
DTYPES = st.sampled_from(["float32", "float64"])


def whole_numbers(seed: int, *shape: int, dtype: str = "float32") -> Any:
    """Small ones, whose sums have the same bits in any order."""
    return np.random.default_rng(seed).integers(-8, 9, shape).astype(dtype)


def normal(seed: int, *shape: int, dtype: str = "float32") -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


# ---- the equations -------------------------------------------------------------------------------


def windows(steps: int, size: int, stride: int, dilation: int, padding: str) -> list[list[int]]:
    """The steps of each window, those beyond the ends included."""
    reach = (size - 1) * dilation + 1
    if padding == "valid":
        firsts = list(range(0, steps - reach + 1, stride))
    else:
        firsts = list(range(0, steps, stride))
        total = max(firsts[-1] + reach - steps, 0)
        before = reach - 1 if padding == "causal" else total // 2
        firsts = [first - before for first in firsts]
    return [[first + k * dilation for k in range(size)] for first in firsts]


def convolved(x: Any, w: Any, b: Any, stride: int, dilation: int, padding: str) -> Any:
    found = []
    for window in windows(x.shape[1], len(w), stride, dilation, padding):
        inside = [(k, t) for k, t in enumerate(window) if 0 <= t < x.shape[1]]
        found.append(sum((x[:, t] @ w[k] for k, t in inside), np.tile(b, (len(x), 1))))
    return np.maximum(np.stack(found, axis=1), 0)


def transposed(x: Any, w: Any, b: Any, stride: int, dilation: int, padding: str) -> Any:
    reach = (len(w) - 1) * dilation + 1
    steps = x.shape[1] * stride + (max(reach - stride, 0) if padding == "valid" else 0)
    shift = max((steps - 1) // stride * stride + reach - steps, 0) // 2 if padding == "same" else 0
    y = np.zeros((len(x), steps, w.shape[1]), x.dtype) + b
    for t in range(x.shape[1]):
        for k in range(len(w)):
            step = t * stride + k * dilation - shift
            if 0 <= step < steps:
                y[:, step] += x[:, t] @ w[k].T
    return np.maximum(y, 0)


def pooled(x: Any, reduction: int, size: int, stride: int, padding: str) -> Any:
    reduce = np.mean if reduction == MEAN else np.max
    found = []
    for window in windows(x.shape[1], size, stride, 1, padding):
        inside = [t for t in window if 0 <= t < x.shape[1]]
        found.append(reduce(x[:, inside], axis=1))
    return np.stack(found, axis=1)


@given(
    *[SIZES] * 5,
    st.integers(0, 3),
    st.integers(1, 9),
    st.sampled_from([*PADDINGS]),
    DTYPES,
    st.booleans(),
)
def test_a_convolution(
    size: int,
    stride: int,
    dilation: int,
    features: int,
    units: int,
    batch: int,
    steps: int,
    padding: str,
    dtype: str,
    has_bias: bool,
) -> None:
    assume(padding != "valid" or steps > (size - 1) * dilation)
    x = whole_numbers(0, batch, steps, features, dtype=dtype)
    w = whole_numbers(1, size, features, units, dtype=dtype)
    b = whole_numbers(2, units, dtype=dtype) * has_bias
    attributes = [RELU, stride, dilation, PADDINGS[padding]]
    y = AT_ONCE.node("conv", [x], [w, b] if has_bias else [w], attributes)
    np.testing.assert_array_equal(y, convolved(x, w, b, stride, dilation, padding), strict=True)


@given(
    *[SIZES] * 5,
    st.integers(0, 3),
    st.integers(0, 7),
    st.sampled_from(["valid", "same"]),
    DTYPES,
    st.booleans(),
)
def test_a_transposed_convolution(
    size: int,
    stride: int,
    dilation: int,
    features: int,
    units: int,
    batch: int,
    steps: int,
    padding: str,
    dtype: str,
    has_bias: bool,
) -> None:
    x = whole_numbers(0, batch, steps, features, dtype=dtype)
    w = whole_numbers(1, size, units, features, dtype=dtype)
    b = whole_numbers(2, units, dtype=dtype) * has_bias
    attributes = [RELU, stride, dilation, PADDINGS[padding]]
    y = AT_ONCE.node("conv_transpose", [x], [w, b] if has_bias else [w], attributes)
    np.testing.assert_array_equal(y, transposed(x, w, b, stride, dilation, padding), strict=True)


@given(
    st.sampled_from([MEAN, LARGEST]),
    *[SIZES] * 3,
    st.integers(0, 3),
    st.integers(1, 9),
    st.sampled_from(["valid", "same"]),
    DTYPES,
)
def test_pooling(
    reduction: int,
    size: int,
    stride: int,
    features: int,
    batch: int,
    steps: int,
    padding: str,
    dtype: str,
) -> None:
    assume(padding != "valid" or steps >= size)
    x = whole_numbers(0, batch, steps, features, dtype=dtype)
    y = AT_ONCE.node("pool", [x], attributes=[reduction, size, stride, PADDINGS[padding]])
    np.testing.assert_array_equal(y, pooled(x, reduction, size, stride, padding), strict=True)


@pytest.mark.parametrize("reduction", [MEAN, LARGEST])
def test_pooling_of_what_is_no_number(reduction: int) -> None:
    x = np.array([1, np.nan, 2, -np.inf, -np.inf, 3], np.float32).reshape(1, 6, 1)
    y = AT_ONCE.node("pool", [x], attributes=[reduction, 2, 2, 0]).ravel()
    np.testing.assert_array_equal(y, [np.nan, *([-np.inf] * 2 if reduction == MEAN else [2, 3])])


@pytest.mark.parametrize("reduction", [MEAN, LARGEST])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_pooling_of_ragged_rows(reduction: int, size: int) -> None:
    lengths = [6, 0, 1, 4]
    x = whole_numbers(3, 4, 6, 2)
    mask = mask_of(np.array(lengths), 6)
    x[~mask] = np.nan
    y = AT_ONCE.node("pool", [x, mask], attributes=[reduction, size, 1, PADDINGS["same"]])
    for row, length in enumerate(lengths):
        assert not y[row, length:].any()
        if length > 0:
            alone = pooled(x[row : row + 1, :length], reduction, size, 1, "same")
            np.testing.assert_array_equal(y[row : row + 1, :length], alone)


@pytest.mark.parametrize("kind", ["conv", "conv_transpose"])
@pytest.mark.parametrize("activation", [RELU, 6])  # softmax
@pytest.mark.parametrize("batch", [1, 2, 33])  # the last one on several threads
def test_rows_have_the_bits_that_they_have_alone(kind: str, activation: int, batch: int) -> None:
    x = normal(0, batch, 40, 24)
    w = normal(1, 3, *((24, 40) if kind == "conv" else (40, 24)))
    tensors = [w, normal(2, 40)]
    y = AT_ONCE.node(kind, [x], tensors, [activation, 2, 1, PADDINGS["same"]])
    for row in range(batch):
        one = AT_ONCE.node(kind, [x[row : row + 1]], tensors, [activation, 2, 1, 1])
        assert one.tobytes() == y[row].tobytes()


# ---- what a file may hold ------------------------------------------------------------------------

BIG = 2**31


@pytest.mark.parametrize("kind", ["conv", "conv_transpose"])
@pytest.mark.parametrize(
    "attributes",
    [
        [7, 1, 1, 0],
        [-1, 1, 1, 0],
        [0, 0, 1, 0],
        [0, 1, 0, 0],
        [0, -1, 1, 0],
        [0, 1, -1, 0],
        [0, BIG, 1, 0],
        [0, 1, BIG, 0],
        [0, 1, BIG // 2, 0],
        [0, 1, 1, 3],
        [0, 1, 1, -1],
        [0, 2**62, 2**62, 2**62],
    ],
)
def test_attributes_that_make_no_sense(kind: str, attributes: list[int]) -> None:
    with pytest.raises(ValueError, match=f"^{kind}: expected inputs that fit"):
        AT_ONCE.node(kind, [normal(0, 2, 5, 3)], [normal(1, 3, 3, 3)], attributes)


@pytest.mark.parametrize(
    "attributes",
    [[0, 2, 1, 0], [3, 2, 1, 0], [1, 0, 1, 0], [1, 2, 0, 0], [1, BIG, 1, 0], [1, 2, 1, 2]],
)
def test_pooling_that_makes_no_sense(attributes: list[int]) -> None:
    with pytest.raises(ValueError, match=r"^pool: expected inputs that fit"):
        AT_ONCE.node("pool", [normal(0, 2, 5, 3)], attributes=attributes)


def test_shapes_that_do_not_fit() -> None:
    w, valid = normal(1, 3, 4, 2), [0, 1, 1, 0]
    for shape in [(2, 5), (2, 5, 3), (2, 5, 4, 4), (2, 2, 4), (2, 0, 4)]:
        with pytest.raises(ValueError, match=r"^conv: expected inputs that fit"):
            AT_ONCE.node("conv", [normal(0, *shape)], [w], valid)
    for tensors in [[w[0]], [w, normal(0, 3)], [w, w]]:
        with pytest.raises(ValueError, match=r"^conv: expected inputs that fit"):
            AT_ONCE.node("conv", [normal(0, 2, 5, 4)], tensors, valid)
    with pytest.raises(ValueError, match=r"^pool: expected inputs that fit"):
        AT_ONCE.node("pool", [normal(0, 2, 5, 4), mask_of(np.array([1]), 5)], [], [1, 2, 1, 1])


def test_windows_far_longer_than_a_row() -> None:
    x, w = normal(0, 1, 2, 1), normal(1, 2, 1, 1)
    y = AT_ONCE.node("conv", [x], [w], [0, 1, 1000, PADDINGS["causal"]])
    np.testing.assert_array_equal(y, x * w[1])
    y = AT_ONCE.node("pool", [x], attributes=[LARGEST, BIG - 1, 1, PADDINGS["same"]])
    np.testing.assert_array_equal(y[0, :, 0], [x.max()] * 2)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(2, 2),
        layers.MaxPooling2D(),
        layers.AveragePooling2D(),
        layers.GlobalMaxPooling2D(),
        layers.GlobalAveragePooling2D(),
    ],
)
def test_layers_of_images_are_refused_by_name(layer: Any) -> None:
    message = f"^{layer.name}: runtime: .* got a {type(layer).__name__}$"
    for model in [
        Sequential([Input((6, 6, 3)), layer]),
        Sequential([Input((None, 6, 6, 3)), layers.TimeDistributed(layer)]),
    ]:
        with pytest.raises(ValueError, match=message):
            runtime_bytes(model)


# ---- ragged rows in whole models -----------------------------------------------------------------

# Layers that give a row the result that it has alone.
WINDOWS: dict[str, Callable[..., Any]] = {
    "valid": lambda **dtype: layers.Conv1D(4, 3, **dtype),
    "valid_strided": lambda **dtype: layers.Conv1D(4, 2, strides=3, **dtype),
    "same": lambda **dtype: layers.Conv1D(4, 3, padding="same", activation="mish", **dtype),
    "same_even": lambda **dtype: layers.Conv1D(4, 4, padding="same", **dtype),
    "causal": lambda **dtype: layers.Conv1D(4, 3, padding="causal", dilation_rate=2, **dtype),
    "causal_strided": lambda **dtype: layers.Conv1D(4, 3, padding="causal", strides=2, **dtype),
    "transpose": lambda **dtype: layers.Conv1DTranspose(4, 3, strides=2, **dtype),
    "transpose_same": lambda **dtype: layers.Conv1DTranspose(4, 3, padding="same", **dtype),
    "transpose_gaps": lambda **dtype: layers.Conv1DTranspose(4, 2, strides=3, **dtype),
    "largest": lambda **dtype: layers.MaxPooling1D(2, **dtype),
    "largest_same": lambda **dtype: layers.MaxPooling1D(3, strides=1, padding="same", **dtype),
    "mean": lambda **dtype: layers.AveragePooling1D(3, strides=2, **dtype),
    "mean_same": lambda **dtype: layers.AveragePooling1D(4, strides=1, padding="same", **dtype),
}
BEHIND: dict[str, Callable[[], list[Any]]] = {
    "nothing": list,
    "lstm": lambda: [layers.LSTM(3)],
    "steps": lambda: [layers.LSTM(3, return_sequences=True), layers.Dense(2, "softmax")],
    "convolution": lambda: [layers.Conv1D(3, 2, padding="causal"), layers.GRU(2)],
    "both_ways": lambda: [
        layers.MaxPooling1D(2, padding="same"),
        layers.Bidirectional(layers.GRU(2)),
    ],
    "mean": lambda: [layers.GlobalAveragePooling1D()],
}


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ragged_rows(name: str, behind: str, dtype: str) -> None:
    model = Sequential([Input((None, 5)), WINDOWS[name](dtype=dtype), *BEHIND[behind]()])
    lengths = np.array([9, 4, 7, 3, 5])
    rows = [normal(n, n, 5, dtype=dtype) for n in lengths]
    x = np.full((5, 9, 5), np.nan, dtype)  # what is behind a row does not matter
    for place, row in zip(x, rows, strict=True):
        place[: len(row)] = row
    expected = model.predict(rows, verbose=0)
    program = _core.Model(runtime_bytes(model))
    (found,) = program.run([x], [lengths])
    for one, row, alone in zip(found, rows, expected, strict=True):
        assert program.run([row[None]])[0].tobytes() == alone.tobytes()
        steps = len(alone) if alone.ndim > 1 else len(one)
        assert one[:steps].tobytes() == alone.tobytes()
        assert not one[steps:].any()


# ---- streams -------------------------------------------------------------------------------------


def causal(size: int, dilation: int, **options: Any) -> Any:
    options = {"bias_initializer": "uniform", **options}
    return layers.Conv1D(5, size, padding="causal", dilation_rate=dilation, **options)


STREAMS: dict[str, Callable[[], list[Any]]] = {
    "one": lambda: [causal(3, 1)],
    "dilated": lambda: [causal(3, 7, activation="tanh")],
    "of_one_step": lambda: [layers.Conv1D(5, 1, padding="same")],
    "stack": lambda: [causal(2, d, activation="relu") for d in (1, 2, 4, 8, 16)],
    "in_front": lambda: [causal(2, 3), layers.LSTM(4, return_sequences=True), layers.Dense(2)],
    "between": lambda: [layers.GRU(3, return_sequences=True), causal(4, 2), layers.SimpleRNN(3)],
}


def parts_of(stream: Any, x: Any, cuts: list[int]) -> Any:
    ends = [0, *cuts, x.shape[1]]
    parts = []
    for begin, end in pairwise(ends):
        some = np.ascontiguousarray(x[:, begin:end])
        parts.append(stream.run(some) if end - begin != 1 else stream.step(some[:, 0])[:, None])
    return np.concatenate(parts, axis=1)


def expected_of(model: Any, x: Any) -> Any:
    y = model.predict(x, verbose=0)
    if y.ndim > 2:
        return y
    every = [model.predict(x[:, : t + 1], verbose=0) for t in range(x.shape[1])]
    return np.stack(every, axis=1)


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("cuts", [[1, 2, 9, 9, 30], [35], [*range(1, 70)]])
def test_a_stream_has_the_bits_of_the_whole(
    name: str, dtype: str, batch: int, cuts: list[int]
) -> None:
    model = Sequential([Input((None, 3)), layers.Identity(dtype=dtype), *STREAMS[name]()])
    x = normal(4, batch, 70, 3, dtype=dtype)
    found = parts_of(model.stream(batch), x, cuts)
    assert found.tobytes() == expected_of(model, x).tobytes()


def test_the_state_is_the_last_steps() -> None:
    model = Sequential([Input((None, 3)), causal(3, 2)])
    x = normal(5, 2, 11, 3)
    stream = model.stream(2)
    assert stream.state_size == 4 * 3
    assert not stream.state.any()
    for t in range(11):
        stream.step(x[:, t])
        last = np.concatenate([np.zeros((2, 4, 3), np.float32), x[:, : t + 1]], axis=1)[:, -4:]
        np.testing.assert_array_equal(stream.state, last.reshape(2, 12))


def test_states_of_rows_are_set_and_reset() -> None:
    model = Sequential([Input((None, 3)), causal(3, 2), layers.LSTM(4, return_sequences=True)])
    x, other = normal(6, 3, 20, 3), normal(7, 1, 20, 3)
    stream = model.stream(3)
    stream.run(x[:, :13])
    elsewhere = model.stream(1)
    elsewhere.run(other[:, :6])
    stream.reset(0)
    stream.set_rows(2, elsewhere.state[0])
    y = stream.run(np.concatenate([x[:1, :7], x[1:2, 13:], other[:, 6:13]]))
    expected = [
        model.predict(x[:1, :7], verbose=0)[0],
        model.predict(x[1:2], verbose=0)[0, 13:],
        model.predict(other[:, :13], verbose=0)[0, 6:],
    ]
    assert y.tobytes() == np.stack(expected).tobytes()


def test_rows_that_take_no_step_keep_their_last_steps() -> None:
    model = Sequential([Input((None, 3)), causal(2, 3), causal(3, 1)])
    x = normal(8, 3, 12, 3)
    active = np.random.default_rng(9).random((12, 3)) < 0.6
    stream = model.stream(3)
    y = [stream.step_many(x[:, t], active[t]) for t in range(12)]
    for row in range(3):
        steps = np.flatnonzero(active[:, row])
        found = np.stack([y[t][row] for t in steps])
        alone = model.predict(x[row : row + 1, steps], verbose=0)[0]
        assert found.tobytes() == alone.tobytes()


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.Conv1D(2, 2),
        lambda: layers.Conv1D(2, 2, padding="same"),
        lambda: causal(2, 1, strides=2),
        lambda: layers.Conv1D(2, 1, strides=2),
        lambda: layers.Conv1DTranspose(2, 1),
        lambda: layers.MaxPooling1D(1),
    ],
)
def test_what_needs_other_steps_does_not_stream(layer: Callable[[], Any]) -> None:
    model = Sequential([Input((None, 3)), layer()])
    with pytest.raises(ValueError, match="needs the whole sequence"):
        model.stream()
    assert not _core.Model(runtime_bytes(model)).can_stream


def test_rows_of_the_batch_that_stay_whole_in_a_stream() -> None:
    inner = Sequential([Input((6, 3)), layers.Conv1D(2, 3), layers.MaxPooling1D(2), layers.GRU(2)])
    model = Sequential([Input((None, 6, 3)), layers.TimeDistributed(inner), causal(2, 2)])
    x = normal(10, 2, 9, 6, 3)
    y = model.predict(x, verbose=0)
    assert _core.Model(runtime_bytes(model)).run([x])[0].tobytes() == y.tobytes()
    assert parts_of(model.stream(2), x, [1, 5]).tobytes() == y.tobytes()
