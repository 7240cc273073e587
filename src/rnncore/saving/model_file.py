"""A model in a file: structure, weights, the settings and state of training, and checkpoints."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._context import supplied_by
from rnncore.layers._members import walk
from rnncore.layers.layer import Layer
from rnncore.saving.archive import understood
from rnncore.saving.runtime_file import PROGRAM, RuntimeProgram
from rnncore.saving.text import from_text, to_text
from rnncore.saving.weights import (
    assign,
    checked_path,
    fitting_weights,
    read_file,
    weight_arrays,
    write_file,
)
from rnncore.utils._config import (
    constructor_arguments,
    deserialize,
    read_as_one,
    record,
    records_in,
    serialize,
    written_as_one,
)
from rnncore.utils._registry import custom_object_scope, library_class


def save_model(
    model: Any,
    filepath: str | os.PathLike[str],
    overwrite: bool = True,
    include_optimizer: bool = True,
    runtime: bool = False,
) -> None:
    """Same as ``model.save``."""
    path = checked_path("save", filepath, overwrite)
    metadata, sections = model_sections(model, include_optimizer)
    if not runtime:
        write_file(path, metadata, sections)
        return
    program = RuntimeProgram(model)
    sections = {**sections, **program.sections}
    write_file(path, metadata, sections, (PROGRAM, program))


def model_sections(
    model: Any, include_optimizer: bool = True, *, structure: bool = True
) -> tuple[dict[str, str], dict[str, dict[str, NDArray[Any]]]]:
    """Return the texts and arrays of a model's file; without `structure` only its state."""
    metadata = {"model": model_text(model)} if structure else {}
    sections = {"weights": weight_arrays(model)} if model.built else {}
    if include_optimizer and model.optimizer is not None:
        if structure:
            metadata["compile"] = _compile_text(model)
        if model.built:
            state, sections["optimizer"] = training_state(model)
            metadata["training"] = to_text("save", state)
    return metadata, sections


def check_storable(model: Any) -> None:
    """Raise the ValueError or TypeError that saving would raise, before training."""
    model_text(model)
    if model.optimizer is not None:
        _compile_text(model)


def _compile_text(model: Any) -> str:
    return to_text("compile", _with_defaults(serialize(model.get_compile_config())))


def model_text(model: Any, **options: Any) -> str:
    """Return the configuration of a model as JSON; `options` are those of `json.dumps`."""
    found = _with_defaults(written_as_one(lambda: record(model)))
    return to_text(model.name, found, **options)


def _with_defaults(config: Any) -> Any:
    """List, in the record of every rnncore class, the arguments at their defaults.

    A version that does not know such an argument behaves as by its default.
    """
    for one in records_in(config):
        cls = library_class(one.get("module"), one.get("class_name"))
        if cls is not None:
            defaults = constructor_arguments(cls)
            one["defaults"] = [
                name
                for name, value in one["config"].items()
                if name in defaults and _same(value, defaults[name])
            ]
    return config


def _same(value: Any, default: Any) -> bool:
    plain = (type(None), bool, int, float, str)
    return isinstance(value, plain) and type(value) is type(default) and value == default


