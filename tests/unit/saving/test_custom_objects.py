"""Classes and functions of one's own in configurations and files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncore import Sequential, initializers, regularizers, saving
from rnncore.layers import LSTM, Dense, Layer, TimeDistributed
from rnncore.losses import MeanSquaredError
from rnncore.models import load_model
from rnncore.optimizers import SGD
from rnncore.optimizers.schedules import LearningRateSchedule
from rnncore.regularizers import Regularizer


@saving.register_keras_serializable(package="Tests")
class Scaled(Layer):
    """Needs no code for its configuration."""

    def __init__(self, factor: float, *, kind: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._times = factor

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        return x * x.dtype.type(self._times), None

    def backward(self, tape: Any, dy: Any, *, need_dx: bool = True) -> Any:
        return dy * dy.dtype.type(self._times)


class Shifted(Dense):
    """Written as programs for Keras write it."""

    def __init__(self, units: int, shift: Any = "zeros", **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.shift = initializers.get(shift)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update({"shift": initializers.serialize(self.shift)})
        return config


class Wide(LSTM):
    """Passes something else on than it gets."""

    def __init__(self, half: int, **kwargs: Any) -> None:
        super().__init__(2 * half, return_sequences=True, **kwargs)


class Wrapper(TimeDistributed):
    """Makes its own layer from a configuration, as wrappers for Keras do."""

    @classmethod
    def from_config(cls, config: Any) -> Any:
        layer = saving.deserialize_keras_object(config.pop("layer"))
        return cls(layer, **config)


class Small(Regularizer):
    def __init__(self, strength: float = 0.5) -> None:
        self.strength = strength

    def value(self, weight: Any) -> float:
        return self.strength * float(weight.sum())

    def grad(self, weight: Any) -> Any:
        return np.full_like(weight, self.strength)


class Falling(LearningRateSchedule):
    def __init__(self, start: float) -> None:
        self.start = start

    def __call__(self, step: int) -> float:
        return self.start / (1 + step)


class Slow(SGD):
    pass


class Squares(MeanSquaredError):
    pass


class Head(Sequential):
    """A model with a constructor of its own."""

    def __init__(self, units: int) -> None:
        super().__init__([Dense(units, input_shape=(3,)), Dense(1)], name="head")
        self.units = units


class Open(Sequential):
    """One that does not say the shape of its input."""

    def __init__(self, units: int) -> None:
        super().__init__([Dense(units)])


OBJECTS = {
    cls.__name__: cls for cls in (Shifted, Wide, Wrapper, Small, Falling, Slow, Squares, Head)
}


def model() -> Sequential:
    made = Sequential(
        [
            Wide(2, input_shape=(4, 3), name="wide"),
            Scaled(0.5, name="mine"),
            Wrapper(Shifted(3, shift=initializers.Constant(2.0), kernel_regularizer=Small(0.25))),
            Dense(1, kernel_regularizer=regularizers.L2(0.5)),
        ]
    )
    made.compile(Slow(Falling(0.25)), Squares())
    return made


def test_files_hold_them(tmp_path: Path) -> None:
    one, path = model(), tmp_path / "m"
    x = np.ones((2, 4, 3))
    one.fit(x, np.ones((2, 4, 1)), epochs=2, verbose=0)
    one.save(path)
    with pytest.raises(ValueError, match=r"custom_objects, got 'Wide' of .*test_custom_objects'"):
        load_model(path)
    other = load_model(path, OBJECTS)
    assert [type(layer) for layer in other.layers] == [type(layer) for layer in one.layers]
    assert other.get_layer("mine").get_config() == one.get_layer("mine").get_config()
    assert type(other.optimizer) is Slow and other.optimizer.learning_rate == 0.25 / 3
    for each in (one, other):
        each.fit(x, np.ones((2, 4, 1)), epochs=1, verbose=0)
    assert other.predict(x, verbose=0).tobytes() == one.predict(x, verbose=0).tobytes()
    with saving.custom_object_scope(OBJECTS):
        load_model(path)
    with pytest.raises(ValueError, match="Wide"):
        load_model(path)


def test_configurations_of_ones_own_classes() -> None:
    config = Scaled(0.25, kind="a", name="n", trainable=False).get_config()
    assert config.items() >= {"factor": 0.25, "kind": "a", "name": "n", "trainable": False}.items()
    assert Scaled.from_config(config).get_config() == config
    layer = Wide(3)
    layer.trainable = False
    assert layer.get_config() == {
        "half": 3,
        "name": layer.name,
        "trainable": False,
        "dtype": "float32",
    }
    assert Wide.from_config(layer.get_config()).units == 6
    config = Shifted(3).get_config()
    assert config["units"] == 3 and config["shift"]["class_name"] == "Zeros"
    assert isinstance(Shifted.from_config(config).shift, initializers.Zeros)


def test_models_with_a_constructor_of_their_own(tmp_path: Path) -> None:
    one = Head(4)
    assert one.get_config()["units"] == 4
    one.save(tmp_path / "m")
    other = load_model(tmp_path / "m", OBJECTS)
    assert type(other) is Head and other.units == 4
    assert other.get_weights()[0].tobytes() == one.get_weights()[0].tobytes()
    two = Open(4)
    two.save(tmp_path / "m")
    assert not load_model(tmp_path / "m", {"Open": Open}).built
    two.predict(np.ones((2, 3)), verbose=0)
    two.save(tmp_path / "m")
    other = load_model(tmp_path / "m", {"Open": Open})
    assert other.get_weights()[0].tobytes() == two.get_weights()[0].tobytes()


def test_the_registry() -> None:
    @saving.register_keras_serializable("Tests", "other")
    def function(x: Any) -> Any:
        return x

    assert saving.get_registered_name(function) == "Tests>other"
    assert saving.get_registered_object("Tests>other") is function
    assert saving.get_custom_objects()["Tests>other"] is function
    found = saving.deserialize_keras_object(saving.serialize_keras_object(function))
    assert found is function
    del saving.get_custom_objects()["Tests>other"]
    assert saving.get_registered_object("Tests>other") is None
    for thing in (3, object()):
        with pytest.raises(TypeError, match="expected a class or a function"):
            saving.register_keras_serializable()(thing)
    with pytest.raises(TypeError, match="expected a class with get_config"):
        saving.register_keras_serializable()(int)
    with pytest.raises(TypeError, match="expected strings"):
        saving.register_keras_serializable(Scaled)
    with pytest.raises(TypeError, match="custom_objects: expected a dict by names"):
        load_model("none", custom_objects=[Scaled]) if False else saving.custom_object_scope(
            [Scaled]  # type: ignore[arg-type]
        ).__enter__()


def test_positional_arguments_without_names_are_refused() -> None:
    class Many(Layer):
        def __init__(self, *sizes: int) -> None:
            super().__init__()

        def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> Any:
            return x

    assert "trainable" not in Many().get_config()
    with pytest.raises(TypeError, match=r"Many: \*sizes: expected arguments with names"):
        Many(1, 2).get_config()


def test_no_function_is_called_for_a_file() -> None:
    def never(**arguments: Any) -> None:
        raise AssertionError

    for record in (
        {"class_name": "never", "config": {"a": 1}},
        {"module": "m", "class_name": "x", "config": {}, "registered_name": "never"},
    ):
        with pytest.raises(ValueError, match="expected a class, got <function"):
            saving.deserialize_keras_object(record, {"never": never})


def test_a_function_of_the_library_is_not_code() -> None:
    """A file may name classes of the library that have a configuration, and nothing else."""
    for module, name in (
        ("rnncore.layers", "add"),
        ("rnncore.saving", "save_model"),
        ("os", "system"),
        ("builtins", "eval"),
        ("rnncore.layers", "Tape"),
        (None, "system"),
    ):
        for record in (
            {"module": module, "class_name": "function", "config": name},
            {"module": module, "class_name": name, "config": {}},
        ):
            with pytest.raises(ValueError, match=f"got '{name}'"):
                saving.deserialize_keras_object(record)


def test_an_own_class_does_not_stand_in_for_the_librarys_of_the_same_name() -> None:
    own = type("Dense", (Dense,), {"__module__": "elsewhere"})
    for layer in (Dense(2), own(2)):
        again = saving.deserialize_keras_object(
            saving.serialize_keras_object(layer), {"Dense": own}
        )
        assert type(again) is type(layer)
