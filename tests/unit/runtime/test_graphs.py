"""Graphs in C: several inputs and outputs, models inside models, arguments of calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnncore import Input, Model, Sequential, _core, layers
from rnncore.saving.runtime_file import runtime_bytes


def normal(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def some_ids(*shape: int) -> Any:
    return np.random.default_rng(0).integers(0, 10, shape).astype(np.int32)


def check(model: Model, *x: Any, lengths: list[Any] | None = None) -> _core.Model:
    """Compare what C gives with what the layers give, bit for bit."""
    program = _core.Model(runtime_bytes(model))
    y = model.predict(list(x) if len(x) > 1 else x[0], verbose=0)
    expected = y if isinstance(y, list) else [y]
    found = program.run(list(x), lengths)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)
    return program


def test_inputs_of_different_lengths_and_a_shared_layer() -> None:
    a, b = Input((None, 5)), Input((None, 5))
    shared = layers.LSTM(4, return_sequences=True)
    last = layers.Concatenate()([shared(a)[:, -1], layers.GRU(3)(shared(b))])
    check(Model([a, b], [shared(a), layers.Dense(2)(last), last]), normal(3, 6, 5), normal(3, 9, 5))


def test_one_value_as_several_outputs() -> None:
    a = Input((None, 2))
    y = layers.GRU(2, return_sequences=True)(a)
    program = check(Model(a, [y, layers.Reshape((-1, 1))(y), a]), normal(2, 4, 2))
    real = np.array([2, 4])
    first, second, _ = program.run([normal(2, 4, 2)], [real])
    assert not first[0, 2:].any()
    assert second[0, 4:].any()  # as it was when the view was read


def test_models_inside_models() -> None:
    a = Input((None, 5))
    nested = Model(a, [layers.LSTM(4, return_sequences=True)(a), layers.GRU(4)(a)])
    b = Input((None, 5))
    steps, last = nested(b)
    outer = Model(b, [layers.Dense(2)(steps), last])
    check(outer, normal(3, 6, 5))
    c = Input((None, 5))
    check(Model(c, [*outer(c), nested(c)[1]]), normal(2, 3, 5))


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
@pytest.mark.parametrize("masked", [False, True])
def test_a_decoder_from_the_states_of_an_encoder(kind: str, masked: bool) -> None:
    ids, target = Input((None,)), Input((None, 4))
    words = layers.Embedding(10, 3, mask_zero=masked)(ids)
    encoder = getattr(layers, kind)(8, return_state=True)
    decoder = getattr(layers, kind)(8, return_sequences=True)
    y = decoder(target, initial_state=list(encoder(words)[1:]))
    check(Model([ids, target], layers.Dense(3)(y)), some_ids(3, 7), normal(3, 5, 4))


def test_states_of_both_directions_and_of_a_stack() -> None:
    a = Input((None, 5))
    both = layers.Bidirectional(layers.LSTM(3, return_sequences=True, return_state=True))
    y, *states = both(a)
    again = layers.Bidirectional(layers.LSTM(3), merge_mode="concat")(y, initial_state=states)
    cells = [layers.LSTMCell(4), layers.GRUCell(2)]
    out, *stack = layers.RNN(cells, return_state=True)(a)
    more = layers.RNN([layers.LSTMCell(4), layers.GRUCell(2)])(a, initial_state=stack)
    check(Model(a, [again, out, more]), normal(3, 6, 5))


def test_a_mask_that_is_an_input() -> None:
    a, given = Input((None, 5)), Input((None,))
    y = layers.LSTM(4, return_sequences=True)(a, mask=given)
    states = layers.GRU(4, return_state=True)(a, mask=given)
    last = layers.GRU(4)(y, initial_state=states[1], mask=given)
    attended = layers.Attention()([y, a[..., :4]], mask=[None, given])
    model = Model([a, given], [y, last, attended])
    bits = (np.random.default_rng(1).random((3, 6)) < 0.6).astype(np.float32)
    check(model, normal(3, 6, 5), bits)
    stream = Model([a, given], [y, layers.GRU(4)(y)]).stream(3)
    x = normal(3, 6, 5)
    steps = [stream.step([x[:, t], bits[:, t]])[0] for t in range(6)]
    expected = model.predict([x, bits], verbose=0)[0]
    np.testing.assert_array_equal(np.stack(steps, axis=1), expected)


def test_ids_that_are_numbers_too() -> None:
    ids = Input((None,))
    words = layers.Embedding(10, 4, mask_zero=True)(ids)
    x = layers.Concatenate()([words, ids[..., None] * 0.1])
    program = check(Model(ids, layers.GRU(3)(x)), some_ids(3, 7))
    assert program.inputs[0][1] == np.int32


def test_ids_that_a_layer_has_moved() -> None:
    ids = Input((None,))
    shifted = layers.Embedding(10, 4, mask_zero=True)(ids[:, 1:])
    model = Model(ids, layers.LSTM(4)(shifted))
    program = check(model, some_ids(3, 7).astype(np.float32))
    with pytest.raises(ValueError, match="out of its range"):
        program.run([np.full((1, 3), 10, np.float32)])


def test_words_of_sentences() -> None:
    ids = Input((None, 8))
    x = some_ids(3, 7, 8)
    x[0, 2], x[1, 3, 4:] = 0, 0
    words = layers.Embedding(10, 4, mask_zero=True)(ids)
    sentences = layers.TimeDistributed(layers.LSTM(5))(words)
    check(Model(ids, layers.GRU(4)(sentences)), x)
    both = layers.TimeDistributed(layers.Bidirectional(layers.GRU(2, return_sequences=True)))
    check(Model(ids, both(words)), x)


def test_models_at_every_step() -> None:
    ids = Input((None, 8))
    inner = Sequential([layers.Embedding(10, 4, mask_zero=True), layers.LSTM(5), layers.Dense(2)])
    program = check(
        Model(ids, layers.GRU(4)(layers.TimeDistributed(inner)(ids))), some_ids(3, 7, 8)
    )
    assert program.can_stream
    a = Input((6, 3))
    x = layers.GRU(4, return_sequences=True)(a)
    joined = layers.Concatenate(axis=1)([x, layers.Dense(4)(a)])
    attended = layers.Attention()([x, joined])
    inner = Model(
        a, layers.Flatten()(layers.Dot((2, 2), normalize=True)([attended, joined[:, ::2]]))
    )
    b = Input((None, 6, 3))
    program = check(Model(b, layers.TimeDistributed(inner)(b)), normal(2, 4, 6, 3))
    assert program.can_stream


def test_models_at_every_step_of_every_step() -> None:
    a = Input((None, 5, 4, 3))
    inner = layers.TimeDistributed(layers.TimeDistributed(layers.LSTM(2)))
    check(Model(a, layers.TimeDistributed(layers.GRU(3))(inner(a))), normal(2, 3, 5, 4, 3))


def test_the_mask_of_joined_sequences() -> None:
    ids = Input((None,))
    one = layers.Embedding(10, 4, mask_zero=True)(ids)
    other = layers.Embedding(10, 4)(ids)
    x = some_ids(3, 7)
    for axis in (1, -2, -1):
        for parts in ([one, other], [other, one, one]):
            check(Model(ids, layers.LSTM(3)(layers.Concatenate(axis)(parts))), x)


def test_many_arrays_side_by_side() -> None:
    a = Input((2,))
    parts = [a * float(i) for i in range(70)]
    check(Model(a, layers.Concatenate()(parts)), normal(2, 2))
    b = Input((None, 2))
    joined = layers.Concatenate()([b * float(i) for i in range(70)])
    with pytest.raises(ValueError, match="at most 64 inputs and masks, got 70"):
        runtime_bytes(Model(b, joined))


@pytest.mark.parametrize(
    "key",
    [np.s_[:, -1], np.s_[:, 1:-1], np.s_[..., None], np.s_[:, None, ::-2], np.s_[:, 0, None, 1:]],
)
def test_items(key: Any) -> None:
    a = Input((None, 4))
    y = layers.GRU(4, return_sequences=True)(a)[key]
    program = check(Model(a, layers.Dense(2)(y)), normal(3, 5, 4))
    assert program.can_stream == (key in (np.s_[:, -1], np.s_[..., None]))


def test_the_last_step_in_a_stream_is_this_one() -> None:
    a = Input((None, 4))
    model = Model(a, layers.Dense(2)(layers.GRU(4, return_sequences=True)(a)[:, -1]))
    x = normal(2, 6, 4)
    stream = model.stream(2)
    for t in range(6):
        expected = model.predict(x[:, : t + 1], verbose=0)
        np.testing.assert_array_equal(stream.step(x[:, t]), expected)


def test_what_cannot_run_is_refused_by_name() -> None:
    a = Input((None, 4))
    from_zeros = Model(a, layers.GRU(3)(a, initial_state=np.zeros((2, 3))))
    with pytest.raises(ValueError, match="call on symbolic tensors alone"):
        runtime_bytes(from_zeros)
    b = Input((None, 5, 4), batch_size=2)
    stateful = layers.TimeDistributed(layers.GRU(3, stateful=True, name="kept"))
    with pytest.raises(ValueError, match="the stateful 'kept'"):
        runtime_bytes(Model(b, stateful(b)))


class Doubled(layers.Dense):
    """Computes something else than the nodes of Dense."""

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        y, tape = super().forward(x, mask=mask, training=training)
        return y * 2, tape


@pytest.mark.parametrize("inside", [False, True])
def test_classes_of_ones_own_are_refused_by_name(inside: bool) -> None:
    layer: Any = Doubled(3, name="mine")
    a = Input((None, 4))
    y = layers.TimeDistributed(layer)(a) if inside else layer(a)
    model = Model(a, y)
    assert model.predict(normal(1, 2, 4), verbose=0).shape == (1, 2, 3)
    with pytest.raises(ValueError, match=r"mine: runtime: .* got a Doubled"):
        runtime_bytes(model)
