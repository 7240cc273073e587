"""Every public class comes back from its configuration, with every argument that it takes."""

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from rnncore import (
    Input,
    Model,
    activations,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
)
from rnncore.models import load_model
from rnncore.optimizers import schedules
from rnncore.saving import deserialize_keras_object, serialize_keras_object
from rnncore.saving.text import from_text, to_text
from rnncore.utils._config import Configurable, constructor_arguments


def half(x: Any, y: Any = None) -> Any:
    return x


# What classes cannot do without. A new class that needs something else than 0.5 belongs here.
NEEDED: dict[str, dict[str, Any]] = {
    "Activation": {"activation": "tanh"},
    "AveragePooling1D": {"pool_size": 2},
    "AveragePooling2D": {"pool_size": 2},
    "Bidirectional": {"layer": layers.LSTM(2, name="inner")},
    "ConstantOperation": {"operation": "add", "constant": 0.5},
    "Conv1D": {"filters": 2, "kernel_size": 2},
    "Conv1DTranspose": {"filters": 2, "kernel_size": 2},
    "Conv2D": {"filters": 2, "kernel_size": 2},
    "CosineDecay": {"initial_learning_rate": 0.5, "decay_steps": 7},
    "Dense": {"units": 2},
    "Dot": {"axes": 1},
    "Dropout": {"rate": 0.5},
    "Embedding": {"input_dim": 3, "output_dim": 2},
    "ExponentialDecay": {"initial_learning_rate": 0.5, "decay_steps": 7, "decay_rate": 0.5},
    "FunctionMetric": {"function": half},
    "GRU": {"units": 2},
    "GRUCell": {"units": 2},
    "GetItem": {"key": [[None, None, None], 1]},
    "InputLayer": {"batch_shape": (None, 3)},
    "LSTM": {"units": 2},
    "LSTMCell": {"units": 2},
    "Lambda": {"function": half},
    "LossMetric": {"loss": losses.Huber(0.5)},
    "MaxPooling2D": {"pool_size": 2},
    "InverseTimeDecay": {"initial_learning_rate": 0.5, "decay_steps": 7, "decay_rate": 0.5},
    "CosineDecayRestarts": {"initial_learning_rate": 0.5, "first_decay_steps": 7},
    "PolynomialDecay": {"initial_learning_rate": 0.5, "decay_steps": 7},
    "Optimizer": {"learning_rate": 0.5},
    "Permute": {"dims": (2, 1)},
    "PiecewiseConstantDecay": {"boundaries": [4], "values": [0.5, 0.25]},
    "RNN": {"cell": layers.LSTMCell(2, name="inner")},
    "RepeatVector": {"n": 2},
    "Reshape": {"target_shape": (2, 3)},
    "SimpleRNN": {"units": 2},
    "SimpleRNNCell": {"units": 2},
    "SpatialDropout1D": {"rate": 0.5},
    "StackedRNNCells": {"cells": [layers.LSTMCell(2, name="a"), layers.GRUCell(3, name="b")]},
    "TensorOperation": {"operation": "subtract"},
    "TimeDistributed": {"layer": layers.Dense(2, name="inner")},
}

# Bases of users' classes, which need methods; models, which have tests of their own.
LEFT_OUT: set[Any] = {
    activations.Activation,
    layers.AbstractRNNCell,
    layers.Layer,
    models.Functional,
    models.Model,
    models.Sequential,
}

# Arguments that say nothing about the object: they change how Keras computes.
UNSAID = {
    "data_format",
    "implementation",
    "synchronized",
    "use_cudnn",
}

CANDIDATES: list[Any] = [
    True,
    False,
    3,
    0.25,
    (3,),
    (None, 4, 5),
    losses.MeanAbsoluteError(),
    "tanh",
    "ones",
    "l2",
    "max_norm",
    "same",
    "sum",
    "mul",
    "uniform",
    "fan_out",
    "variance_weighted_average",
    regularizers.L1(0.5),
    constraints.MaxNorm(0.5),
    initializers.RandomUniform(seed=3),
    schedules.ExponentialDecay(0.5, 3, 0.5),
    [0.25],
]


def public_classes() -> Iterator[Any]:
    modules: list[ModuleType] = [
        activations,
        constraints,
        initializers,
        layers,
        losses,
        metrics,
        models,
        optimizers,
        regularizers,
        schedules,
    ]
    seen = set()
    for module in modules:
        for name, cls in sorted(vars(module).items()):
            if name.startswith("_") or not inspect.isclass(cls) or cls in seen:
                continue
            seen.add(cls)
            if issubclass(cls, Configurable) and cls is not Configurable:
                yield pytest.param(cls, id=f"{module.__name__}.{name}")


CLASSES = [param for param in public_classes() if param.values[0] not in LEFT_OUT]


def made(cls: Any, **arguments: Any) -> Any:
    return cls(**{**needed(cls), **arguments})


def needed(cls: Any) -> dict[str, Any]:
    """Return what the constructor cannot do without: numbers, where nothing else is said."""
    if cls.__name__ in NEEDED:
        return NEEDED[cls.__name__]
    empty = inspect.Parameter.empty
    names = [name for name, default in constructor_arguments(cls).items() if default is empty]
    return dict.fromkeys(names, 0.5)


def without_name(config: Any) -> str:
    return json.dumps({key: value for key, value in config.items() if key != "name"}, default=repr)


