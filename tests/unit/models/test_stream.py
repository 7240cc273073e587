"""Streams: the bits of whole sequences, whatever the cuts; states; what they refuse."""

from __future__ import annotations

import contextlib
import copy
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import rnncore
from rnncore import Input, Model, Sequential, _core, layers
from rnncore.models import Stream
from rnncore.saving.runtime_file import runtime_bytes

STEPS = 9


def normal(*shape: int, dtype: Any = np.float32) -> NDArray[Any]:
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


def some_ids(batch: int) -> NDArray[np.int32]:
    return np.random.default_rng(0).integers(0, 7, (batch, STEPS), np.int32)


def chain(*parts: Any, size: int | None = 3, dtype: str = "float32") -> Sequential:
    return Sequential([Input((None,) if size is None else (None, size)), *parts], dtype=dtype)


def small(dtype: str = "float32", units: int = 4) -> Sequential:
    return chain(layers.LSTM(units, return_sequences=True), layers.Dense(3), dtype=dtype)


def stacked() -> list[Any]:
    return [
        layers.Conv1D(5, 3, padding="causal", activation="relu"),
        layers.GRU(6, return_sequences=True),
        layers.LayerNormalization(),
        layers.SimpleRNN(4, return_sequences=True),
        layers.TimeDistributed(layers.Dense(2, activation="softmax")),
    ]


def run_cut(stream: Stream, x: NDArray[Any], cuts: list[int]) -> NDArray[Any]:
    """The outputs of calls that each take the steps between two cuts; one step by `step`."""
    parts = []
    for start, end in zip([0, *cuts], [*cuts, x.shape[1]], strict=True):
        if end - start == 1:
            parts.append(stream.step(x[:, start])[:, None])
        else:
            parts.append(stream.run(x[:, start:end]))
    return np.concatenate(parts, axis=1)


# ---- bits ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [1, 3, 20])
@pytest.mark.parametrize("cuts", [[], [1], [1, 2, 3, 4, 5, 6, 7, 8], [4, 4, 5], [0, 9]])
def test_bits_are_those_of_predict(dtype: str, batch: int, cuts: list[int]) -> None:
    x = normal(batch, STEPS, 3, dtype=dtype)
    for model in (small(dtype, 40), chain(*stacked(), dtype=dtype)):
        found = run_cut(model.stream(batch), x, cuts)
        assert found.dtype == dtype
        assert np.array_equal(found, model.predict(x, verbose=0))


def test_an_output_of_a_sequence_is_that_of_the_steps_so_far() -> None:
    model = chain(layers.LSTM(5), layers.Dense(2))
    x = normal(2, STEPS, 3)
    single, several = model.stream(2), model.stream(2)
    outputs = several.run(x)
    for t in range(STEPS):
        expected = model.predict(x[:, : t + 1], verbose=0)
        assert np.array_equal(single.step(x[:, t]), expected)
        assert np.array_equal(outputs[:, t], expected)


@pytest.mark.parametrize("mask_zero", [False, True])
def test_token_ids(mask_zero: bool) -> None:
    model = chain(
        layers.Embedding(7, 4, mask_zero=mask_zero),
        layers.GRU(5, return_sequences=True),
        layers.Dense(2),
        size=None,
    )
    ids = some_ids(3)
    expected = model.predict(ids, verbose=0)
    assert np.array_equal(run_cut(model.stream(3), ids, [2, 3]), expected)


def test_steps_that_are_no_vectors() -> None:
    model = Sequential(
        [
            Input((None, 2, 3)),
            layers.TimeDistributed(layers.Flatten()),
            layers.GRU(4, return_sequences=True),
        ]
    )
    x = normal(2, STEPS, 2, 3)
    found = run_cut(model.stream(2), x, [1, 4])
    assert np.array_equal(found, model.predict(x, verbose=0))


def test_no_steps_give_no_outputs() -> None:
    stream = small().stream(2)
    assert stream.run(np.zeros((2, 0, 3), np.float32)).shape == (2, 0, 3)
    assert not stream.state.any()


def test_a_stream_keeps_the_weights_that_it_was_made_with() -> None:
    model = small()
    x = normal(1, STEPS, 3)
    stream, expected = model.stream(), model.predict(x, verbose=0)
    model.set_weights([2 * weight for weight in model.get_weights()])
    assert np.array_equal(stream.run(x), expected)
    assert not np.array_equal(model.stream().run(x), expected)


