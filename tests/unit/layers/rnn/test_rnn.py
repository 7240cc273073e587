"""RNN over cells of the library: the layers of the kernels, one for each cell of a stack."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from graphs import check_gradients
from numpy.typing import NDArray
from own_cells import MinimalGatedCell

import rnncore
from rnncore import Input, Model, Sequential
from rnncore.layers import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    Dense,
    GRUCell,
    Layer,
    LSTMCell,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
    TimeDistributed,
)
from rnncore.testing import check_cell

MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)
Make = Callable[..., Any]
PAIRS: dict[str, tuple[Make, Make]] = {
    "lstm": (LSTMCell, LSTM),
    "lstm_without_bias": (
        lambda n: LSTMCell(n, use_bias=False),
        lambda n, **k: LSTM(n, use_bias=False, **k),
    ),
    "gru": (GRUCell, GRU),
    "gru_reset_before": (
        lambda n: GRUCell(n, reset_after=False),
        lambda n, **k: GRU(n, reset_after=False, **k),
    ),
    "simple_rnn": (
        lambda n: SimpleRNNCell(n, "relu"),
        lambda n, **k: SimpleRNN(n, "relu", **k),
    ),
}


def inputs() -> NDArray[Any]:
    return np.random.default_rng(0).standard_normal((3, 5, 2))


def randomized(layer: Layer, seed: int = 1) -> None:
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.uniform(-0.8, 0.8, weight.shape) for weight in layer.weights])


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("kind", PAIRS)
def test_one_cell_is_the_layer(
    kind: str, sequences: bool, backwards: bool, zero: bool, masked: bool
) -> None:
    make_cell, make_layer = PAIRS[kind]
    options = {
        "return_sequences": sequences,
        "return_state": True,
        "go_backwards": backwards,
        "zero_output_for_mask": zero,
        "dtype": "float64",
    }
    rnn, layer = RNN(make_cell(4), **options), make_layer(4, **options)
    x, mask = inputs(), MASK if masked else None
    start = [np.full((3, 4), 0.5 + i) for i in range(len(rnn.state_sizes))]
    rnn(x), layer(x)
    randomized(rnn)
    layer.set_weights(rnn.get_weights())
    results = []
    for one in (rnn, layer):
        outputs, tape = one.forward(x, mask=mask, training=True, initial_state=start)
        outputs = [output.copy() for output in outputs]
        dx, given = one.backward(tape, [np.cos(y) for y in outputs])
        grads = [weight.grad for weight in one.weights]
        results.append([*outputs, dx, *given["initial_state"], *grads])
    for got, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(got, expected)
    for got, expected in zip(rnn(x, start, mask), layer(x, start, mask), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert [w.shape for w in rnn.weights] == [w.shape for w in layer.weights]
    assert rnn.compute_output_shape((3, 5, 2)) == layer.compute_output_shape((3, 5, 2))


def test_kernel_path() -> None:
    assert RNN(LSTMCell(3)).kernel_path == LSTM(3).kernel_path == "fused"
    slow = GRUCell(2, "relu")
    assert RNN(slow).kernel_path == RNN([LSTMCell(3), slow]).kernel_path == "generic"
    assert RNN([LSTMCell(3), MinimalGatedCell(2), slow]).kernel_path == "cell"


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
def test_a_stack_is_a_chain_of_layers(sequences: bool, backwards: bool, masked: bool) -> None:
    stack = RNN(
        [LSTMCell(4), StackedRNNCells([GRUCell(3), SimpleRNNCell(2)])],
        return_sequences=sequences,
        return_state=True,
        go_backwards=backwards,
        dtype="float64",
    )
    x, mask = inputs(), MASK if masked else None
    stack(x)
    randomized(stack)
    chain = [
        LSTM(4, return_sequences=True, return_state=True, dtype="float64"),
        GRU(3, return_sequences=True, return_state=True, dtype="float64"),
        SimpleRNN(2, return_sequences=sequences, return_state=True, dtype="float64"),
    ]
    rest, states = stack.get_weights(), []
    # Layers that go backwards reverse their output: here the input is reversed once instead.
    y: Any = x[:, ::-1] if backwards else x
    seen = None if mask is None else mask[:, ::-1] if backwards else mask
    for layer in chain:
        layer(y)
        layer.set_weights(rest[:3])
        del rest[:3]
        y, *found = layer(y, mask=seen)
        states.append(found)
    got, lstm, (gru, simple) = stack(x, mask=mask)
    np.testing.assert_array_equal(got, y)
    for one, other in zip([lstm, gru, simple], states, strict=True):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    assert stack.state_size == [[4, 4], [3, 2]]
    assert stack.output_size == 2


@pytest.mark.parametrize(
    "cell",
    [
        LSTMCell(3, dtype="float64"),
        GRUCell(3, reset_after=False, dtype="float64"),
        SimpleRNNCell(3, dtype="float64"),
        StackedRNNCells([LSTMCell(3), SimpleRNNCell(2), GRUCell(4)], dtype="float64"),
    ],
    ids=lambda cell: cell.name,
)
def test_gradients(cell: Any) -> None:
    assert check_cell(cell, features=2) < 1e-8


@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_gradients_of_a_stack(
    check_layer: Any, backwards: bool, zero: bool, sequences: bool
) -> None:
    layer = RNN(
        [LSTMCell(3, name="a"), GRUCell(2, name="b")],
        return_sequences=sequences,
        go_backwards=backwards,
        zero_output_for_mask=zero,
        dtype="float64",
    )
    layer(inputs())
    for number, weight in enumerate(layer.weights):
        weight.short_name = f"{number}"  # the check goes by names
    check_layer(layer, inputs(), MASK)


def trained(layers: list[Layer], weights: list[NDArray[Any]] | None) -> list[NDArray[Any]]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 7, 3)).astype("float32")
    y = x.mean(axis=(1, 2))[:, None]
    rnncore.utils.set_random_seed(4)
    model = Sequential([Input((7, 3)), *layers, Dense(1)])
    if weights is not None:
        model.set_weights(weights)
    start = model.get_weights()
    model.compile("adam", "mse")
    model.fit(x, y, epochs=5, batch_size=16, verbose=0, shuffle=False)
    return [*start, *model.get_weights()]


@pytest.mark.parametrize("dropout", [{}, {"dropout": 0.3}, {"recurrent_dropout": 0.2}])
def test_training_is_that_of_the_layers(dropout: dict[str, Any]) -> None:
    one = trained([RNN([LSTMCell(5, **dropout, seed=1), GRUCell(4, **dropout, seed=2)])], None)
    count = len(one) // 2
    layers = [LSTM(5, return_sequences=True, **dropout, seed=1), GRU(4, **dropout, seed=2)]
    other = trained(layers, one[:count])
    assert count == 8
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
    assert all((a != b).any() for a, b in zip(one[:count], one[count:], strict=True))


def test_dropout_of_cells() -> None:
    layer = RNN(LSTMCell(4, dropout=0.5, recurrent_dropout=0.5, seed=3), return_sequences=True)
    x = inputs()
    y = layer(x)
    one, other = layer(x, training=True), layer(x, training=True)
    assert (one != y).any() and (one != other).any()
    np.testing.assert_array_equal(layer(x), y)
    assert (layer.cell.dropout, layer.cell.recurrent_dropout, layer.cell.seed) == (0.5, 0.5, 3)
    states = layer.cell.get_initial_state(batch_size=3)
    step = layer.cell(x[:, 0], states)[0]
    np.testing.assert_array_equal(step, layer.cell(x[:, 0], states)[0])
    assert (step != layer.cell(x[:, 0], states, training=True)[0]).any()


@pytest.mark.parametrize("make", [LSTM, GRU, SimpleRNN])
def test_the_cell_of_a_layer(make: Make) -> None:
    layer, x = make(3, return_sequences=True, dtype="float64", name="of_mine"), inputs()
    assert layer.cell.units == 3
    y = layer(x)
    cell = layer.cell
    assert cell.kernel is layer.kernel
    assert layer.name == "of_mine"
    states = cell.get_initial_state(batch_size=3)
    for t in range(5):
        step, states = cell(x[:, t], states)
        np.testing.assert_allclose(step, y[:, t], rtol=1e-13)
    np.testing.assert_array_equal(RNN(cell)(x), y[:, -1])
    layer.trainable = False
    assert not layer.cell.trainable
    assert not layer.trainable
    with pytest.raises(ValueError, match="expected shape"):
        cell(x[:, 0, :1], states)


def test_stateful_stack() -> None:
    layer = RNN([LSTMCell(3), GRUCell(2)], stateful=True, dtype="float64")
    whole = RNN([LSTMCell(3), GRUCell(2)], dtype="float64")
    x = inputs()
    layer(x), whole(x)
    randomized(layer)
    whole.set_weights(layer.get_weights())
    layer.reset_state()
    layer(x[:, :2])
    np.testing.assert_allclose(layer(x[:, 2:]), whole(x), rtol=1e-13)
    assert layer.states is not None
    assert [state.shape for state in layer.states] == [(3, 3), (3, 3), (3, 2)]
    assert len(layer.weights) == 6
    given = [np.ones((3, 3)), [np.ones((3, 3)), np.ones((3, 2))]]
    layer.reset_state(given)
    np.testing.assert_array_equal(layer(x), whole(x, initial_state=given))


def test_states_between_layers_of_a_graph() -> None:
    rng = np.random.default_rng(0)
    past, future = Input((4, 2), dtype="float64"), Input((3, 1), dtype="float64")
    encoder = RNN([LSTMCell(3), GRUCell(2)], return_state=True, dtype="float64")
    decoder = RNN([LSTMCell(3), GRUCell(2)], return_sequences=True, dtype="float64")
    _y, lstm, gru = encoder(past)
    assert (len(lstm), len(gru)) == (2, 1)
    model = Model([past, future], Dense(1)(decoder(future, initial_state=[lstm, gru])))
    model.compile("sgd", "mse")
    x = [rng.normal(size=(5, 4, 2)), rng.normal(size=(5, 3, 1))]
    check_gradients(model, x, rng.normal(size=(5, 3, 1)))


def test_a_layer_that_is_called_twice() -> None:
    rng = np.random.default_rng(0)
    one, other = Input((4, 2), dtype="float64"), Input((3, 2), dtype="float64")
    layer = RNN([GRUCell(3), SimpleRNNCell(2)], dtype="float64")
    joined = rnncore.layers.Concatenate()([layer(one), layer(other)])
    model = Model([one, other], Dense(1)(joined))
    model.compile("sgd", "mse")
    assert len(model.weights) == 6 + 2
    x = [rng.normal(size=(5, 4, 2)), rng.normal(size=(5, 3, 2))]
    check_gradients(model, x, rng.normal(size=(5, 1)))


def test_one_cell_in_two_layers() -> None:
    cell = GRUCell(3)
    one, other = RNN(cell, return_sequences=True), RNN(cell, go_backwards=True)
    x = inputs().astype("float32")
    y = one(x)
    np.testing.assert_array_equal(other(x[:, ::-1]), y[:, -1])
    assert all(a is b for a, b in zip(one.weights, other.weights, strict=True))
    np.testing.assert_array_equal(one(x), y)


def test_both_directions(check_layer: Any) -> None:
    layer = Bidirectional(RNN([LSTMCell(3), GRUCell(2)], return_sequences=True), dtype="float64")
    layer(inputs())
    for number, weight in enumerate(layer.weights):
        weight.short_name = f"{number}"
    assert len(layer.weights) == 12
    check_layer(layer, inputs(), MASK)
    assert layer(inputs()).shape == (3, 5, 4)


def test_states_of_both_directions_are_nested_as_those_of_one() -> None:
    cells = [LSTMCell(3), GRUCell(2)]
    layer = Bidirectional(RNN(cells, return_state=True), merge_mode=None)
    for x, batch in ((inputs(), 3), (Input((5, 2)), None)):
        found = layer(x)
        shapes = [
            [state.shape for state in one] if isinstance(one, list) else one.shape for one in found
        ]
        states = [[(batch, 3), (batch, 3)], [(batch, 2)]]
        assert shapes == [(batch, 2), (batch, 2), *states, *states]
    start = [np.ones((3, 3)), np.ones((3, 3)), np.ones((3, 2))]
    again = layer(inputs(), initial_state=[start[:2], start[2:], start[:2], start[2:]])
    assert (again[0] != layer(inputs())[0]).any()


def test_time_distributed(check_layer: Any) -> None:
    layer = TimeDistributed(RNN(LSTMCell(2)), dtype="float64")
    check_layer(layer, np.random.default_rng(0).standard_normal((2, 3, 4, 2)))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies(copied: Callable[[Any], Any]) -> None:
    x = inputs().astype("float32")
    y = x.mean(axis=(1, 2))[:, None]
    model = Sequential([Input((5, 2)), RNN([LSTMCell(3), GRUCell(2)]), Dense(1)])
    model.compile("adam", "mse")
    model.fit(x, y, verbose=0)
    other = copied(model)
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
    for one in (model, other):
        one.fit(x, y, verbose=0)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_frozen_cells_stay() -> None:
    layer = RNN([LSTMCell(3), GRUCell(2)])
    model = Sequential([Input((5, 2)), layer, Dense(1)])
    layer.cell.cells[0].trainable = False
    before = layer.get_weights()
    model.compile("adam", "mse")
    model.fit(inputs(), np.ones((3, 1)), verbose=0)
    changed = [(a != b).any() for a, b in zip(before, layer.get_weights(), strict=True)]
    assert changed == [False] * 3 + [True] * 3
    layer.trainable = False
    assert not layer.trainable_weights


def test_a_cell_may_be_frozen_from_the_start() -> None:
    layer = RNN([LSTMCell(3, trainable=False), GRUCell(2)])
    layer(inputs())
    assert [weight.trainable for weight in layer.weights] == [False] * 3 + [True] * 3
    layer = RNN([LSTMCell(3), GRUCell(2)], trainable=False)
    layer(inputs())
    assert len(layer.weights) == 6
    assert not layer.trainable_weights
    assert not StackedRNNCells([GRUCell(2)], trainable=False).cells[0].trainable


def test_the_configuration_makes_an_equal_layer() -> None:
    layer = RNN([LSTMCell(3, use_bias=False), GRUCell(2)], return_state=True, go_backwards=True)
    other = RNN.from_config(layer.get_config())
    assert other.get_config() == layer.get_config()
    assert [type(cell) for cell in other.cell.cells] == [LSTMCell, GRUCell]
    assert other.cell.cells[0].use_bias is False
    x = inputs()
    layer(x), other(x)
    other.set_weights(layer.get_weights())
    np.testing.assert_array_equal(other(x)[0], layer(x)[0])


def test_cells_have_what_their_layers_have() -> None:
    cell = LSTMCell(3, unit_forget_bias=False, kernel_initializer="ones")
    rnn = RNN(cell)
    rnn(inputs())
    assert rnn.cell is cell
    assert (cell.units, cell.state_size, cell.output_size) == (3, [3, 3], 3)
    assert cell.kernel.shape == (2, 12)
    assert cell.kernel.value.all()
    assert not np.asarray(cell.bias).any()
    assert [w.name for w in rnn.weights] == [
        f"{cell.name}/{name}" for name in ("kernel", "recurrent_kernel", "bias")
    ]
    assert GRUCell(3).state_size == 3


def test_errors_name_what_was_expected() -> None:
    with pytest.raises(ValueError, match="cell: expected a cell"):
        RNN(3)
    with pytest.raises(ValueError, match="cell: expected a cell"):
        RNN(LSTMCell)
    with pytest.raises(ValueError, match="state_size"):
        RNN(Dense(3))
    with pytest.raises(ValueError, match="cells: expected a list of cells"):
        RNN([])
    cell = GRUCell(2)
    with pytest.raises(ValueError, match="twice"):
        StackedRNNCells([cell, cell])
    with pytest.raises(TypeError, match="RNN"):
        LSTMCell(2)(Input((3,)), [])
    with pytest.raises(ValueError, match=r"expected shape \(3, 2\)"):
        LSTMCell(2)(np.zeros((3, 1)), [np.zeros((3, 2)), np.zeros((3, 3))])
    with pytest.raises(ValueError, match="states: expected 2 arrays"):
        LSTMCell(2)(np.zeros((3, 1)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="activity_regularizer: expected None"):
        GRUCell(2, activity_regularizer="l2")
    with pytest.raises(TypeError, match="did you mean 'dropout'"):
        GRUCell(2, droput=0.1)
    with pytest.raises(ValueError, match="dtype"):
        RNN([GRUCell(2), LSTMCell(3, dtype="float64")], dtype="float32")(inputs())
    with pytest.raises(ValueError, match=r"\(batch, timesteps, features\)"):
        RNN(GRUCell(2))(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="initial_state"):
        RNN([GRUCell(2), LSTMCell(3)])(inputs(), initial_state=[np.zeros((3, 2))])
