"""RNN over cells and stacks of cells against numbers of Keras (make/cells_of_keras.py)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden_data import golden
from numpy.typing import NDArray
from own_cells import MinimalGatedCell, MovingAverageCell

from rnncore import Input, Sequential, layers
from rnncore.initializers import Constant
from rnncore.layers import RNN
from rnncore.optimizers import SGD

FOUND = golden("cells_of_keras")


OWN = {"MinimalGatedCell": MinimalGatedCell, "MovingAverageCell": MovingAverageCell}


def initializer(value: Any) -> Any:
    return Constant(**value["config"]) if isinstance(value, dict) else value


def made(spec: Any) -> Any:
    if isinstance(spec[0], list):
        return [made(one) for one in spec]
    name, config = spec[0], {key: initializer(value) for key, value in spec[1].items()}
    return (OWN.get(name) or getattr(layers, name))(**config)


def flat(nested: Any) -> list[NDArray[Any]]:
    if isinstance(nested, (list, tuple)):
        return [one for item in nested for one in flat(item)]
    return [nested]


def nesting(nested: Any) -> Any:
    return [nesting(one) for one in nested] if isinstance(nested, (list, tuple)) else None


def same(got: Any, expected: Any) -> None:
    got, expected = list(got), list(expected)
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, np.array(other), rtol=1e-10, atol=1e-12)


def named(case: dict[str, Any]) -> str:
    spec = case["cell"] if isinstance(case["cell"][0], list) else [case["cell"]]
    cells = "+".join(name for name, _ in spec)
    flags = ",".join(name for name, value in case["options"].items() if value)
    return f"{cells}-{flags}-{'states' if case['initial_state'] else ''}"


@pytest.mark.parametrize("case", FOUND["cases"], ids=named)
def test_outputs_and_gradients(case: dict[str, Any]) -> None:
    layer = RNN(made(case["cell"]), return_state=True, dtype="float64", **case["options"])
    x = np.array(case["x"])
    mask = None if case["mask"] is None else np.array(case["mask"])
    states = case["initial_state"]
    start = None if states is None else [np.array(state) for state in states]
    layer(x)
    layer.set_weights([np.array(weight) for weight in case["weights"]])

    outputs = layer(x, start, mask)
    assert nesting(outputs) == case["nesting"]
    same(flat(outputs), case["outputs"])

    _, tape = layer.forward(x, mask=mask, training=True, initial_state=start)
    dx, given = layer.backward(tape, [np.array(dy) for dy in case["dys"]])
    same([dx], [case["dx"]])
    same([weight.grad for weight in layer.weights], case["dweights"])
    if states is not None:
        same(given["initial_state"], case["dinitial_state"])


@pytest.mark.parametrize("case", FOUND["steps"], ids=lambda case: str(case["cell"]))
def test_a_cell_by_itself(case: dict[str, Any]) -> None:
    cell = made(case["cell"])
    cell.dtype = np.dtype("float64")
    states = [np.array(state) for state in case["states"]]
    cell(case["x"], states)
    cell.set_weights(case["weights"])
    y, new = cell(case["x"], states)
    same([y], [case["y"]])
    same(new, case["new_states"])
    assert isinstance(new, list)
    assert (cell.state_size, cell.output_size) == (case["state_size"], case["output_size"])
    assert nesting(cell.get_initial_state(batch_size=2)) == nesting(states)


@pytest.mark.parametrize("case", FOUND["constant"], ids=lambda case: str(case["cell"])[:60])
def test_constant_weights_and_states_that_stay(case: dict[str, Any]) -> None:
    layer = RNN(made(case["cell"]), stateful=True, dtype="float64")
    x = np.arange(72).reshape(3, 6, 4) / 72
    layer(x)
    for weight, expected in zip(layer.weights, case["weights"], strict=True):
        np.testing.assert_allclose(weight.value, expected, rtol=1e-7)  # Keras' are float32
    layer.set_weights(case["weights"])
    layer.reset_state()
    for expected in case["calls"]:
        same([layer(x)], [expected])
    layer.reset_state()
    same([layer(x)], [case["calls"][0]])


@pytest.mark.parametrize("case", FOUND["trained"], ids=lambda case: str(case["cell"])[:60])
def test_weights_after_20_steps(case: dict[str, Any]) -> None:
    layer: Any = RNN(made(case["cell"]), **case["options"])
    model = Sequential(
        [
            Input((5, 2), dtype="float64"),
            layers.Masking(dtype="float64"),
            layers.Bidirectional(layer) if case["both"] else layer,
            layers.Dense(1),
        ]
    )
    model.set_weights(case["weights"])
    model.compile(SGD(0.1, momentum=0.5), "mse")
    x, y = np.array(case["x"]), np.array(case["y"])
    losses = [model.train_on_batch(x, y) for _ in range(20)]
    np.testing.assert_allclose(losses, case["losses"], rtol=1e-6)  # Keras' are float32
    same(model.get_weights(), case["trained"])


def test_every_kind_of_case_is_there() -> None:
    cases = FOUND["cases"]
    assert len(cases) == 9 * 4 * 3
    for flag in ("return_sequences", "go_backwards", "zero_output_for_mask"):
        assert {case["options"][flag] for case in cases} == {True, False}
    assert any(case["initial_state"] is not None for case in cases)