def test_a_stream_keeps_the_kernels_that_it_was_made_with(runtime: None) -> None:
    x = normal(2, STEPS, 3)
    model = small(units=40)
    stream, expected = model.stream(2), model.predict(x, verbose=0)
    first = stream.run(x[:, :3])
    rnncore.set_max_isa("baseline")
    rnncore.set_num_threads(1)
    assert np.array_equal(np.concatenate([first, stream.run(x[:, 3:])], axis=1), expected)


# ---- arrays that go in and out -----------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        lambda x: x.astype(np.float64),
        lambda x: x.tolist(),
        lambda x: np.asfortranarray(np.repeat(x, 2, axis=-1))[..., ::2],
        lambda x: x.astype(">f4"),
    ],
    ids=["float64", "list", "strided", "big-endian"],
)
def test_other_numbers_are_converted(given: Callable[[Any], Any]) -> None:
    model = small()
    x = normal(2, STEPS, 3)
    expected = model.predict(x, verbose=0)
    assert np.array_equal(model.stream(2).step(given(x[:, 0])), expected[:, 0])
    assert np.array_equal(model.stream(2).run(given(x)), expected)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float32])
def test_other_token_ids_are_converted(dtype: Any) -> None:
    model = chain(layers.Embedding(7, 4), layers.LSTM(3, return_sequences=True), size=None)
    ids = some_ids(2)
    found = model.stream(2).run(ids.astype(dtype))
    assert np.array_equal(found, model.predict(ids, verbose=0))


def test_results_go_where_out_says() -> None:
    model = small()
    x = normal(2, STEPS, 3)
    expected = model.predict(x, verbose=0)
    stream = model.stream(2)
    out = np.empty((2, 3), np.float32)
    assert stream.step(x[:, 0], out) is out
    assert np.array_equal(out, expected[:, 0])
    several = np.empty((2, STEPS - 1, 3), np.float32)
    assert stream.run(x[:, 1:], out=several) is several
    assert np.array_equal(several, expected[:, 1:])


def read_only() -> NDArray[Any]:
    out = np.zeros((2, 3), np.float32)
    out.flags.writeable = False
    return out


X = normal(2, STEPS, 3)
BEHIND = np.zeros((3, 3), np.float32)  # overlapping rows


@pytest.mark.parametrize(
    "out",
    [
        np.zeros((2, 4), np.float32),
        np.zeros((2, 3)),
        np.zeros((2, 6), np.float32)[:, ::2],
        np.zeros((3, 2), np.float32).T,
        read_only(),
        BEHIND[1:],
        [[0.0] * 3] * 2,
    ],
    ids=["shape", "dtype", "strides", "order", "read-only", "overlap", "list"],
)
def test_an_out_that_does_not_fit(out: Any) -> None:
    stream = small().stream(2)
    expected = r"^out: expected a writable, C-contiguous array of float32 and shape \(2, 3\), apart"
    with pytest.raises(ValueError, match=expected):
        stream.step(BEHIND[:2], out)
    with pytest.raises(ValueError, match=expected):
        stream.step_many(BEHIND[:2], out=out)
    with pytest.raises(ValueError, match=r"^out: .* and shape \(2, 9, 3\), apart"):
        stream.run(X, out=out)
    assert not stream.state.any()


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (
            X[0, 0],
            ValueError,
            r"^x: expected one step of each row, shape \(2, 3\), got shape \(3,\)$",
        ),
        (
            X,
            ValueError,
            r"^x: expected one step of each row, shape \(2, 3\), got shape \(2, 9, 3\)$",
        ),
        (X[:1, 0], ValueError, r"^x: expected one step of each row, .* got shape \(1, 3\)$"),
        (X[:, 0, :2], ValueError, r"^x: expected one step of each row, .* got shape \(2, 2\)$"),
        (1.0, ValueError, r"^x: expected one step of each row, .* got shape \(\)$"),
        ([[1, 2, 3], [4]], ValueError, "^x: expected a rectangular array"),
        (np.full((2, 3), 1e300), ValueError, "^x: expected numbers within the range of float32"),
        (None, TypeError, "^x: expected numbers, got NoneType$"),
        ("text", TypeError, "^x: expected numbers, got str$"),
        (X[:, 0].astype(complex), TypeError, "^x: expected numbers, got an array of complex128"),
        (np.ma.masked_array(X[:, 0]), TypeError, "^x: expected plain numbers, got a masked array$"),
    ],
)
def test_steps_that_do_not_fit(x: Any, error: type[Exception], message: str) -> None:
    stream = small().stream(2)
    for step in (stream.step, stream.step_many):
        with pytest.raises(error, match=message):
            step(x)
    assert not stream.state.any()


