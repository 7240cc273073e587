"""Cells that a user writes in NumPy: alone, in stacks, with masks, and what is refused."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from choosing import FLAG, pairwise
from numpy.typing import NDArray
from own_cells import CellForKeras, MinimalGatedCell, MovingAverageCell, ResidualCell

from rnncore import Input, Model, Sequential
from rnncore.layers import (
    RNN,
    AbstractRNNCell,
    Bidirectional,
    Dense,
    GRUCell,
    Layer,
    LSTMCell,
    Masking,
    SimpleRNN,
    StackedRNNCells,
    TimeDistributed,
)
from rnncore.models import load_model
from rnncore.optimizers import Adam
from rnncore.testing import check_cell

MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)


class ElmanCell(AbstractRNNCell):
    """What SimpleRNN computes."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1], self.units), "glorot_uniform")
        self.recurrent = self.add_weight("recurrent", (self.units, self.units), "orthogonal")
        self.bias = self.add_weight("bias", (self.units,), "zeros")

    def forward(self, inputs: Any, states: Any) -> Any:  # type: ignore[override]
        a = inputs @ self.kernel.value + states[0] @ self.recurrent.value + self.bias.value
        y = np.tanh(a)
        return y, [y], (inputs, states[0], y)

    def backward(self, saved: Any, dy: Any, dstates: Any) -> Any:  # type: ignore[override]
        x, h, y = saved
        da = (dy + dstates[0]) * (1 - y * y)
        self.kernel.grad += x.T @ da
        self.recurrent.grad += h.T @ da
        self.bias.grad += da.sum(axis=0)
        return da @ self.kernel.value.T, [da @ self.recurrent.value.T]


def inputs() -> NDArray[Any]:
    return np.random.default_rng(0).standard_normal((3, 5, 2))


def randomized(layer: Layer, seed: int = 1) -> None:
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.uniform(-0.8, 0.8, weight.shape) for weight in layer.weights])
    for number, weight in enumerate(layer.weights):
        weight.short_name = f"{number}"  # the check of gradients goes by names


@pytest.mark.parametrize(
    "cell",
    [
        MinimalGatedCell(3, dtype="float64"),
        MovingAverageCell(3, dtype="float64"),
        ElmanCell(3, dtype="float64"),
        ResidualCell(2, dtype="float64"),
        StackedRNNCells(
            [
                LSTMCell(3),
                MinimalGatedCell(2),
                StackedRNNCells([MovingAverageCell(2), GRUCell(4), ResidualCell(4)]),
            ],
            dtype="float64",
        ),
    ],
    ids=lambda cell: cell.name,
)
def test_gradients(cell: Any) -> None:
    assert check_cell(cell, features=2, batch=2, steps=4, max_entries=6) < 1e-8


def test_a_wrong_gradient_is_found() -> None:
    class Wrong(ElmanCell):
        def backward(self, saved: Any, dy: Any, dstates: Any) -> Any:  # type: ignore[override]
            dx, new = super().backward(saved, dy, dstates)
            self.bias.grad += 1e-3
            return dx, new

    with pytest.raises(AssertionError, match="wrong/bias"):
        check_cell(Wrong(3, dtype="float64"), features=2)


@pairwise(stacked=FLAG, backwards=FLAG, zero=FLAG, sequences=FLAG)
def test_gradients_of_layers(
    check_layer: Any, stacked: bool, backwards: bool, zero: bool, sequences: bool
) -> None:
    layer = RNN(
        [MinimalGatedCell(2), LSTMCell(1), MovingAverageCell(1)] if stacked else ResidualCell(2),
        return_sequences=sequences,
        go_backwards=backwards,
        zero_output_for_mask=zero,
        dtype="float64",
    )
    layer(inputs())
    randomized(layer)
    check_layer(layer, inputs(), MASK)


@pairwise(sequences=FLAG, backwards=FLAG, zero=FLAG, masked=FLAG)
def test_the_loop_does_what_the_kernels_do(
    sequences: bool, backwards: bool, zero: bool, masked: bool
) -> None:
    options = {
        "return_sequences": sequences,
        "return_state": True,
        "go_backwards": backwards,
        "zero_output_for_mask": zero,
        "dtype": "float64",
    }
    own, layer = RNN(ElmanCell(4), **options), SimpleRNN(4, **options)  # type: ignore[arg-type]
    x, mask, start = inputs(), MASK if masked else None, [np.full((3, 4), 0.5)]
    own(x), layer(x)
    layer.set_weights(own.get_weights())
    results = []
    for one in (own, layer):
        outputs, tape = one.forward(x, mask=mask, training=True, initial_state=start)
        outputs = [output.copy() for output in outputs]
        dx, given = one.backward(tape, [np.cos(y) for y in outputs])
        results.append([*outputs, dx, *given["initial_state"], *(w.grad for w in one.weights)])
    assert len(results[0]) == 2 + 2 + 3
    for got, expected in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)


