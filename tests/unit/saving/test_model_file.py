"""save, load_model, save_weights, load_weights, to_json, clone_model."""

import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnncore
from rnncore import Input, Model, Sequential, layers, metrics, optimizers
from rnncore.layers import (
    GRU,
    LSTM,
    Bidirectional,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Lambda,
    Layer,
    TimeDistributed,
)
from rnncore.losses import Huber
from rnncore.models import clone_model, load_model, model_from_json, save_model
from rnncore.optimizers.schedules import ExponentialDecay
from rnncore.saving.archive import read_archive, write_archive
from rnncore.utils import set_random_seed

X = np.random.default_rng(0).integers(0, 20, (30, 6))
Y = np.random.default_rng(1).standard_normal((30, 1))


def text_model(**names: str) -> Sequential:
    model = Sequential(
        [
            Embedding(20, 4, mask_zero=True),
            Dropout(0.3),
            Bidirectional(LSTM(3, return_sequences=True), **names),
            GRU(3),
            Dense(1),
        ]
    )
    model.compile(optimizers.Adam(ExponentialDecay(0.1, 5, 0.5)), Huber(0.5), metrics=["mae"])
    return model


def trained() -> Sequential:
    model = text_model()
    model.fit(X, Y, 7, epochs=2, verbose=0)
    return model


def bits(model: Any) -> list[bytes]:
    return [weight.tobytes() for weight in model.get_weights()]


def same_predictions(one: Any, other: Any, x: Any) -> None:
    a, b = one.predict(x, verbose=0), other.predict(x, verbose=0)
    if isinstance(a, dict):
        assert list(a) == list(b)
        a, b = list(a.values()), list(b.values())
    for y, z in zip(
        a if isinstance(a, list) else [a], b if isinstance(b, list) else [b], strict=True
    ):
        assert y.dtype == z.dtype and y.tobytes() == z.tobytes()


def test_a_model_comes_back(tmp_path: Path) -> None:
    model, path = trained(), tmp_path / "model.rnnc"
    model.save(path)
    assert os.listdir(tmp_path) == ["model.rnnc"]
    other = load_model(path)
    assert bits(other) == bits(model)
    same_predictions(model, other, X)
    assert [layer.name for layer in other.layers] == [layer.name for layer in model.layers]
    assert other.get_config() == model.get_config()
    assert other.get_compile_config() == model.get_compile_config()
    assert other.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