@pytest.mark.parametrize("x", [X[0], X[..., :2], X[:1]])
def test_sequences_that_do_not_fit(x: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match=r"^x: expected steps of each row, shape \(2, steps, 3\)"):
        small().stream(2).run(x)
    with pytest.raises(ValueError, match=r"^x: expected an array \(batch, time, \.\.\.\), got"):
        small().stream(2).run(x[0, 0])


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([0, 7], "within the vocabulary, got one beyond it"),
        ([-1, 0], "within the vocabulary, got one beyond it"),
        ([2**40, 0], "within the vocabulary, got one beyond it"),
        ([0.5, 1], "expected whole numbers as token ids"),
        ([np.nan, 1], "expected whole numbers as token ids"),
        ([np.inf, 1], "within the vocabulary, got one beyond it"),
    ],
)
def test_ids_beyond_the_vocabulary(ids: Any, message: str) -> None:
    stream = chain(layers.Embedding(7, 4), layers.LSTM(3), size=None).stream(2)
    with pytest.raises(ValueError, match=message):
        stream.step(np.array(ids))
    assert not stream.state.any()
    with pytest.raises(ValueError, match=message):
        stream.run(np.array([[3, 3], ids]).T)


# ---- rows that join and leave, states --------------------------------------------------------


@pytest.mark.parametrize("rows", [1, -2, [1], (1,), slice(1, 2), np.array([False, True, False])])
def test_one_row_starts_anew(rows: Any) -> None:
    model = small()
    x = normal(3, STEPS, 3)
    expected = model.predict(x, verbose=0)
    stream = model.stream(3)
    stream.run(x)
    assert stream.state.any(axis=1).all()
    stream.reset(rows)
    assert stream.state.any(axis=1).tolist() == [True, False, True]
    assert np.array_equal(stream.run(x)[1], expected[1])
    stream.reset()
    assert not stream.state.any()
    assert np.array_equal(stream.run(x), expected)


@pytest.mark.parametrize("rows", [3, [0, -4], 1.5, "a", [True], True, [[0, 5]], {}])
def test_rows_that_are_not_there(rows: Any) -> None:
    stream = small().stream(3)
    stream.run(normal(3, 2, 3))
    before = stream.state
    with pytest.raises(ValueError, match=r"^stream: rows: expected an index of 3 rows, got "):
        stream.reset(rows)
    with pytest.raises(ValueError, match=r"^stream: rows: expected an index of 3 rows, got "):
        stream.set_rows(rows, before[0])
    assert np.array_equal(stream.state, before)


def test_rows_that_take_no_step() -> None:
    """Each row takes its steps at another pace; its outputs are those of its own sequence."""
    model = small()
    x = normal(3, STEPS, 3)
    expected = model.predict(x, verbose=0)
    stream, taken = model.stream(3), np.zeros(3, int)
    out = np.full((3, 3), 7, np.float32)
    rng = np.random.default_rng(0)
    while (taken < STEPS).any():
        active = (rng.random(3) < 0.5) & (taken < STEPS)
        steps = x[np.arange(3), np.minimum(taken, STEPS - 1)]
        before = out.copy()
        if rng.random() < 0.5:
            assert stream.step_many(steps, active, out) is out
            assert np.array_equal(out[~active], before[~active])
            found = out
        else:
            found = stream.step_many(steps, active.tolist())
            assert not found[~active].any()
        assert np.array_equal(found[active], expected[active, taken[active]])
        taken += active