def test_padding_changes_nothing() -> None:
    x = np.where(MASK[..., None], inputs(), np.nan)
    layer = RNN([MinimalGatedCell(3), MovingAverageCell(2)], return_sequences=True, dtype="float64")
    expected = layer(inputs(), mask=MASK)
    np.testing.assert_array_equal(layer(x, mask=MASK), expected)
    _, tape = layer.forward(x, mask=MASK, training=True)
    dx, _ = layer.backward(tape, np.ones_like(expected))
    assert dx is not None
    np.testing.assert_array_equal(dx[~MASK], 0)
    assert np.isfinite(dx).all()
    assert all(np.isfinite(weight.grad).all() for weight in layer.weights)


def test_a_cell_sees_only_the_real_rows() -> None:
    seen = []

    class Watching(ElmanCell):
        def forward(self, inputs: Any, states: Any) -> Any:  # type: ignore[override]
            seen.append(len(inputs))
            return super().forward(inputs, states)

    RNN(Watching(2))(inputs(), mask=MASK)
    assert seen == MASK.sum(axis=0).tolist()
    seen.clear()
    RNN(Watching(2))(inputs(), mask=np.zeros_like(MASK))
    assert not seen


def fitted(model: Any, x: Any, y: Any) -> None:
    model.compile(Adam(0.02), "mse")
    history = model.fit(x, y, epochs=30, batch_size=16, verbose=0).history["loss"]
    assert history[-1] < history[0] / 2


def test_it_learns_in_every_kind_of_model() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 7, 3)).astype("float32")
    y = x.mean(axis=1)[:, :1]
    fitted(Sequential([Input((7, 3)), RNN(MinimalGatedCell(8)), Dense(1)]), x, y)
    tensor = Input((7, 3))
    both = Bidirectional(RNN([GRUCell(6), MinimalGatedCell(5)]), "sum")(Masking()(tensor))
    fitted(Model(tensor, Dense(1)(both)), x, y)
    inner = TimeDistributed(RNN(MinimalGatedCell(4)))
    model = Sequential([Input((7, 3, 1)), inner, RNN(ElmanCell(6)), Dense(1)])
    fitted(model, x[..., None], y)
    assert RNN(MinimalGatedCell(4)).kernel_path == "cell"


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_go_on_alike(copied: Any) -> None:
    x = inputs().astype("float32")
    model = Sequential([Input((5, 2)), RNN([MinimalGatedCell(3), GRUCell(2)]), Dense(1)])
    model.compile("adam", "mse")
    model.fit(x, np.ones((3, 1)), verbose=0)
    other = copied(model)
    for one in (model, other):
        one.fit(x, np.ones((3, 1)), verbose=0)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_saved_model_comes_back(tmp_path: Path) -> None:
    x = inputs().astype("float32")
    model = Sequential([Input((5, 2)), RNN([ResidualCell(2), GRUCell(3)]), Dense(1)])
    model.save(tmp_path / "model.rnnc")
    names = {"ResidualCell": ResidualCell}
    other = load_model(tmp_path / "model.rnnc", custom_objects=names)
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))


def test_stateful_and_what_a_cell_starts_from() -> None:
    class FromOnes(ElmanCell):
        def get_initial_state(self, batch_size: int | None = None) -> Any:
            return np.ones((batch_size or 0, self.units))

    layer = RNN(FromOnes(3), stateful=True, dtype="float64")
    plain = RNN(ElmanCell(3), dtype="float64")
    x = inputs()
    first = layer(x)
    plain(x)
    plain.set_weights(layer.get_weights())
    np.testing.assert_array_equal(first, plain(x, initial_state=np.ones((3, 3))))
    np.testing.assert_array_equal(layer(x), plain(x, initial_state=first))
    stack = RNN([FromOnes(3), GRUCell(2)], dtype="float64")
    ones, zeros = np.ones((3, 3)), np.zeros((3, 2))
    np.testing.assert_array_equal(stack(x), stack(x, initial_state=[ones, [zeros]]))
    assert (stack(x) != stack(x, initial_state=[0 * ones, [zeros]])).any()


def test_a_state_that_never_changes_is_a_copy() -> None:
    class Keeping(ElmanCell):
        def forward(self, inputs: Any, states: Any) -> Any:  # type: ignore[override]
            return inputs, states, len(inputs)

        def backward(self, saved: Any, dy: Any, dstates: Any) -> Any:  # type: ignore[override]
            return dy, dstates

    layer = RNN(Keeping(2), return_state=True, dtype="float64")
    start = np.ones((3, 2))
    y, state = layer(inputs(), initial_state=start)
    state += 1
    np.testing.assert_array_equal(start, 1)
    np.testing.assert_array_equal(y, inputs()[:, -1])


def test_states_of_own_cells_in_stacks_stand_alone() -> None:
    layer = RNN([MinimalGatedCell(3), MovingAverageCell(2), GRUCell(2)], return_state=True)
    y, one, two, three = layer(inputs())
    assert (y.shape, one.shape) == ((3, 2), (3, 3))
    assert [state.shape for state in two] == [(3, 2), (3, 1)]
    assert [state.shape for state in three] == [(3, 2)]
    tensors = layer(Input((5, 2)))
    assert tensors[1].shape == (None, 3)
    assert [state.shape for state in tensors[2]] == [(None, 2), (None, 1)]