def test_training_goes_on_with_the_same_bits_in_another_process(tmp_path: Path) -> None:
    model = trained()
    save_model(model, tmp_path / "m.rnnc")
    program = (
        "import sys, numpy as np; from rnncore.models import load_model\n"
        "model = load_model(sys.argv[1])\n"
        "x = np.random.default_rng(0).integers(0, 20, (30, 6))\n"
        "y = np.random.default_rng(1).standard_normal((30, 1))\n"
        "model.fit(x, y, 7, epochs=2, verbose=0)\n"
        "model.save(sys.argv[2])\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "m.rnnc"), str(tmp_path / "n.rnnc")]
    subprocess.run(command, check=True, timeout=100)
    before = bits(model)
    model.fit(X, Y, 7, epochs=2, verbose=0)
    other = load_model(tmp_path / "n.rnnc")
    assert bits(other) == bits(model) != before
    assert other.optimizer.iterations == model.optimizer.iterations == 20
    assert bits(pickle.loads(pickle.dumps(other))) == bits(model)


def test_what_is_left_out(tmp_path: Path) -> None:
    model, path = trained(), tmp_path / "m.rnnc"
    model.save(path, include_optimizer=False)
    other = load_model(path)
    assert other.optimizer is None and bits(other) == bits(model)
    assert not any(name.startswith("optimizer/") for name in read_archive(path).arrays)
    model.save(path)
    assert load_model(path, compile=False).optimizer is None


@pytest.mark.parametrize("compiled", [False, True])
def test_a_model_without_weights(compiled: bool, tmp_path: Path) -> None:
    model = Sequential([LSTM(3), Dense(1)])
    if compiled:
        model.compile("adam", "mse")
    model.save(tmp_path / "m")
    other = load_model(tmp_path / "m")
    assert not other.built and (other.optimizer is not None) == compiled
    assert other.predict(np.ones((2, 4, 3)), verbose=0).shape == (2, 1)
    with pytest.raises(ValueError, match="expected a model with weights"):
        Sequential([Dense(1)]).save_weights(tmp_path / "n")


def graph() -> Any:
    one, other = Input((5, 2), name="one"), Input((5, 3))
    shared = LSTM(4, return_sequences=True, return_state=True, name="shared")
    x = Concatenate()([one, other])
    y, h, c = shared(x)
    again = LSTM(4, name="again")(y, initial_state=[h, c])
    inner_input = Input((4,))
    inner = Model(inner_input, Dense(4, "tanh")(inner_input), name="inner")
    parts = layers.add([inner(h), inner(again)])
    out = Dense(2, name="out")(Dropout(0.5)(parts, training=True))
    return Model({"one": one, "two": other}, {"out": out, "state": c}, name="whole")


def test_graphs(tmp_path: Path) -> None:
    model = graph()
    x = {"one": np.ones((3, 5, 2)), "two": np.ones((3, 5, 3))}
    model.compile("sgd", {"out": "mse"}, metrics={"out": ["mae", metrics.BinaryAccuracy()]})
    model.save(tmp_path / "m")
    other = load_model(tmp_path / "m")
    same_predictions(model, other, x)
    assert [one.name for one in other.layers] == [one.name for one in model.layers]
    assert other.input_names == model.input_names
    assert other.get_config() == model.get_config()
    for one in (model, other):
        one.fit(x, {"out": np.ones((3, 2)), "state": np.ones((3, 4))}, epochs=2, verbose=0)
    assert bits(model) == bits(other)


def test_a_layer_in_two_models_stays_one(tmp_path: Path) -> None:
    x = Input((3,))
    both = Dense(3, name="both")
    inner = Model(x, both(x), name="inner")
    model = Model(x, both(inner(x)))
    model.save(tmp_path / "m")
    other = load_model(tmp_path / "m")
    assert len(other.weights) == len(model.weights) == 2
    same_predictions(model, other, np.ones((2, 3)))
    assert "shared_object_id" in model.to_json() and "shared_object_id" not in graph().to_json()


def test_a_model_that_begins_in_the_middle_of_another() -> None:
    x = Input((3,))
    middle = Dense(4, name="middle")(x)
    model = Model(middle, Dense(2)(middle))
    other = model_from_json(model.to_json())
    other.set_weights(model.get_weights())
    same_predictions(model, other, np.ones((2, 4)))


def test_json_and_clones() -> None:
    for model in (graph(), trained(), Sequential([Dense(2)])):
        set_random_seed(1)
        made = model_from_json(model.to_json(indent=1))
        set_random_seed(1)
        clone = clone_model(model)
        assert type(made) is type(clone) is type(model)
        assert made.get_config() == clone.get_config() == model.get_config()
        if model.built:
            assert bits(made) == bits(clone) != bits(model)
            assert not {id(w) for w in clone.weights} & {id(w) for w in model.weights}
    json.loads(trained().to_json())


def test_clone_function() -> None:
    def wider(layer: Layer) -> Layer:
        return Dense(4, name=layer.name) if layer.name == "inner" else clone(layer)

    def clone(layer: Layer) -> Layer:
        return type(layer).from_config(layer.get_config())

    model = Sequential([Input((3,)), Dense(2, name="inner"), Dense(1)])
    assert clone_model(model, clone_function=wider).layers[0].units == 4
    x = Input((3,))
    other = clone_model(Model(x, Dense(2, name="inner")(x)), clone_function=wider)
    assert other.output_shape == (None, 4)
    with pytest.raises(TypeError, match="clone_function: expected a layer for 'inner', got 3"):
        clone_model(model, clone_function=lambda layer: 3)
    with pytest.raises(ValueError, match="input_tensors: expected None"):
        clone_model(model, [x])


def test_weights_alone(tmp_path: Path) -> None:
    model, path = trained(), tmp_path / "w.rnnc"
    model.save_weights(path)
    other = text_model(name="another_name")
    other.build((None, 6))
    other.load_weights(path)
    assert bits(other) == bits(model)
    names = list(read_archive(path).arrays)
    assert "weights/bidirectional/lstm_1/recurrent_kernel" in names
    with pytest.raises(ValueError, match="got one with only weights"):
        load_model(path)
    double = Sequential([Embedding(20, 4), GRU(3)], dtype="float64")
    double.build((None, 6))
    half = Sequential([Embedding(20, 4), GRU(3)])
    half.build((None, 6))
    half.save_weights(path)
    double.load_weights(path)
    np.testing.assert_array_equal(double.get_weights()[1], half.get_weights()[1])


def test_weights_of_another_model(tmp_path: Path) -> None:
    model, path = trained(), tmp_path / "w.rnnc"
    model.save_weights(path)
    other = Sequential([Embedding(20, 4), GRU(3), Dense(2)], name="mine")
    other.build((None, 6))
    before = bits(other)
    message = r"'mine', got others: gru/kernel has shape \(4, 9\), in the file \(6, 9\)"
    with pytest.raises(ValueError, match=message):
        other.load_weights(path)
    assert bits(other) == before
    with pytest.warns(UserWarning, match=r"dense/bias has shape \(2,\), in the file \(1,\)"):
        other.load_weights(path, skip_mismatch=True)
    after = bits(other)
    assert after[0] == bits(model)[0] and after[-1] == before[-1]


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".weights.h5", ".H5"])
def test_names_of_other_formats(suffix: str, tmp_path: Path) -> None:
    model = trained()
    with pytest.warns(UserWarning, match=r"^save: filepath: .* which Keras cannot read") as caught:
        model.save(tmp_path / f"m{suffix}")
    assert caught[0].filename == __file__
    again = load_model(tmp_path / f"m{suffix}")
    assert bits(again) == bits(model)
    with pytest.warns(UserWarning, match=r"^save_weights: filepath: ") as caught:
        model.save_weights(tmp_path / f"w{suffix}")
    assert caught[0].filename == __file__
    again.load_weights(tmp_path / f"w{suffix}")