@pytest.mark.parametrize("active", [[1, 0], [True], True, [[True, False]], "ab", [True, None]])
def test_active_that_does_not_fit(active: Any) -> None:
    stream = small().stream(2)
    with pytest.raises(ValueError, match=r"^active: expected booleans of shape \(2,\), got "):
        stream.step_many(X[:, 0], active)
    assert not stream.state.any()


def test_a_state_goes_to_another_stream() -> None:
    model = chain(*stacked())
    x = normal(3, STEPS, 3)
    expected = model.predict(x, verbose=0)
    first = model.stream(3)
    first.run(x[:, :4])
    state = first.state
    assert state.shape == (3, first.state_size) and state.dtype == np.float32
    other = model.stream(2)  # the rows 2 and 0
    other.state = state[[2, 0]]
    assert np.array_equal(other.run(x[[2, 0], 4:]), expected[[2, 0], 4:])
    other.set_rows(1, state[1])
    assert np.array_equal(other.run(x[[1, 1], 4:])[1], expected[1, 4:])
    other.set_rows([0, 1], state[0].tolist())
    assert np.array_equal(other.run(x[[0, 0], 4:]), expected[[0, 0], 4:])
    state[:] = 0  # a copy
    assert np.array_equal(first.run(x[:, 4:]), expected[:, 4:])


def test_what_a_state_is() -> None:
    x = Input((None, 3))
    y, h, c = layers.LSTM(4, return_state=True)(x)
    stream = Model(x, [y, h, c]).stream(2)
    for t in range(3):
        _, h, c = stream.step(X[:, t])
    assert np.array_equal(stream.state, np.concatenate([h, c], axis=1))


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        (np.zeros((2, 7)), ValueError, r"^state: expected shape \(2, 8\), got \(2, 7\)$"),
        (np.zeros((3, 8)), ValueError, r"^state: expected shape \(2, 8\), got \(3, 8\)$"),
        (np.full(8, 1e300), ValueError, "^state: expected numbers within the range of float32"),
        (0.0, ValueError, r"^state: expected shape \(2, 8\), got \(\)$"),
        (None, TypeError, "^state: expected numbers, got NoneType$"),
        ([[1], [2, 3]], ValueError, "^state: expected a rectangular array"),
    ],
)
def test_a_state_that_does_not_fit(state: Any, error: type[Exception], message: str) -> None:
    stream = small().stream(2)
    stream.run(X)
    before = stream.state
    with pytest.raises(error, match=message):
        stream.state = state
    assert np.array_equal(stream.state, before)


# ---- copies ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "duplicate",
    [Stream.copy, copy.copy, copy.deepcopy, lambda stream: pickle.loads(pickle.dumps(stream))],
    ids=["method", "copy", "deepcopy", "pickle"],
)
def test_a_copy_goes_its_own_way(duplicate: Callable[[Stream], Stream]) -> None:
    model = chain(*stacked())
    expected = model.predict(X, verbose=0)
    stream = model.stream(2)
    stream.run(X[:, :4])
    other = duplicate(stream)
    assert type(other) is Stream and other.batch == 2
    stream.reset()
    assert np.array_equal(other.run(X[:, 4:]), expected[:, 4:])
    assert np.array_equal(stream.run(X), expected)


def test_what_it_says_of_itself() -> None:
    assert repr(small().stream(2)) == "<Stream batch=2 state_size=8>"


# ---- models that cannot stream ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ([layers.Bidirectional(layers.GRU(3), name="both")], "both"),
        ([layers.GRU(3, go_backwards=True, name="back")], "back"),
        ([layers.GRU(3, return_sequences=True), layers.Conv1D(2, 3, name="ahead")], "ahead"),
        ([layers.GlobalMaxPooling1D(name="whole")], "whole"),
        ([layers.UpSampling1D(2, name="twice")], "twice"),
        ([Sequential([layers.GRU(3, go_backwards=True, name="inner")], name="outer")], "inner"),
    ],
)
def test_the_layer_that_cannot_stream_is_named(parts: list[Any], name: str) -> None:
    model = Sequential([Input((6, 3)), *parts], name="net")
    expected = "^net: stream: expected layers that need only past steps, got "
    with pytest.raises(ValueError, match=rf"{expected}{name}, which needs the whole sequence or"):
        model.stream()


