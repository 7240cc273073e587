"""A layer as an ONNX model of one node."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from rnncore.bench.cases import Array, Problem

# Our order of the gates in ONNX's: i f g o -> i o f c, z r n -> z r h.
_ORDER = {"lstm": (0, 3, 1, 2), "gru": (0, 1, 2), "gru_before": (0, 1, 2), "rnn": (0,)}
_NODES = {"lstm": "LSTM", "gru": "GRU", "gru_before": "GRU", "rnn": "RNN"}


def available() -> None:
    """ImportError where the package that writes the models is missing."""
    importlib.import_module("onnx")


def feeds(problem: Problem) -> dict[str, Array]:
    """The model's inputs by name."""
    arrays = {"x": problem.x}
    if problem.lengths is not None:
        arrays["lengths"] = problem.lengths.astype(np.int32)
    for name, array in zip("hc", problem.state or (), strict=False):
        arrays[f"initial_{name}"] = array[None]
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def outputs(results: list[Any]) -> dict[str, Array]:
    """y and the final states without the axis of directions."""
    y, *states = (np.asarray(result) for result in results)
    return {"y": y[:, 0], **{name: array[0] for name, array in zip("hc", states, strict=False)}}


def make_model(problem: Problem) -> bytes:
    """The model, with all sizes fixed, which lets a runtime plan ahead."""
    onnx = importlib.import_module("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    case = problem.case
    given = feeds(problem)
    names = ["x", "w", "r", "b", "lengths", "initial_h", "initial_c"]
    present = [name if name in given or len(name) == 1 else "" for name in names]
    while not present[-1]:
        present.pop()
    results = ["y", "y_h", "y_c"][: 3 if case.cell == "lstm" else 2]
    options = {"hidden_size": case.units}
    if case.cell in ("gru", "gru_before"):
        options["linear_before_reset"] = int(case.cell == "gru")
    node = helper.make_node(_NODES[case.cell], present, results, **options)
    bias = np.atleast_2d(problem.bias)
    second = bias[1] if len(bias) == 2 else np.zeros_like(bias[0])
    weights = {
        "w": _gates(problem, problem.kernel.T)[None],
        "r": _gates(problem, problem.recurrent_kernel.T)[None],
        "b": np.concatenate([_gates(problem, bias[0]), _gates(problem, second)])[None],
    }
    kind = helper.np_dtype_to_tensor_dtype(problem.x.dtype)
    state = [1, case.batch, case.units]
    shapes = [[case.steps, 1, case.batch, case.units], state, state]
    graph = helper.make_graph(
        [node],
        "layer",
        [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
            )
            for name, array in given.items()
        ],
        [
            helper.make_tensor_value_info(name, kind, shape)
            for name, shape in zip(results, shapes, strict=False)
        ],
        [
            numpy_helper.from_array(np.ascontiguousarray(array), name)
            for name, array in weights.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])
    model.ir_version = 8
    return bytes(model.SerializeToString())


def _gates(problem: Problem, array: Array) -> Array:
    """Blocks of gates along the first axis, in ONNX's order."""
    blocks = np.split(array, problem.case.gates)
    return np.concatenate([blocks[gate] for gate in _ORDER[problem.case.cell]])