def test_overwrite(tmp_path: Path) -> None:
    model, path = trained(), tmp_path / "m"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError, match="save: filepath: expected a new file"):
        model.save(path, overwrite=False)
    assert path.read_bytes() == b"old"
    model.save(path)
    assert bits(load_model(path)) == bits(model)


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, path = trained(), tmp_path / "m"
    model.save(path)
    old = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        model.save(path)
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["m"] and path.read_bytes() == old
    with pytest.raises(OSError, match="a folder"):
        model.save(tmp_path)
    with pytest.raises(FileNotFoundError):
        model.save(tmp_path / "none" / "m")
    assert os.listdir(tmp_path) == ["m"]


def test_frozen_layers_and_dtypes(tmp_path: Path) -> None:
    model = Sequential([Dense(3, trainable=False), Dense(1)], dtype="float64")
    model.build((None, 2))
    model.save(tmp_path / "m")
    other = load_model(tmp_path / "m")
    assert [one.trainable for one in other.layers] == [False, True]
    assert {weight.dtype for weight in other.weights} == {np.dtype("float64")}


def test_one_direction_frozen_alone(tmp_path: Path) -> None:
    model = Sequential([Bidirectional(LSTM(2), input_shape=(3, 2))])
    model.layers[0].backward_layer.trainable = False
    model.save(tmp_path / "m")
    for other in (load_model(tmp_path / "m"), clone_model(model)):
        assert [w.trainable for w in other.weights] == [True] * 3 + [False] * 3
    model.trainable = False
    model.save(tmp_path / "m")
    assert not load_model(tmp_path / "m").trainable_weights


def test_functions_have_to_be_known(tmp_path: Path) -> None:
    path = tmp_path / "m"
    model = Sequential([TimeDistributed(Lambda(np.tanh, name="t"), input_shape=(4, 2)), GRU(1)])
    model.save(path)
    same_predictions(model, load_model(path, {"tanh": np.tanh}), np.ones((1, 4, 2)))
    odd = Sequential([Lambda(doubled, arguments={"a": object()}, name="t"), Dense(1)])
    with pytest.raises(TypeError, match="t: arguments: expected values"):
        odd.save(path)
    model = Sequential([Lambda(doubled, input_shape=(2,), name="twice"), Dense(1)])
    model.compile("sgd", "mse", metrics=[largest])
    model.save(path)
    with pytest.raises(ValueError, match=r"m: the model .*register_keras_serializable.* 'doubled'"):
        load_model(path)
    objects = {"doubled": doubled, "largest": largest}
    other = load_model(path, custom_objects=objects)
    same_predictions(model, other, np.ones((3, 2)))
    lambdas = Sequential([Lambda(lambda x: x, name="odd")])
    with pytest.raises(ValueError, match="odd: function: expected a function with a name"):
        lambdas.save(tmp_path / "n")
    assert os.listdir(tmp_path) == ["m"]