# -- cells that cannot be trained ----------------------------------------------------------


def test_a_cell_for_keras_predicts_and_says_what_training_needs() -> None:
    layer = RNN(CellForKeras(3), return_sequences=True)
    x = inputs().astype("float32")
    h, rows = np.zeros((3, 3), "float32"), []
    y = layer(x)
    kernel, recurrent = layer.get_weights()
    for t in range(5):
        h = x[:, t] @ kernel + h @ recurrent
        rows.append(h)
    np.testing.assert_allclose(y, np.stack(rows, axis=1), rtol=1e-5)
    assert layer(x, mask=MASK).shape == (3, 5, 3)
    model = Sequential([Input((5, 2)), layer, Dense(1)])
    model.compile("adam", "mse")
    assert model.predict(x, verbose=0).shape == (3, 5, 1)
    with pytest.raises(ValueError, match="backward: expected a cell with `forward` and `backward`"):
        model.fit(x, np.ones((3, 5, 1)), verbose=0)


def test_any_object_may_be_a_cell() -> None:
    class Sum:
        state_size = 2

        def call(self, inputs: Any, states: Any) -> Any:
            return states[0] + inputs, states[0] + inputs

    layer = RNN(Sum(), return_state=True)
    y, state = layer(inputs().astype("float32"))
    np.testing.assert_allclose(y, inputs().sum(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(y, state)
    assert layer.weights == []


def test_what_a_subclass_says_of_a_step_counts() -> None:
    class Doubled(GRUCell):
        def call(self, inputs: Any, states: Any) -> Any:
            y, states, _ = self.forward(inputs, states)
            return 2 * y, states

    layer, plain = RNN(Doubled(3)), RNN(GRUCell(3))
    x = inputs().astype("float32")
    layer(x), plain(x)
    plain.set_weights(layer.get_weights())
    np.testing.assert_allclose(layer(x), 2 * plain(x), rtol=1e-5)
    assert layer.kernel_path == "cell"
    _, tape = layer.forward(x, training=True)
    with pytest.raises(ValueError, match="with only `call`"):
        layer.backward(tape, np.ones((3, 3), "float32"))


def test_training_reaches_a_cell_that_asks() -> None:
    seen = []

    class Asking(ElmanCell):
        def forward(self, inputs: Any, states: Any, training: bool = False) -> Any:  # type: ignore[override]
            seen.append(training)
            return super().forward(inputs, states)

    layer = RNN(Asking(2))
    layer(inputs())
    layer(inputs(), training=True)
    assert seen == [False] * 5 + [True] * 5


def failing(forward: Any, backward: Any = None) -> RNN:
    class Failing(ElmanCell):
        pass

    Failing.forward = forward  # type: ignore[method-assign]
    Failing.backward = backward or ElmanCell.backward  # type: ignore[method-assign]
    return RNN(Failing(2))


def test_errors_name_the_method() -> None:
    x = inputs().astype("float32")
    for forward, message in [
        (lambda self, x, s: (x, s), r"forward: expected \(y, states, saved\), got 2 values"),
        (lambda self, x, s: x, r"forward: expected \(y, states, saved\), got ndarray"),
        (lambda self, x, s: (x[:1], s, 0), r"forward: y: expected shape \(3, 2\)"),
        (lambda self, x, s: (x, [], 0), "forward: states: expected 1 arrays, got 0"),
        (lambda self, x, s: (x, x[0], 0), r"forward: states\[0\]: expected shape \(3, 2\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            failing(forward)(x)
    right = lambda self, x, s: (x, [x], 0)  # noqa: E731
    for backward, message in [
        (lambda self, saved, dy, ds: dy, r"backward: expected \(dx, dstates\), got ndarray"),
        (lambda self, saved, dy, ds: (dy[:, :1], ds), r"backward: dx: expected shape \(3, 2\)"),
        (lambda self, saved, dy, ds: (dy, []), "backward: dstates: expected 1 arrays, got 0"),
    ]:
        layer = failing(right, backward)
        layer(x)
        _, tape = layer.forward(x, training=True)
        with pytest.raises(ValueError, match=message):
            layer.backward(tape, np.ones((3, 2), "float32"))


def test_a_cell_without_sizes_is_refused() -> None:
    class Unsized(AbstractRNNCell):
        def call(self, inputs: Any, states: Any) -> Any:
            return inputs, states

    with pytest.raises(ValueError, match="state_size"):
        RNN(Unsized())
    bad = ElmanCell(2)
    bad.state_size = "two"  # type: ignore[assignment]
    with pytest.raises(TypeError, match="state_size: expected"):
        RNN(bad)
    with pytest.raises(TypeError, match="float64"):
        check_cell(ElmanCell(2), features=2)