def check_round_trip(thing: Any) -> None:
    config = thing.get_config()
    text = to_text("test", config)
    assert json.loads(text) is not None
    objects = {"half": half}
    again = type(thing).from_config(from_text(text)) if "half" not in text else None
    record = serialize_keras_object(thing)
    if not isinstance(record, str):
        other = deserialize_keras_object(from_text(to_text("test", record)), objects)
        assert type(other) is type(thing) and other.get_config() == config
    if again is not None:
        assert again.get_config() == config


@pytest.mark.parametrize("cls", CLASSES)
def test_a_class_comes_back(cls: Any) -> None:
    check_round_trip(made(cls))


@pytest.mark.parametrize("every_value", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("cls", CLASSES)
def test_no_argument_is_forgotten(cls: Any, every_value: bool) -> None:
    """Whatever value a constructor takes instead of the default, the configuration tells it."""
    usual = without_name(made(cls).get_config())
    checked = 0
    for argument in constructor_arguments(cls):
        for candidate in CANDIDATES:
            if argument in UNSAID | cls.left_out() or argument == "name":
                continue
            try:
                thing = made(cls, **{argument: candidate})
            except (TypeError, ValueError):
                continue
            same = made(cls, **{argument: candidate})
            given = needed(cls).get(argument)
            default = constructor_arguments(cls)[argument]
            if any(_equal(candidate, other) for other in (given, default)):
                continue
            assert without_name(thing.get_config()) == without_name(same.get_config())
            assert without_name(thing.get_config()) != usual, (argument, candidate)
            check_round_trip(thing)
            checked += 1
            if not every_value:
                break
    needs_none = {"activation", "Activation"}
    assert checked or len(constructor_arguments(cls)) <= 1 or cls.__name__ in needs_none


def _equal(value: Any, other: Any) -> bool:
    """Whether two arguments mean the same: also names and objects of the same kind."""
    if other is None or value is None:
        return value is other
    if isinstance(other, bool):
        return value is other
    try:
        return bool(value == other)
    except ValueError:
        return False


LAYERS = [
    param
    for param in CLASSES
    if issubclass(param.values[0], layers.Layer)
    and not param.values[0].__name__.endswith(("Cell", "Cells"))
    and param.values[0] is not layers.InputLayer
]


def in_a_model(layer: Any) -> Any:
    """A graph with the layer in it, for the first shape of an input that it takes."""
    for shape in ((6, 4), (6,), (5, 6, 3), (4, 6, 6, 3)):
        inputs = [Input(shape) for _ in range(2)]
        for given in (inputs[0], inputs):
            try:
                outputs = layer(given)
            except (TypeError, ValueError):
                continue
            return Model(given, list(outputs) if isinstance(outputs, tuple) else outputs)
    raise AssertionError(f"{layer} takes none of the inputs")


@pytest.mark.parametrize("cls", LAYERS)
def test_a_layer_in_a_file(cls: Any, tmp_path: Path) -> None:
    if cls is layers.Permute:
        layer = layers.Permute((2, 1))
    elif cls is layers.Reshape:
        layer = layers.Reshape((4, 6))
    else:
        layer = made(cls)
    model = in_a_model(layer)
    x = [np.random.default_rng(0).integers(0, 3, (2, *t.shape[1:])) for t in model.inputs]
    model.save(tmp_path / "m")
    other = load_model(tmp_path / "m", {"half": half})
    expected = model.predict(x if len(x) > 1 else x[0], verbose=0)
    found = other.predict(x if len(x) > 1 else x[0], verbose=0)
    for a, b in zip(np.atleast_1d(expected), np.atleast_1d(found), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [w.shape for w in other.weights] == [w.shape for w in model.weights]


def test_names_survive() -> None:
    for thing in (layers.LSTM(2, name="mine"), losses.Huber(name="mine"), metrics.Mean("mine")):
        assert type(thing).from_config(thing.get_config()).name == "mine"


def test_what_was_changed_since_is_told() -> None:
    layer = layers.Dense(2, "relu")
    layer.activation = activations.get("tanh")
    layer.trainable = False
    layer.name = "other"
    config = layer.get_config()
    assert (config["activation"], config["trainable"], config["name"]) == ("tanh", False, "other")
    optimizer = optimizers.SGD(0.5)
    optimizer.learning_rate = 0.25
    assert optimizer.get_config()["learning_rate"] == 0.25


def test_a_program_may_change_a_configuration() -> None:
    config = layers.LSTM(4, return_sequences=True).get_config()
    config["units"] = 7
    layer = layers.LSTM.from_config(config)
    assert layer(np.zeros((1, 2, 3))).shape == (1, 2, 7)


def test_configurations_stand_for_objects() -> None:
    config = {"class_name": "RandomUniform", "config": {"minval": 0.5, "maxval": 0.5}}
    layer = layers.Dense(2, kernel_initializer=config)
    np.testing.assert_array_equal(layer(np.ones((1, 1))), 0.5)
    assert optimizers.get({"class_name": "SGD", "config": {"learning_rate": 0.5}}).learning_rate
    assert losses.get({"class_name": "Huber", "config": {"delta": 0.5}}).delta == 0.5
    assert metrics.deserialize(metrics.serialize(metrics.BinaryAccuracy("a", 0.25))).name == "a"
    assert activations.serialize(activations.get("relu")) == "relu"
    with pytest.raises(ValueError, match=r"initializer: expected one of .* got 'Nothing'"):
        initializers.get({"class_name": "Nothing", "config": {}})