def doubled(x: Any) -> Any:
    return 2 * x


def largest(y: Any, prediction: Any) -> Any:
    return np.max(np.abs(y - prediction), axis=-1)


def rewritten(path: Path, change: dict[str, Any], arrays: dict[str, Any] | None = None) -> None:
    metadata, found = read_archive(path)
    del metadata["crc32"]
    write_archive(path, {**metadata, **change}, {**found, **(arrays or {})})


def test_versions(tmp_path: Path) -> None:
    model, path = trained(), tmp_path / "m"
    model.save(path)
    rewritten(path, {"version": "1.7", "new": "{}"}, {"rnncore/program": np.zeros(3, np.uint8)})
    assert bits(load_model(path)) == bits(model)
    for version in ("2.0", "0.9", "1", "one", "", "1.x", "12345678901.0"):
        rewritten(path, {"version": version})
        with pytest.raises(ValueError, match=f"expected format version 1.x, got '{version}'"):
            load_model(path)
    rewritten(path, {"version": "1.0", "format": "pt"})
    with pytest.raises(ValueError, match="expected a file of rnncore, got one of pt"):
        model.load_weights(path)


def test_arguments_of_later_versions(tmp_path: Path) -> None:
    """One that has its default is left out; another value is refused by the name."""
    model, path = trained(), tmp_path / "m"
    model.save(path)
    found = json.loads(read_archive(path).metadata["model"])
    layer = found["config"]["layers"][-1]
    assert "use_bias" in layer["defaults"] and "units" not in layer["defaults"]
    layer["config"]["later"] = "x"
    layer["defaults"].append("later")
    rewritten(path, {"model": json.dumps(found)})
    assert bits(load_model(path)) == bits(model)
    assert model_from_json(json.dumps(found)).built
    layer["defaults"].remove("later")
    rewritten(path, {"model": json.dumps(found)})
    with pytest.raises(ValueError, match=r"m: the model cannot be made: Dense: .*got 'later'"):
        load_model(path)
    for nonsense in (3, [3], {"a": 1}, [["later"]]):
        layer["defaults"] = nonsense
        rewritten(path, {"model": json.dumps(found)})
        with pytest.raises(ValueError, match="got 'later'"):
            load_model(path)


def test_the_safetensors_package_opens_a_file(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors")
    model, path = trained(), tmp_path / "m.rnnc"
    model.save(path)
    with safetensors.safe_open(path, framework="np") as file:
        assert file.metadata()["format"] == "rnncore"
        np.testing.assert_array_equal(
            file.get_tensor("weights/dense/bias"), model.get_weights()[-1]
        )
        assert set(file.keys()) == set(read_archive(path).arrays)


def test_loading_draws_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = trained()
    model.save(tmp_path / "m", include_optimizer=False)

    def drawn(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(rnncore.initializers.Initializer, "__call__", drawn)
    assert bits(load_model(tmp_path / "m")) == bits(model)


def test_importing_stays_cheap() -> None:
    program = "import sys, rnncore; assert 'rnncore.saving' not in sys.modules; rnncore.saving"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=100)


def test_files_of_keras_are_said_to_be_some(tmp_path: Path) -> None:
    hdf5, archive, other = tmp_path / "model.h5", tmp_path / "model.keras", tmp_path / "x.npz"
    hdf5.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("metadata.json", "{}")
    np.savez(other, x=X)
    model = text_model()
    model.build((None, 6))
    for read in (load_model, model.load_weights):
        with pytest.raises(ValueError, match=r"model.h5: .* got one of HDF5, as Keras writes"):
            read(hdf5)
        with pytest.raises(ValueError, match=r"model.keras: .* got one of Keras \(.keras\); set_w"):
            read(archive)
        with pytest.raises(ValueError, match=r"x.npz: .* got a different or damaged one"):
            read(other)