def test_models_without_steps_cannot_stream() -> None:
    with pytest.raises(ValueError, match=r"got inputs or outputs without steps$"):
        Sequential([Input((3,)), layers.Dense(1)]).stream()
    with pytest.raises(ValueError, match=r"^lambda: runtime: expected a layer that runs without"):
        chain(layers.Lambda(abs, name="lambda")).stream()
    with pytest.raises(ValueError, match=r"^stream: expected layers that need only past"):
        Stream(runtime_bytes(Sequential([Input((3,)), layers.Dense(1)])))


@pytest.mark.parametrize(("batch", "error"), [(0, ValueError), (-1, ValueError), (1.0, TypeError)])
def test_batches_of_no_rows(batch: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=rf"^stream: batch: expected a positive integer, got {batch}$"):
        small().stream(batch)


@pytest.mark.parametrize("batch", [2**40, 2**62, 2**90])
def test_batches_of_too_many_rows(batch: int) -> None:
    expected = f"^stream: batch: expected a number for which the memory suffices, got {batch}$"
    with pytest.raises(MemoryError, match=expected):
        small().stream(batch)


def test_a_model_that_is_not_built() -> None:
    model = Sequential([layers.LSTM(2)], name="new")
    with pytest.raises(ValueError, match=r"^new: runtime: expected a model that knows its input"):
        model.stream()


def test_streams_that_are_pickled_together_share_their_weights() -> None:
    stream = small().stream()
    stream.run(normal(1, 3, 3))
    assert stream.copy().model is copy.deepcopy(stream).model is stream.model
    one, other = pickle.loads(pickle.dumps([stream, stream.copy()]))
    assert one.model is other.model
    assert np.array_equal(one.state, stream.state)


def test_numbers_that_become_zero_are_no_error() -> None:
    stream = small().stream(2)
    expected = stream.copy().step(np.zeros((2, 3)))
    with np.errstate(all="raise"):
        assert np.array_equal(stream.step(np.full((2, 3), 1e-300)), expected)


def test_several_arrays() -> None:
    a, b = Input((None, 3), name="first"), Input((2,), name="second")
    y = layers.GRU(4, return_sequences=True)(a)
    stream = Model([a, b], [y, layers.Dense(1)(b)]).stream(2)
    step, other = X[:, 0], np.ones((2, 2), np.float32)
    with pytest.raises(ValueError, match=r"^x: expected a list of 2 arrays, got an array of float"):
        stream.run(X)
    with pytest.raises(ValueError, match=r"^x: expected a dict of 'first', 'second', got 'first'$"):
        stream.step({"first": step})
    with pytest.raises(ValueError, match=r"^x: expected a list of 2 arrays, got 1$"):
        stream.step([step])
    with pytest.raises(ValueError, match=r"^x: expected a list of 2 arrays, got an array of float"):
        stream.step(step)
    with pytest.raises(ValueError, match=r"^out: expected a list of 2 arrays, got an array of flo"):
        stream.step([step, other], out=np.zeros((2, 4), np.float32))
    with pytest.raises(ValueError, match=r"^x\['second'\]: expected one step of each row"):
        stream.step([step, step])
    with pytest.raises(ValueError, match=r"^x\['first'\]: expected steps of each row"):
        stream.run([X[:, :, :2], other])
    out = [np.empty((2, 4), np.float32), np.empty((2, 1), np.float32)]
    with pytest.raises(ValueError, match=r"^out: expected .* apart"):
        stream.step([step, other], out=[out[0], out[0][:, :1]])
    assert not stream.state.any()
    found = stream.step([step, other], out=out)
    assert all(one is given for one, given in zip(found, out, strict=True))


