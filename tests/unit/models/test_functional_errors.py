"""What graphs and their data refuse, naming the argument."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from graphs import Sum

from rnncore import Input, Model, Sequential
from rnncore.layers import LSTM, Dense, Embedding

A, B = np.zeros((6, 5, 3)), np.zeros((6, 2))


def two(name: str = "b") -> Model:
    a, b = Input((5, 3), name="a"), Input((2,), name=name)
    both = Sum()([LSTM(2)(a), Dense(2)(b)])
    return Model([a, b], [Dense(1, name="one")(both), Dense(2, name="other")(both)])


def same_name() -> None:
    x = Input((3,))
    Model(x, Dense(2, name="d")(Dense(2, name="d")(x)))


def other_input() -> None:
    a, b = Input((3,), name="a"), Input((3,), name="b")
    Model(a, Sum()([a, b]))


def two_dtypes() -> None:
    x = Input((3,))
    Model(x, [Dense(2)(x), Dense(2, dtype="float64")(x)])


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Model(), TypeError, "Model: inputs: expected symbolic tensors"),
        (lambda: Model([], []), ValueError, "inputs: expected at least one tensor, got none"),
        (lambda: Model(Input((3,)), Dense(3)), TypeError, "outputs: .* got Dense"),
        (lambda: Model(A, A), TypeError, "inputs: expected symbolic tensors, .* got ndarray"),
        (lambda: Model([x := Input((3,)), x], x), ValueError, "inputs: .* twice"),
        (other_input, ValueError, "depend only on the inputs, .* of b>"),
        (same_name, ValueError, "a unique name for each layer, got 'd' twice"),
        (two_dtypes, ValueError, r"float32 \('dense'\) and float64 \('dense_1'\)"),
        (
            lambda: Dense(2)([Input((3,)), Input((3,))]),
            TypeError,
            "got a list; only .* takes_several",
        ),
        (lambda: Sum()(Input((3,))), TypeError, "sum: x: expected a list of symbolic tensors"),
        (lambda: Sum()([Input((3,)), B]), TypeError, "sum: x: .* tensors only, got ndarray"),
        (lambda: Sum()(B), TypeError, "sum: x: expected a list of arrays, got ndarray"),
        (lambda: LSTM(2)(Input((3,))), ValueError, r"lstm: x: expected 3 axes .* \(None, 3\)"),
        (lambda: LSTM(2)(Input((5, 3)), mask=A), TypeError, "lstm: mask: expected dtype bool"),
        (lambda: LSTM(2)(Input((5, 3)), training=1), TypeError, "training: expected True or"),
        (lambda: np.asarray(Input((3,))), TypeError, "expected an array, got <SymbolicTensor"),
        (lambda: two().predict(Input((3,))), TypeError, "x: expected a list of 2"),
        (lambda: two()([Input((3, 3)), Input((2,))]), ValueError, r"x\['a'\]: expected shape"),
        (lambda: Sequential([Sum()]), ValueError, "expected a layer with one input, got 'sum'"),
        (lambda: Dense(2).output, AttributeError, "dense: output: expected a layer that was"),
    ],
)
def test_graphs(build: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (A, TypeError, "x: expected a list of 2 or a dict with the keys a, b, got ndarray"),
        ([A], ValueError, "x: expected a list of 2, got 1"),
        ({"a": A}, ValueError, "x: expected a dict with the keys a, b, got a"),
        ({"a": A, "b": B, "c": B}, ValueError, "x: .* keys a, b, got a, b, c"),
        ([A, B[:5]], ValueError, r"x\['b'\]: expected 6 samples, as in the first input, got 5"),
        ([A, B[:, :1]], ValueError, r"x\['b'\]: expected shape \(None, 2\), got \(6, 1\)"),
        ([A, B.astype(str)], TypeError, r"x\['b'\]: expected a numeric array"),
        ([A[:0], B[:0]], ValueError, r"x\['a'\]: expected at least one sample"),
        ([A, None], TypeError, r"x\['b'\]: expected a numeric array"),
    ],
)
def test_inputs(x: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        two().predict(x)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"y": B}, TypeError, "y: expected a list of 2 or a dict with the keys one, other"),
        ({"y": [B[:, :1]]}, ValueError, "y: expected a list of 2, got 1"),
        ({"y": {"one": B[:, :1]}}, ValueError, r"y\['other'\]: expected the targets, got None"),
        ({"y": {"on": B}}, ValueError, "y: expected a dict with the keys one, other, got on"),
        ({"y": [B[:3, :1], B]}, ValueError, r"y\['one'\]: expected as many samples as x has, 6"),
        ({"sample_weight": [None, np.ones(5)]}, ValueError, r"sample_weight\['other'\]: .* shape"),
        ({"class_weight": {0: 1.0}}, ValueError, "class_weight: expected None for a model with"),
        ({"validation_data": ([A], [B])}, ValueError, "validation_x: expected a list of 2, got 1"),
    ],
)
def test_fit(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    model = two()
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(error, match=message):
        model.fit(**{"x": [A, B], "y": [B[:, :1], B], "verbose": 0, **arguments})
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"loss": ["mse"]}, ValueError, "compile: loss: expected a list of 2, got 1"),
        ({"loss": [None, None]}, ValueError, "loss: expected a loss for at least one output"),
        ({"loss": {"none": "mse"}}, ValueError, "loss: expected a dict with the keys one, other"),
        ({"loss": ["mse", "nope"]}, ValueError, "loss: .*'nope'"),
        ({"metrics": "mae"}, TypeError, "metrics: expected a list of 2 or a dict"),
        ({"metrics": ["mae"]}, ValueError, "metrics: expected a list of 2, got 1"),
        ({"metrics": [["mae"], [["mae"]]]}, TypeError, "metrics: expected a flat list"),
        ({"loss": ["mse", None], "metrics": [None, "mae"]}, ValueError, "the output 'other'"),
        ({"loss_weights": [1.0]}, ValueError, "loss_weights: expected a list of 2, got 1"),
        ({"loss_weights": 2.0}, TypeError, "loss_weights: expected a list of 2 or a dict"),
        ({"loss_weights": [1.0, "a"]}, TypeError, r"loss_weights\['other'\]: expected a .*'a'"),
    ],
)
def test_compile(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        two().compile(**{"loss": "mse", **arguments})


def test_ids_are_checked_through_models_inside() -> None:
    ids, more = Input((4,)), Input((4,))
    inner = Model([ids, more], Sum()([Embedding(5, 2)(ids), Embedding(9, 2)(more)]))
    a, b = Input((4,), name="a"), Input((4,), name="b")
    outer = Model([a, b], inner([a, b]))
    good = np.full((2, 4), 4)
    assert outer.predict([good, good + 4], verbose=0).shape == (2, 4, 2)
    with pytest.raises(ValueError, match=r"x\['a'\]: expected token ids from 0 to 4, got 8"):
        outer.predict([good + 4, good])
