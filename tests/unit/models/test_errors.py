"""What fit, evaluate, predict and compile refuse, before anything is trained."""

from typing import Any

import numpy as np
import pytest

from rnncore.layers import LSTM, Dense, Embedding
from rnncore.models import Sequential

X = np.random.default_rng(0).standard_normal((10, 6, 2))
Y = np.zeros((10, 1))


def compiled(loss: str = "mse", units: int = 1) -> Sequential:
    model = Sequential([LSTM(3, input_shape=(6, 2)), Dense(units)])
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"x": X[:, :5]}, ValueError, r"x: expected shape \(None, 6, 2\), got \(10, 5, 2\)"),
        ({"x": X[:, :, :1]}, ValueError, r"x: expected shape \(None, 6, 2\), got \(10, 6, 1\)"),
        ({"x": X[:, :, 0]}, ValueError, r"x: expected shape \(None, 6, 2\), got \(10, 6\)"),
        ({"x": X[:0], "y": Y[:0]}, ValueError, r"x: expected at least one sample, got .*\(0, 6"),
        ({"x": X.astype(str)}, TypeError, "x: expected a numeric array"),
        ({"x": X.astype(object)}, TypeError, "x: expected a numeric array, got dtype object"),
        ({"x": X.astype(complex)}, TypeError, "x: expected a numeric array"),
        ({"y": None}, ValueError, "y: expected the targets, got None"),
        ({"y": Y[:9]}, ValueError, "y: expected as many samples as x has, 10, got 9"),
        ({"y": Y.astype(str)}, TypeError, "y: expected a numeric array"),
        ({"y": np.zeros((10, 2))}, ValueError, r"y_true: expected shape \(10, 1\)"),
        ({"y": np.full((10, 1), np.nan)}, ValueError, "y_true: expected finite numbers, got nan"),
        ({"batch_size": 0}, ValueError, "batch_size: expected a positive integer, got 0"),
        ({"batch_size": 2.5}, TypeError, "batch_size: expected a positive integer"),
        ({"epochs": -1}, ValueError, "epochs: expected an integer of at least 0, got -1"),
        ({"epochs": 1.5}, TypeError, "epochs: expected an integer"),
        ({"epochs": True}, TypeError, "epochs: expected an integer of at least 0, got True"),
        ({"batch_size": True}, TypeError, "batch_size: expected a positive integer, got True"),
        (
            {"validation_split": np.array([0.1, 0.2])},
            TypeError,
            "validation_split: .* >= 0 and < 1",
        ),
        ({"validation_split": None}, TypeError, "validation_split: .* >= 0 and < 1, got None"),
        ({"validation_split": False}, TypeError, "validation_split: .* >= 0 and < 1, got False"),
        ({"validation_split": np.nan}, ValueError, "validation_split: .* >= 0 and < 1, got nan"),
        ({"verbose": np.zeros(2)}, ValueError, "verbose: expected 0, 1, 2 or 'auto', got array"),
        ({"x": (row for row in X)}, ValueError, "fit: y: expected None with data that yield bat"),
        (
            {"x": {"a": X, "b": X}},
            ValueError,
            "x: expected a dict with the keys input_layer.*, got a, b",
        ),
        ({"x": None}, TypeError, "x: expected a numeric array, got NoneType"),
        ({"verbose": 3}, ValueError, "verbose: expected 0, 1, 2 or 'auto', got 3"),
        ({"shuffle": "batch"}, TypeError, "shuffle: expected True or False"),
        ({"callbacks": [1]}, TypeError, r"callbacks\[0\]: expected a Callback, got 1"),
        ({"validation_split": 1.0}, ValueError, "validation_split: .* >= 0 and < 1, got 1.0"),
        ({"validation_split": -0.1}, ValueError, "validation_split: .* >= 0 and < 1"),
        ({"validation_split": "a"}, TypeError, "validation_split: .* >= 0 and < 1"),
        ({"validation_split": 0.99}, ValueError, "validation_split: .* one sample on each side"),
        ({"validation_data": X}, ValueError, r"validation_data: expected \(x, y\) or"),
        ({"validation_data": (X,)}, ValueError, r"validation_data: .* got a tuple of 1"),
        ({"validation_data": (X, Y[:3])}, ValueError, "validation_y: expected as many samples"),
        ({"validation_data": (X[:, :2], Y)}, ValueError, "validation_x: expected shape"),
        ({"validation_freq": 0}, ValueError, "validation_freq: expected a positive integer"),
        ({"sample_weight": np.ones(9)}, ValueError, r"sample_weight: expected shape \(10,\), got"),
        ({"sample_weight": np.ones((10, 6))}, ValueError, "sample_weight: expected shape"),
        ({"sample_weight": np.full(10, np.nan)}, ValueError, "sample_weight: expected finite"),
        ({"class_weight": {1: "a"}}, TypeError, r"class_weight\[1\]: expected a finite number"),
        ({"class_weight": [1.0]}, TypeError, "class_weight: expected a dict"),
        ({"class_weight": {0: 1}, "sample_weight": np.ones(10)}, ValueError, "got both"),
        ({"colour": 1}, TypeError, "colour"),
    ],
)
def test_fit(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    model = compiled()
    before = model.get_weights()
    with pytest.raises(error, match=message):
        model.fit(**{"x": X, "y": Y, "verbose": 0, **arguments})
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_labels_out_of_range() -> None:
    model = compiled("sparse_categorical_crossentropy", 3)
    with pytest.raises(ValueError, match="from 0 to 2, got 3"):
        model.fit(X, np.full(10, 3), verbose=0)


def test_token_ids_out_of_range_before_the_first_step() -> None:
    model = Sequential([Embedding(5, 2, input_length=3), LSTM(2), Dense(1)])
    model.compile("sgd", "mse")
    ids = np.zeros((100, 3), int)
    ids[99, 1] = 5
    with pytest.raises(ValueError, match=r"embedding: x: .* from 0 to 4, got 5 at \[99, 1\]"):
        model.fit(ids, np.zeros(100), verbose=0)
    assert model.history is None
    with pytest.raises(ValueError, match=r"x: expected shape \(None, 3\), got \(100, 2\)"):
        model.predict(ids[:, :2])


def test_not_compiled() -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    for call in (model.fit, model.evaluate, model.train_on_batch):
        with pytest.raises(ValueError, match="expected a compiled model: call compile"):
            call(X[:, 0], Y)
    assert model.predict(X[:, 0], verbose=0).shape == (10, 1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"loss": "nope"}, ValueError, "loss: .*'nope'"),
        ({"optimizer": "nope"}, ValueError, "optimizer: .*'nope'"),
        ({"metrics": ["nope"]}, ValueError, "metric: .*'nope'"),
        (
            {"metrics": {"a": "mae"}},
            ValueError,
            "metrics: expected a dict with the keys dense, got a",
        ),
        ({"metrics": [["mae"], {"a": "mse"}]}, TypeError, "metrics: expected a flat list"),
        ({"loss": None, "metrics": ["mae"]}, ValueError, "loss: expected a loss with metrics"),
        ({"loss_weights": True}, TypeError, "loss_weights"),
    ],
)
def test_compile(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Sequential([Dense(1)]).compile(**{"loss": "mse", **arguments})


@pytest.mark.parametrize(
    ("shape", "error", "message"),
    [
        (3, TypeError, "build: input_shape: expected a tuple .*, got 3"),
        ("ab", TypeError, "build: input_shape: expected a tuple .*, got 'ab'"),
        ((None,), TypeError, "build: input_shape: expected a tuple"),
        ((None, -3), ValueError, r"build: input_shape\[1\]: expected a positive integer, got -3"),
        ((None, 3.5), TypeError, r"build: input_shape\[1\]: expected a positive integer, got 3.5"),
    ],
)
def test_build(shape: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Sequential([Dense(1)]).build(shape)


def test_data_that_no_layer_can_be_built_for() -> None:
    for x, message in (
        (np.zeros(3), "dense: x: expected at least 2 axes"),
        (np.zeros((3, 0)), "dense_1: x: expected at least one feature"),
    ):
        with pytest.raises(ValueError, match=message):
            Sequential([Dense(1)]).predict(x)


def test_get_layer_by_no_index() -> None:
    with pytest.raises(TypeError, match="index: expected one below 2, got True"):
        compiled().get_layer(index=True)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("fit", (X, Y)), ("evaluate", (X, Y)), ("predict", (X,)), ("train_on_batch", (X, Y))],
)
def test_unknown_arguments(method: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match="'colour'"):
        getattr(compiled(), method)(*arguments, colour=1)
