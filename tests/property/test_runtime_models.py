"""Models of random layers in C: the bits of `predict`, whole, of ragged rows, and as streams."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, reject, strategies as st

import rnncore
from rnncore import Input, Model, Sequential, _core, layers
from rnncore.saving.runtime_file import runtime_bytes

# A mask may end before a layer that does not know it, as in Keras.
pytestmark = pytest.mark.filterwarnings("ignore:.*mask of its input ends here")

Draw = Callable[[st.SearchStrategy[Any]], Any]


class Tensor(NamedTuple):
    """A symbolic tensor, and what it takes to draw layers that fit."""

    of: Any
    steps: object = None  # what all tensors with as many steps share; None: it has no steps

    @property
    def features(self) -> int:
        size: int = self.of.shape[-1]
        return size


def pick(draw: Draw, *choices: Any) -> Any:
    return draw(st.sampled_from(choices))


# ---- layers behind one sequence (B, T, F) --------------------------------------------------------

RECURRENT = (layers.LSTM, layers.GRU, layers.SimpleRNN)
CELLS = (layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell)


def recurrent(draw: Draw, for_streams: bool, **options: Any) -> Any:
    kind = pick(draw, *["one", "stack", "bidirectional"][: 2 if for_streams else 3])
    units = draw(st.integers(1, 9))
    options |= {"zero_output_for_mask": draw(st.booleans())}
    if kind == "stack":
        cells = [pick(draw, *CELLS)(units), pick(draw, *CELLS)(3)]
        return layers.RNN(cells, **options)
    backwards = not for_streams and draw(st.booleans())
    layer = pick(draw, *RECURRENT)(units, go_backwards=backwards, **options)
    if kind == "one":
        return layer
    mode = pick(draw, "concat", "sum", "mul", "ave")
    return layers.Bidirectional(layer, merge_mode=mode)


def each_step(draw: Draw, x: Tensor, for_streams: bool) -> Any:
    paddings = ["causal", "same"][: 1 if for_streams else 2]
    makers: list[Callable[[], Any]] = [
        lambda: recurrent(draw, for_streams, return_sequences=True),
        lambda: layers.Dense(draw(st.integers(1, 5)), pick(draw, None, "tanh", "softmax", "gelu")),
        lambda: layers.Activation(pick(draw, "relu", "sigmoid", "elu", "softsign", "silu")),
        lambda: layers.LayerNormalization(),
        lambda: layers.BatchNormalization(moving_mean_initializer="uniform"),
        lambda: layers.Dropout(0.5),
        lambda: layers.SpatialDropout1D(0.5),
        lambda: layers.LeakyReLU(),
        lambda: layers.PReLU("uniform", shared_axes=[1]),
        lambda: layers.Softmax(),
        lambda: layers.UnitNormalization(),
        lambda: layers.Masking(0.0),
        lambda: layers.Rescaling(2.0, offset=-1.0),
        lambda: layers.TimeDistributed(layers.Dense(2)),
        lambda: layers.TimeDistributed(Sequential([layers.Dense(3, "relu"), layers.Dense(2)])),
        lambda: layers.Conv1D(2, draw(st.integers(1, 3)), padding=pick(draw, *paddings)),
        lambda: layers.Reshape((-1, x.features)),
    ]
    return pick(draw, *makers)()


def with_other_steps(draw: Draw, x: Tensor) -> Any:
    sides = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    makers: list[Callable[[], Any]] = [
        lambda: layers.ZeroPadding1D(sides)(x.of),
        lambda: layers.UpSampling1D(2)(x.of),
        lambda: layers.Cropping1D((1, 0))(layers.ZeroPadding1D((2, 1))(x.of)),
        lambda: x.of[:, ::-1],
        lambda: layers.ZeroPadding1D((2, 2))(x.of)[:, sides[0] : -1 - sides[1] : 2],
        lambda: layers.MaxPooling1D(2, padding="same")(x.of),
        lambda: layers.AveragePooling1D(2, padding="same")(x.of),
        lambda: layers.Conv1DTranspose(2, 3, strides=2)(x.of),
    ]
    return pick(draw, *makers)()


# ---- several sequences ---------------------------------------------------------------------------


def attention(draw: Draw, query: Tensor, value: Tensor) -> Any:
    makers = [
        lambda: layers.Attention(use_scale=draw(st.booleans())),
        lambda: layers.Attention(use_scale=True, score_mode="concat"),
        lambda: layers.AdditiveAttention(),
    ]
    size = query.features
    value_of = value.of if value.features == size else layers.Dense(size)(value.of)
    flags = {
        "use_causal_mask": draw(st.booleans()),
        "return_attention_scores": draw(st.booleans()),
    }
    found = pick(draw, *makers)()([query.of, value_of], **flags)
    return found[0] if flags["return_attention_scores"] else found


def merged(draw: Draw, one: Tensor, other: Tensor) -> Any:
    if draw(st.booleans()):
        return layers.Concatenate()([one.of, other.of])
    size = one.features
    other_of = other.of if other.features == size else layers.Dense(size)(other.of)
    kind = pick(draw, "Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract", "operator")
    if kind == "operator":
        return one.of * 0.5 + other_of
    return getattr(layers, kind)()([one.of, other_of])


def one_behind_the_other(draw: Draw, one: Tensor, other: Tensor) -> Any:
    size = one.features
    other_of = other.of if other.features == size else layers.Dense(size)(other.of)
    return layers.Concatenate(axis=1)([one.of, other_of])


# ---- one vector for each sequence ----------------------------------------------------------------


def summary(draw: Draw, x: Tensor, for_streams: bool) -> Any:
    makers: list[Callable[[], Any]] = [
        lambda: recurrent(draw, for_streams)(x.of),
        lambda: x.of[:, -1],
        lambda: layers.GlobalMaxPooling1D()(x.of),
        lambda: layers.GlobalAveragePooling1D()(x.of),
        lambda: layers.Dot(1, normalize=draw(st.booleans()))([x.of, x.of])[:, 0],
    ]
    return pick(draw, *makers[: 2 if for_streams else None])()


def encoded(draw: Draw, target: Tensor, source: Tensor) -> Any:
    """A decoder from the last states of an encoder."""
    kind = pick(draw, *RECURRENT)
    states = kind(4, return_state=True)(source.of)[1:]
    return kind(4, return_sequences=True)(target.of, initial_state=list(states))


# ---- whole models --------------------------------------------------------------------------------


def drawn_model(draw: Draw, *, for_streams: bool = False) -> Model:
    """A model of random layers; `for_streams` of none that needs what is still to come."""
    rnncore.utils.set_random_seed(draw(st.integers(0, 2**16)))
    rnncore.utils.clear_session()
    dtype = pick(draw, "float32", "float64")
    inputs, tensors = [], []
    for number in range(1 if for_streams else pick(draw, 1, 1, 2)):
        ids = draw(st.booleans())
        source = Input((None,) if ids else (None, draw(st.integers(1, 4))), name=f"x{number}")
        inputs.append(source)
        first = layers.Embedding(6, 3, mask_zero=draw(st.booleans()), dtype=dtype)
        x = (first if ids else layers.Identity(dtype=dtype))(source)
        tensors.append(Tensor(x, number))
    for _ in range(draw(st.integers(1, 5))):
        x, other = pick(draw, *tensors), pick(draw, *tensors)
        tensors.append(behind(draw, x, other, for_streams))
    outputs = [tensors[-1].of]
    if not for_streams and draw(st.integers(0, 3)) == 0:
        outputs.append(pick(draw, *tensors[len(inputs) :]).of)
    return Model(inputs, outputs)


def behind(draw: Draw, x: Tensor, other: Tensor, for_streams: bool) -> Tensor:
    """A layer behind one tensor or both."""
    if x.steps is None and for_streams:
        return Tensor(merged(draw, x, other if other.steps is None else x))
    if x.steps is None:
        y = pick(draw, layers.Dense(3, "tanh"), layers.RepeatVector(2))(x.of)
        return Tensor(y, None if len(y.shape) == 2 else object())
    if other.steps is None:
        return Tensor(summary(draw, x, for_streams))
    kinds = ["step", "step", "merge", "summary"]
    kinds += [] if for_streams else ["steps", "attention", "encoded", "joined"]
    kind = pick(draw, *kinds)
    if kind == "merge" and other.steps == x.steps:
        return Tensor(merged(draw, x, other), x.steps)
    if kind == "steps":
        return Tensor(with_other_steps(draw, x), object())
    if kind == "joined":
        return Tensor(one_behind_the_other(draw, x, other), object())
    if kind == "summary":
        return Tensor(summary(draw, x, for_streams))
    if kind in ("attention", "encoded"):
        return Tensor((attention if kind == "attention" else encoded)(draw, x, other), x.steps)
    return Tensor(each_step(draw, x, for_streams)(x.of), x.steps)


def sequences(model: Model, seed: int, lengths: list[int]) -> list[list[Any]]:
    """Rows of these lengths for each input, with some steps that Masking leaves out."""
    rng = np.random.default_rng(seed)
    found = []
    for source in model.inputs:
        if len(source.shape) == 2:
            rows = [rng.integers(0, 6, n) for n in lengths]
        else:
            rows = [rng.normal(size=(n, source.shape[2])) for n in lengths]
            rows = [
                np.where(rng.random((n, 1)) < 0.2, 0, x) for n, x in zip(lengths, rows, strict=True)
            ]
        found.append(rows)
    return found


def as_taken(compiled_model: Any, arrays: list[Any]) -> list[Any]:
    types = [one[1] for one in compiled_model.inputs]
    return [np.ascontiguousarray(x, dtype) for x, dtype in zip(arrays, types, strict=True)]


def padded(rows: list[Any]) -> Any:
    whole = np.zeros((len(rows), max(map(len, rows)), *rows[0].shape[1:]), rows[0].dtype)
    for place, row in zip(whole, rows, strict=True):
        place[: len(row)] = row
    return whole


def predicted(model: Model, arrays: list[Any]) -> list[Any]:
    found = model.predict(arrays if len(arrays) > 1 else arrays[0], verbose=0)
    return found if len(model.outputs) > 1 else [found]


@given(st.data(), st.integers(1, 4), st.integers(3, 8), st.integers(0, 2**16))
def test_whole(data: st.DataObject, batch: int, steps: int, seed: int) -> None:
    model = drawn_model(data.draw)
    c = _core.Model(runtime_bytes(model))
    x = [padded(rows) for rows in sequences(model, seed, [steps] * batch)]
    for one, expected in zip(c.run(as_taken(c, x)), predicted(model, x), strict=True):
        np.testing.assert_array_equal(one, expected)


@given(
    st.data(),
    st.lists(st.integers(3, 8), min_size=2, max_size=5).filter(lambda n: len(set(n)) > 1),
    st.integers(0, 2**16),
)
def test_ragged(data: st.DataObject, lengths: list[int], seed: int) -> None:
    model = drawn_model(data.draw)
    c = _core.Model(runtime_bytes(model))
    rows = sequences(model, seed, lengths)
    try:
        expected = predicted(model, rows)
    except ValueError:  # some layer takes no rows of different lengths
        reject()
    x = as_taken(c, [padded(one) for one in rows])
    found = c.run(x, [np.array(lengths, np.int64)] * len(x))
    for one, rows_of_one in zip(found, expected, strict=True):
        for row, alone in zip(one, rows_of_one, strict=True):
            np.testing.assert_array_equal(row[: len(alone)], alone)


@given(st.data(), st.integers(1, 3), st.sets(st.integers(1, 7)), st.integers(0, 2**16))
def test_streams(data: st.DataObject, batch: int, cuts: set[int], seed: int) -> None:
    model = drawn_model(data.draw, for_streams=True)
    c = _core.Model(runtime_bytes(model))
    (x,) = as_taken(c, [padded(rows) for rows in sequences(model, seed, [8] * batch)])
    stream = model.stream(batch)
    ends = [0, *sorted(cuts), 8]
    parts = [stream.run(np.ascontiguousarray(x[:, a:b])) for a, b in pairwise(ends)]
    found = np.concatenate(parts, axis=1)
    if c.output_per_step:
        np.testing.assert_array_equal(found, model.predict(x, verbose=0))
        return
    for steps in range(1, 9):
        expected = model.predict(x[:, :steps], verbose=0)
        np.testing.assert_array_equal(found[:, steps - 1], expected)