def model_of_text(text: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a model from what `model_text` returned."""
    found = from_text(text)
    if not isinstance(found, dict) or not {"class_name", "config"} <= set(found):
        raise ValueError("expected the configuration of a model")
    with custom_object_scope(custom_objects or {}):
        model = read_as_one(lambda: deserialize(found))
    if not hasattr(model, "compile"):
        raise ValueError(f"expected a model, got {type(model).__name__}")
    return model


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Load a model from a file written by `save`.

    Parameters
    ----------
    filepath : str or path
    custom_objects : dict of str to class or function, optional
        Names that the file may use besides rnncore's own classes and those registered by
        `register_keras_serializable`.
    compile : bool, default True
        Whether to compile the model as it was and restore the state of its optimizer.
    safe_mode : bool, default True
        Without effect, as files hold no code.

    Returns
    -------
    Model
        With the weights of the file, bit for bit.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it holds no model, is damaged, has a newer major version, or names an unknown class or
        function.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.layers import LSTM, Dense
    >>> from rnncore.models import load_model
    >>> model = Sequential([LSTM(4, input_shape=(5, 2)), Dense(1)])
    >>> x = np.ones((3, 5, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.rnnc")
    ...     model.save(path)
    ...     other = load_model(path)
    >>> bool((other.predict(x, verbose=0) == model.predict(x, verbose=0)).all())
    True
    """
    archive = read_file(filepath)
    path, weights = os.fspath(filepath), archive.section("weights")
    if "model" not in archive.metadata:
        raise ValueError(
            f"{path}: expected the file of a whole model, got one with only weights: make the "
            "model and call load_weights"
        )
    with custom_object_scope(custom_objects or {}), understood(path, "the model cannot be made"):
        with supplied_by(_Supply(weights)):
            model = model_of_text(archive.metadata["model"])
        if model.built or weights:
            assign(fitting_weights(path, model, weights))
        if compile and "compile" in archive.metadata:
            model.compile_from_config(from_text(archive.metadata["compile"]))
            if "training" in archive.metadata:
                state = from_text(archive.metadata["training"])
                fitting_state(path, model, state, archive.section("optimizer"))()
    return model


class _Supply:
    """Replaces the initializers while a model is made whose weights come from a file.

    It also stops a configuration that needs more memory than the file has weights.
    """

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self._left = sum(array.size for array in weights.values())

    def __call__(self, owner: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        size = math.prod(shape)
        if size > self._left:
            raise ValueError(f"{owner}: expected the weights of the file, got larger ones")
        self._left -= size
        return np.zeros(shape, dtype)


def save_weights(model: Any, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Same as ``model.save_weights``."""
    path = checked_path("save_weights", filepath, overwrite)
    if not model.built:
        raise ValueError(
            f"save_weights: expected a model with weights, got {model.name!r}: build it"
        )
    write_file(path, {}, {"weights": weight_arrays(model)})


def load_weights(model: Any, filepath: str | os.PathLike[str], skip_mismatch: bool = False) -> None:
    """Same as ``model.load_weights``."""
    weights = read_file(filepath).section("weights")
    path = os.fspath(filepath)
    assign(fitting_weights(path, model, weights, skip_mismatch=skip_mismatch))


# -- checkpoints ---------------------------------------------------------------------------------


def save_checkpoint(
    path: str | os.PathLike[str],
    model: Any,
    epoch: int,
    *,
    weights_only: bool = False,
    whole_model: bool = False,
    extra: Mapping[str, Any] | None = None,
    arrays: Mapping[str, NDArray[Any]] | None = None,
) -> None:
    """Write the state of a model in training; `path` is replaced as a whole.

    The file is that of `model.save`, with or without its sections, plus the epoch and the states of
    stateful layers; see docs/model-files.md.

    Parameters
    ----------
    path : str or path
    model : Model
        Built, and compiled unless `weights_only`.
    epoch : int
        The epoch to resume with.
    weights_only : bool, default False
        Whether to leave out the state of optimizer, shuffling, dropout and stateful layers.
    whole_model : bool, default False
        Whether to include the model's structure, for `load_model`.
    extra : mapping, optional
        Further content for the JSON.
    arrays : mapping of str to ndarray, optional
        Further arrays.

    Raises
    ------
    OSError
        If the file cannot be written; an existing file is kept.
    """
    beside = serialize({"epoch": epoch, "extra": dict(extra or {})})
    metadata, sections = model_sections(model, not weights_only, structure=whole_model)
    metadata["checkpoint"] = to_text("extra", beside)
    sections["callbacks"] = dict(arrays or {})
    if not weights_only:
        sections["states"] = state_arrays(model)
    write_file(path, metadata, sections)


class Checkpoint:
    """The content of a file of `save_checkpoint`; the constructor reads and checks it.

    Parameters
    ----------
    path : str or path

    Attributes
    ----------
    epoch : int
        The epoch to resume with.
    extra : dict
    arrays : dict of str to ndarray

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not a checkpoint, is damaged, or has a newer major version.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._archive = read_file(path)
        metadata = self._archive.metadata
        if "checkpoint" not in metadata:
            raise ValueError(f"{self._path}: expected a checkpoint, got a file without an epoch")
        with understood(self._path, "the checkpoint is broken"):
            found = from_text(metadata["checkpoint"])
            self._state = from_text(metadata["training"]) if "training" in metadata else None
            epoch, self.extra = found["epoch"], found["extra"]
            if not isinstance(epoch, int) or epoch < 0 or not isinstance(self.extra, dict):
                raise ValueError(f"its epoch is {epoch!r}")
            self.epoch: int = epoch
        callbacks = self._archive.section("callbacks")
        self.arrays = {name: array.copy() for name, array in callbacks.items()}

    def restore(self, model: Any) -> None:
        """Restore the state of a model.

        Raises
        ------
        ValueError
            If the file is of a different model or optimizer. Nothing has been changed then.
        """
        section = self._archive.section
        fitting = fitting_weights(self._path, model, section("weights"))
        states = fitting_states(self._path, model, section("states"))
        restore_state = None
        if self._state is not None:
            slots = section("optimizer")
            restore_state = fitting_state(self._path, model, self._state, slots)
        assign(fitting)
        if restore_state is not None:
            restore_state()
        for layer, arrays in states:
            layer.reset_state(arrays)


def load_checkpoint(model: Any, path: str | os.PathLike[str]) -> int:
    """Restore the state of a model from a file of `ModelCheckpoint`.

    Parameters
    ----------
    model : Model
        Built and, unless the file only holds weights, compiled with the same kind of optimizer.
    path : str or path

    Returns
    -------
    int
        The epoch to resume with, the `initial_epoch` of `fit`.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If the file is not a checkpoint, is damaged, or is of a different model. Nothing has been
        changed then.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.callbacks import ModelCheckpoint, load_checkpoint
    >>> from rnncore.layers import Dense
    >>> model = Sequential([Dense(1, input_shape=(2,))])
    >>> model.compile("adam", "mse")
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.rnnc")
    ...     _ = model.fit(x, y, epochs=3, verbose=0, callbacks=[ModelCheckpoint(path)])
    ...     load_checkpoint(model, path)
    3
    """
    checkpoint = Checkpoint(path)
    checkpoint.restore(model)
    return checkpoint.epoch


# -- what determines how training continues, other than the weights --------------------------------


def training_state(model: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the state of the optimizer, of shuffling and of dropout.

    Parameters
    ----------
    model : Model
        Built and compiled.

    Returns
    -------
    dict
        What JSON can hold.
    dict of str to ndarray
        The optimizer's state for each weight, in the order of the model's weights.
    """
    optimizer = model.optimizer
    rate = optimizer.get_config()["learning_rate"]
    state = {
        "optimizer": {
            "name": type(optimizer).__name__,
            "iterations": optimizer.iterations,
            "learning_rate": rate if isinstance(rate, float) else None,
            "slots": list(optimizer.slots),
        },
        "shuffle": model.shuffle_rng.bit_generator.state,
        "layers": [_numbers_of(layer) for layer in walk(*model.layers)],
    }
    return state, dict(optimizer.slots)


def fitting_state(
    path: str, model: Any, state: Mapping[str, Any], slots: Mapping[str, NDArray[Any]]
) -> Callable[[], None]:
    """Return a function that restores a model's state from a file.

    Raises
    ------
    ValueError
        If the state is of a different model or optimizer, or is damaged. Nothing has been changed
        then.
    """
    _check(path, state)
    optimizer, saved = model.optimizer, state["optimizer"]
    layers = list(walk(*model.layers))
    _expect(path, "optimizer", type(optimizer).__name__, saved["name"])
    _expect(path, "state of the optimizer", sorted(saved["slots"]), sorted(slots))
    _expect(
        path,
        "layers with random numbers",
        [sorted(_numbers_of(layer)) for layer in layers],
        [sorted(numbers) for numbers in state["layers"]],
    )
    size = sum(weight.size for weight in model.weights)
    for name, slot in slots.items():
        _expect(path, f"size of {name}", (size,), slot.shape)
        _expect(path, f"dtype of {name}", model.dtype, slot.dtype)
    with understood(path, "the state of the generator is broken"):
        np.random.default_rng(0).bit_generator.state = state["shuffle"]

    # Making the state changes nothing visible: it holds zeros, as before the first step.
    optimizer.build(size, model.dtype)
    if slots:  # none if nothing was trained
        _expect(path, "state of the optimizer", sorted(optimizer.slots), sorted(slots))

    def restore() -> None:
        for name, slot in slots.items():
            np.copyto(optimizer.slots[name], slot)
        optimizer.iterations = saved["iterations"]
        own = optimizer.get_config()["learning_rate"]
        if isinstance(own, float) and saved["learning_rate"] is not None:
            optimizer.learning_rate = saved["learning_rate"]
        model.shuffle_rng.bit_generator.state = state["shuffle"]
        for layer, numbers in zip(layers, state["layers"], strict=True):
            if layer.draws is not None:
                layer.draws.key, layer.draws.calls = numbers["_key"], numbers["_calls"]

    return restore


def state_arrays(model: Any) -> dict[str, NDArray[Any]]:
    """Return the states of a model's stateful layers as stored in a file."""
    return {
        f"{number}/{index}": state.value
        for number, layer in enumerate(model.stateful_layers())
        for index, state in enumerate(layer.states or ())
    }


def fitting_states(
    path: str, model: Any, arrays: Mapping[str, NDArray[Any]]
) -> list[tuple[Any, list[NDArray[Any]]]]:
    """Return the stateful layers of a model with the states of a file.

    Raises
    ------
    ValueError
        If the file has states of different layers or batch sizes.
    """
    found = dict(arrays)
    fitting = []
    for number, layer in enumerate(model.stateful_layers()):
        prefix = f"{number}/"
        count = sum(name.startswith(prefix) for name in found)
        states = [found.pop(f"{prefix}{index}", None) for index in range(count)]
        if not states:
            continue
        what = f"states of {layer.name!r}"
        whole = [state for state in states if state is not None and state.ndim == 2]
        _expect(path, f"number of {what}", len(layer.state_sizes), len(whole))
        batch = len(whole[0] if layer.states is None else layer.states[0].value)
        for size, state in zip(layer.state_sizes, whole, strict=True):
            _expect(path, what, (batch, size), state.shape)
            _expect(path, f"dtype of the {what}", layer.dtype, state.dtype)
        fitting.append((layer, whole))
    _expect(path, "states of stateful layers", [], sorted(found))
    return fitting


def _check(path: str, state: Any) -> None:
    """Raise if a state lacks something, or holds something else."""
    with understood(path, "the state of the training is broken"):
        saved = state["optimizer"]
        numbers = [n for layer in state["layers"] for n in layer.values()]
        whole = [saved["iterations"], *(n for n in numbers if n is not None)]
        rate = saved["learning_rate"]
        fine = (
            isinstance(saved["name"], str)
            and all(isinstance(name, str) for name in saved["slots"])
            and all(isinstance(n, int) and 0 <= n < 2**64 for n in whole)
            and (rate is None or (isinstance(rate, float) and rate >= 0))
            and isinstance(state["shuffle"], dict)
        )
        if not fine:
            raise ValueError("a value is of another kind or out of range")


def _expect(path: str, what: str, expected: Any, got: Any) -> None:
    if expected != got:
        raise ValueError(
            f"{path}: expected the state of this model, whose {what}: {expected}, got {got}"
        )


def _numbers_of(layer: Layer) -> dict[str, int | None]:
    draws = layer.draws
    return {} if draws is None else {"_key": draws.key, "_calls": draws.calls}