@pytest.mark.parametrize("batch", [1, 3])
def test_runs_of_several_arrays(batch: int) -> None:
    """Steps of two inputs, and one that comes with each step."""
    a, b, c = Input((None, 3), name="a"), Input((2,), name="b"), Input((None,), name="c")
    steps = layers.Concatenate()(
        [layers.GRU(4, return_sequences=True)(a), layers.Embedding(7, 2)(c)]
    )
    last = layers.Concatenate()([layers.SimpleRNN(3)(steps), layers.Dense(2)(b)])
    model = Model([a, b, c], [layers.Dense(2)(steps), last])
    x = {"a": normal(batch, STEPS, 3), "b": normal(batch, 2), "c": some_ids(batch)}
    expected = model.predict(x, verbose=0)
    stream = model.stream(batch)
    first = stream.step((x["a"][:, 0], x["b"], x["c"][:, 0]))
    rest = {name: one if name == "b" else one[:, 1:] for name, one in x.items()}
    other = stream.copy()
    found = stream.run(rest)
    assert np.array_equal(first[0], expected[0][:, 0])
    assert np.array_equal(found[0], expected[0][:, 1:])
    assert np.array_equal(found[1][:, -1], expected[1])
    out = [np.empty_like(one) for one in found]
    assert all(a is b for a, b in zip(other.run(list(rest.values()), out), out, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(out, found, strict=True))
    with pytest.raises(ValueError, match=r"^x\['c'\]: expected steps of each row"):
        stream.run({**rest, "c": x["c"]})
    with pytest.raises(ValueError, match=r"^out: expected .* apart"):
        stream.run(rest, [out[0], rest["a"][..., :2]])


def test_ids_of_rows_that_take_no_step_do_not_matter() -> None:
    model = chain(layers.Embedding(7, 4), layers.LSTM(3), size=None)
    one, other, ids = model.stream(2), model.stream(1), some_ids(1)
    for t in range(STEPS):
        y = one.step_many([ids[0, t], -1], active=[True, False])
        assert np.array_equal(y[:1], other.step(ids[:, t]))
    assert not one.state[1].any()
    with pytest.raises(ValueError, match="within the vocabulary"):
        one.step_many([1, -1], active=[False, True])
    with pytest.raises(ValueError, match=r"^x: expected one step of each row"):
        one.step_many([1], active=[False, True])


def test_an_output_in_a_list() -> None:
    out = np.empty((2, 3), np.float32)
    assert small().stream(2).step_many(X[:, 0], out=[out]) is out


# ---- threads and memory ----------------------------------------------------------------------


@pytest.fixture
def often_switched() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_two_threads_in_one_stream_are_refused(often_switched: None) -> None:
    model = small(units=64)
    stream = model.stream(2)
    long = np.zeros((2, 5000, 3), np.float32)
    calls: list[Callable[[], Any]] = [
        lambda: stream.step(X[:, 0]),
        lambda: stream.step_many(X[:, 0]),
        lambda: stream.run(X),
        lambda: stream.reset(),
        lambda: stream.state,
        lambda: stream.set_rows(0, np.zeros(128)),
    ]
    over = threading.Event()

    def keep_busy() -> None:
        while not over.is_set():
            with contextlib.suppress(RuntimeError):  # here, too
                stream.run(long)

    def is_refused(call: Callable[[], Any]) -> bool:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                call()
            except RuntimeError as error:
                return str(error).startswith("stream: expected one thread at a time, got a call")
        return False

    thread = threading.Thread(target=keep_busy)
    thread.start()
    try:
        assert all(is_refused(call) for call in calls)
    finally:
        over.set()
        thread.join()
    stream.reset()
    assert np.array_equal(stream.run(X), model.predict(X, verbose=0))


def test_many_threads_each_with_a_stream_of_one_model(often_switched: None) -> None:
    model = chain(*stacked())
    x = normal(8, 60, 3)
    expected = model.predict(x, verbose=0)
    first = model.stream()
    streams = [first.copy() for _ in range(8)]

    def follow(row: int) -> bool:
        stream, one = streams[row], x[row : row + 1]
        out = np.empty((1, 2), np.float32)
        for t in range(30):
            if not np.array_equal(stream.step(one[:, t], out)[0], expected[row, t]):
                return False
        return np.array_equal(stream.run(one[:, 30:])[0], expected[row, 30:])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(follow, range(8)))


def test_steps_into_out_allocate_nothing() -> None:
    stream = small(units=32).stream(2)
    step, out = X[:, 0].copy(), np.empty((2, 3), np.float32)
    sequence, outs = X.copy(), np.empty_like(X)

    def go(count: int) -> None:
        for _ in range(count):
            stream.step(step, out)
            stream.run(sequence, outs)

    go(20)
    blocks, objects = _core.blocks_allocated(), sys.getallocatedblocks()
    go(1000)
    assert _core.blocks_allocated() == blocks
    assert sys.getallocatedblocks() - objects < 10  # of whatever else runs
