"""What determines how training continues, other than the weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._members import walk
from rnncore.layers.layer import Layer
from rnncore.saving.archive import understood


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
    built = sorted(optimizer.slots)
    if slots:  # none if nothing was trained
        _expect(path, "state of the optimizer", built, sorted(slots))

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
