"""States of recurrent layers: in and out, from batch to batch, and the gradients through them."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

import numpy as np
import pytest
from choosing import FLAG, pairwise
from numpy.typing import NDArray

import rnncore
from rnncore import Input, Model, Sequential
from rnncore.layers import GRU, LSTM, Bidirectional, Concatenate, Dense, Masking, SimpleRNN
from rnncore.testing import gradient_errors

CELLS: dict[str, tuple[Any, int]] = {
    "simple_rnn": (SimpleRNN, 1),
    "lstm": (LSTM, 2),
    "gru": (GRU, 1),
}
MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 0], [0, 0, 0, 0, 0]], dtype=bool)
X = np.random.default_rng(0).standard_normal((3, 5, 2))


def states(count: int, units: int = 4) -> list[NDArray[Any]]:
    return list(np.random.default_rng(7).standard_normal((count, 3, units)))


def randomized(layer: Any, x: NDArray[Any] = X) -> Any:
    rng = np.random.default_rng(1)
    layer(x)
    layer.set_weights([rng.uniform(-0.8, 0.8, weight.shape) for weight in layer.weights])
    return layer


def check(layer: Any, given: list[NDArray[Any]], mask: Any, absent: int | None = None) -> None:
    """Compare the gradients of a sum over all outputs, of which one may go nowhere."""
    outputs, _ = layer.forward(X, mask=mask, initial_state=given)
    rng = np.random.default_rng(2)
    dys: list[Any] = [rng.standard_normal(y.shape) for y in outputs]
    if absent is not None:
        dys[absent] = None

    def total() -> float:
        found, _ = layer.forward(X, mask=mask, initial_state=given)
        return float(
            sum((y * dy).sum() for y, dy in zip(found, dys, strict=True) if dy is not None)
        )

    _, tape = layer.forward(X, mask=mask, initial_state=given, training=True)
    dx, others = layer.backward(tape, [None if dy is None else dy.copy() for dy in dys])
    arrays = {"x": X} | {f"state {i}": state for i, state in enumerate(given)}
    gradients = {"x": dx} | {f"state {i}": d for i, d in enumerate(others["initial_state"])}
    arrays |= {weight.name: weight.value for weight in layer.weights}
    gradients |= {weight.name: weight.grad.copy() for weight in layer.weights}
    errors = gradient_errors(total, arrays, gradients)
    assert len(errors) == 1 + len(given) + len(layer.weights)
    assert max(errors.values()) < 1e-8, errors


@pairwise(kind=CELLS, sequences=FLAG, backwards=FLAG, masked=FLAG)
def test_gradients(kind: str, sequences: bool, backwards: bool, masked: bool) -> None:
    make, count = CELLS[kind]
    options = {"return_sequences": sequences, "go_backwards": backwards}
    layer = randomized(make(2, return_state=True, dtype="float64", **options))
    for absent in (None, *range(1 + count)):
        check(layer, states(count, 2), MASK if masked else None, absent)


@pairwise(kind=CELLS, sequences=FLAG, merge=["concat", "sum", "mul", "ave", None])
def test_gradients_of_both_directions(kind: str, sequences: bool, merge: Any) -> None:
    make, count = CELLS[kind]
    inner = make(2, return_state=True, return_sequences=sequences)
    layer = randomized(Bidirectional(inner, merge, dtype="float64"))
    for absent in (None, 0):
        check(layer, states(2 * count, 2), MASK, absent)


@pytest.mark.parametrize("kind", CELLS)
def test_states_and_output_are_the_callers_own(kind: str) -> None:
    make, count = CELLS[kind]
    found = make(4, return_state=True)(X)
    assert isinstance(found, tuple) and len(found) == 1 + count
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.may_share_memory(found[0], found[1])


def test_forms_of_the_initial_state() -> None:
    layer, (h,) = GRU(4), states(1)
    found = layer(X, h)
    for other in (layer(X, [h]), layer(X, initial_state=(h,)), layer(X, initial_state=h)):
        np.testing.assert_array_equal(found, other)
    assert (found != layer(X)).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LSTM(4)(X, states(1)), "initial_state: expected 2 arrays .*got 1"),
        (lambda: LSTM(4)(X, states(2, 3)), r"initial_state\[0\]: expected shape \(3, 4\)"),
        (lambda: GRU(4)(X, states(1)[0][:1]), r"initial_state\[0\]: expected .*got \(1, 4\)"),
        (lambda: Bidirectional(LSTM(4))(X, states(2)), "initial_state: expected 4 arrays"),
        (lambda: LSTM(4)(Input((5, 2)), [Input((4,))]), "initial_state: expected 2 arrays"),
        (lambda: GRU(4)(Input((5, 2)), Input((3,))), r"expected shape \(None, 4\)"),
        (lambda: GRU(4).reset_state(states(1)), "states: expected None"),
    ],
)
def test_wrong_states(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_wrong_arguments_of_a_call() -> None:
    with pytest.raises(TypeError, match=r"dense: expected only the arguments .*'initial_state'"):
        Dense(2)(X, initial_state=X)
    with pytest.raises(TypeError, match="x: expected symbolic tensors only, got ndarray"):
        GRU(4)(X, initial_state=Input((4,)))
    with pytest.raises(TypeError, match="mask: expected dtype bool"):
        GRU(4)(Input((5, 2)), mask=np.ones((3, 5)))
    with pytest.raises(ValueError, match=r"mask: expected shape \(None, 5\)"):
        GRU(4)(Input((5, 2)), mask=Input((4,)))
    with pytest.raises(AttributeError, match="bidirectional: reset_state: expected stateful=True"):
        Bidirectional(GRU(2)).reset_state()


def test_what_sequences_start_from() -> None:
    layer = LSTM(4)
    assert layer.state_size == [4, 4]
    np.testing.assert_array_equal(layer(X, layer.get_initial_state(3)), layer(X))
    assert [state.dtype for state in layer.get_initial_state(batch_size=2)] == [np.float32] * 2


# ---- in graphs -------------------------------------------------------------------------------


def test_masks_and_training_in_graphs() -> None:
    series, real = Input((5, 2)), Input((5,), dtype="bool")
    layer = LSTM(4, return_sequences=True)
    model = Model([series, real], layer(series, mask=real))
    expected = layer(X, mask=MASK)
    np.testing.assert_array_equal(model([X, MASK]), expected)
    np.testing.assert_array_equal(model.predict([X, MASK], verbose=0), expected)
    fixed = Model(series, layer(Masking()(series), mask=MASK))  # replaces that of Masking
    np.testing.assert_array_equal(fixed(X), expected)
    node = layer._nodes[0]
    assert node.arguments == {"mask": real} and node.reads == (series, real)


def test_training_of_a_call_counts_where_the_model_says_nothing() -> None:
    x = np.ones((3, 40))
    entry = Input((40,))
    dropped = Model(entry, rnncore.layers.Dropout(0.5, seed=1)(entry, training=True))
    outer = Sequential([entry, dropped])
    for model in (dropped, outer):
        assert (model(x) == 0).any()
        np.testing.assert_array_equal(model(x, training=False), x)
        np.testing.assert_array_equal(model.predict(x, verbose=0), x)
    never = Model(entry, rnncore.layers.Dropout(0.5, seed=1)(entry, training=False))
    np.testing.assert_array_equal(never(x), x)
    assert (never(x, training=True) == 0).any()


def translator(dtype: str = "float64") -> tuple[Model, list[NDArray[Any]], NDArray[Any]]:
    """One layer encodes and decodes, so the graph calls it twice with different states."""
    source, target = Input((5, 2)), Input((4, 2))
    shared = LSTM(2, return_state=True, return_sequences=True, dtype=dtype)
    y, h, c = shared(source)
    again, last, _ = shared(target, initial_state=[h, c])
    parts = [again, Bidirectional(GRU(2, return_sequences=True))(again)]
    model = Model([source, target], [Dense(1)(Concatenate()(parts)), Dense(1)(last), y])
    rng = np.random.default_rng(3)
    model.set_weights([rng.uniform(-0.8, 0.8, w.shape) for w in model.weights])
    data = [rng.standard_normal((3, steps, 2)) for steps in (5, 4)]
    return model, data, rng.standard_normal((3, 4, 1))


def test_gradients_through_the_states_of_a_graph() -> None:
    model, x, y = translator()
    targets = [y, y[:, 0], None]
    model.compile(loss=["mse", "mse", None])
    gradients = model.gradients(x, targets)
    errors = gradient_errors(
        lambda: float(model.evaluate(x, targets, verbose=0, return_dict=True)["loss"]),
        {weight.name: weight.value for weight in model.trainable_weights},
        {w.name: g for w, g in zip(model.trainable_weights, gradients, strict=True)},
    )
    assert max(errors.values()) < 1e-7, errors


def test_copies_of_graphs_have_their_arguments() -> None:
    model, x, _ = translator("float32")
    expected = model.predict(x, verbose=0)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        for one, other in zip(twin.predict(x, verbose=0), expected, strict=True):
            np.testing.assert_array_equal(one, other)


# ---- from batch to batch ---------------------------------------------------------------------


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("kind", CELLS)
def test_a_stateful_layer_starts_where_the_batch_before_ended(
    kind: str, both: bool, masked: bool
) -> None:
    make, _ = CELLS[kind]
    mask = MASK if masked else None

    def wrapped(**options: Any) -> Any:
        layer = make(4, return_state=True, **options)
        return Bidirectional(layer, dtype="float64") if both else layer

    kept, plain = wrapped(stateful=True), wrapped()
    kept(X)
    kept.reset_states()
    plain(X)
    plain.set_weights(kept.get_weights())
    one = plain(X, mask=mask)
    other = plain(X[:, ::-1], initial_state=one[1:])
    for found, expected in ((kept(X, mask=mask), one), (kept(X[:, ::-1]), other)):
        for array, wanted in zip(found, expected, strict=True):
            np.testing.assert_array_equal(array, wanted)
    for state, wanted in zip(kept.states, other[1:], strict=True):
        np.testing.assert_array_equal(state, wanted)
    kept.reset_state(list(one[1:]))
    np.testing.assert_array_equal(kept(X[:, ::-1])[0], other[0])
    assert len(kept.get_weights()) == len(plain.get_weights())


@pytest.mark.parametrize("kind", CELLS)
def test_gradients_end_at_the_batch(kind: str) -> None:
    make, _ = CELLS[kind]
    kept = randomized(make(4, stateful=True, dtype="float64"))
    plain = randomized(make(4, dtype="float64"))
    start = [state.value.copy() for state in kept.states]
    dy = np.ones((3, 4))
    _, tape = kept.forward(X, training=True)
    _, other = plain.forward(X, training=True, initial_state=start)
    dx, _ = kept.backward(tape, dy)
    np.testing.assert_array_equal(dx, plain.backward(other, dy)[0])
    for one, other in zip(kept.weights, plain.weights, strict=True):
        np.testing.assert_array_equal(one.grad, other.grad)


def remembering(batch_size: int | None = 2) -> Sequential:
    model = Sequential(
        [
            Input((5, 2), batch_size=batch_size),
            LSTM(3, stateful=True, return_sequences=True),
            Bidirectional(GRU(3, stateful=True)),
            Dense(1),
        ]
    )
    model.compile("adam", "mse")
    return model


def test_models_keep_states_until_they_are_reset() -> None:
    model, x = remembering(), np.tile(X[:2], (2, 1, 1))
    assert model.input_shape == (2, 5, 2) and model.output_shape == (2, 1)
    first = model.predict(x, batch_size=2, verbose=0)
    assert (first[:2] != first[2:]).all()
    assert (model.predict(x, batch_size=2, verbose=0) != first).all()
    model.reset_states()
    np.testing.assert_array_equal(model.predict(x, batch_size=2, verbose=0), first)
    model.fit(x, first[:, 0], batch_size=2, shuffle=False, verbose=0)
    after = [state.value.copy() for state in model.layers[0].states]
    model.evaluate(x, first[:, 0], batch_size=2, verbose=0)
    assert all((a != s.value).any() for a, s in zip(after, model.layers[0].states, strict=True))
    assert len(model.get_weights()) == 3 + 6 + 2


@pytest.mark.parametrize("batch_size", [2, None])
def test_other_batch_sizes(batch_size: int | None) -> None:
    model, y = remembering(batch_size), np.zeros(3)
    model.predict(X[:2], batch_size=2, verbose=0)
    before = model.get_weights()
    for call in (
        lambda: model.fit(X, y, batch_size=2, verbose=0),
        lambda: model.fit(X, y, verbose=0),
        lambda: model.evaluate(X, y, batch_size=1, verbose=0),
        lambda: model.predict(X, batch_size=2, verbose=0),
        lambda: model.fit(X[:2], y[:2], batch_size=2, validation_data=(X, y), verbose=0),
        lambda: model(X),
        lambda: model.train_on_batch(X, y),
    ):
        with pytest.raises(ValueError, match=r"(batch_size|lstm: x): expected 2 .*stateful"):
            call()
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_declared_batch_size_binds_stateful_layers_only() -> None:
    model = Sequential([Dense(2, batch_input_shape=(2, 5, 2))])
    assert model.input_shape == (2, 5, 2) and model.predict(X, verbose=0).shape == (3, 5, 2)
    layer = LSTM(3, stateful=True)
    layer(Input(batch_shape=(8, 5, 2)))
    assert [state.shape for state in layer.states or ()] == [(8, 3)] * 2
    with pytest.raises(ValueError, match="lstm: x: expected 8 samples"):
        layer(X)


def test_copies_go_on_from_the_same_states() -> None:
    model = remembering()
    model.predict(X[:2], verbose=0)
    twins = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    expected = model.predict(X[:2], verbose=0)
    for twin in twins:
        np.testing.assert_array_equal(twin.predict(X[:2], verbose=0), expected)
        assert twin.layers[0].states[0] is not model.layers[0].states[0]


def test_threads_share_a_layer_with_states() -> None:
    layer = Bidirectional(LSTM(8, return_state=True, return_sequences=True))
    given = [states(4, 8), [-state for state in states(4, 8)]]
    expected = [layer(X, start) for start in given]
    wrong: list[int] = []

    def work(index: int) -> None:
        for _ in range(50):
            found = layer(X, given[index])
            for one, other in zip(found, expected[index], strict=True):
                if (one != other).any():
                    wrong.append(index)

    threads = [threading.Thread(target=work, args=(index % 2,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
