"""ONNX Runtime and OpenVINO on the CPU, from the same model: one node a layer, a stack of two."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from rnncore.bench.cases import Array, Case, Problem, Weights
from rnncore.bench.peers.base import NO_RAGGED, Candidate, Outputs, Peer, Refusal, named_outputs

# Our order of the gates in ONNX's: i f g o -> i o f c, z r n -> z r h.
_ORDER = {"lstm": (0, 3, 1, 2), "gru": (0, 1, 2), "gru_before": (0, 1, 2), "rnn": (0,)}
_NODES = {"lstm": "LSTM", "gru": "GRU", "gru_before": "GRU", "rnn": "RNN"}
_TRAINS: Refusal = (lambda case: case.trains, "runs inference only")


class _OnnxPeer(Peer):
    def version(self) -> str:
        importlib.import_module("onnx")  # which writes the models
        return super().version().split("-")[0]

    def configure(self, threads: int) -> None:
        self._threads = threads


class OnnxRuntimePeer(_OnnxPeer):
    name = "onnxruntime"
    refusals = (
        _TRAINS,
        (lambda case: case.rows == "front", "has no front padding"),
        (lambda case: case.dtype != "float32", "has float32 only"),
    )

    def prepare(self, problem: Problem) -> list[Candidate]:
        ort = importlib.import_module("onnxruntime")
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = ort.InferenceSession(
            make_model(problem), options, providers=["CPUExecutionProvider"]
        )
        given = feeds(problem)
        names = [output.name for output in session.get_outputs()]
        binding = session.io_binding()
        for name, array in given.items():
            binding.bind_cpu_input(name, array)
        for name in names:
            binding.bind_output(name)
        return [
            Candidate("run", lambda: session.run(names, given), outputs),
            Candidate(
                "run with bindings",
                lambda: session.run_with_iobinding(binding),
                lambda result: outputs(binding.copy_outputs_to_cpu()),
            ),
        ]


class OpenVinoPeer(_OnnxPeer):
    name = "openvino"
    refusals = (
        _TRAINS,
        NO_RAGGED,
        (lambda case: case.dtype != "float32", "computes in float32"),
    )

    def prepare(self, problem: Problem) -> list[Candidate]:
        ov = importlib.import_module("openvino")
        core = ov.Core()
        settings = {
            "INFERENCE_NUM_THREADS": self._threads,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "ENABLE_CPU_PINNING": False,
        }
        compiled = core.compile_model(core.read_model(make_model(problem)), "CPU", settings)
        request = compiled.create_infer_request()
        for name, array in feeds(problem).items():
            request.set_tensor(name, ov.Tensor(array, shared_memory=True))

        def found(result: Any) -> Outputs:
            count = len(compiled.outputs)
            return outputs([request.get_output_tensor(i).data for i in range(count)])

        return [Candidate("infer, shared tensors", request.infer, found)]


def feeds(problem: Problem) -> dict[str, Array]:
    """The model's inputs by name."""
    arrays = {"x": problem.x}
    if problem.lengths is not None:
        arrays["lengths"] = problem.lengths.astype(np.int32)
    for name, array in zip("hc", problem.state or (), strict=False):
        arrays[f"initial_{name}"] = array[None]
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def outputs(results: list[Any]) -> Outputs:
    """y and the final states without the axis of directions; of a stack there is y alone."""
    y, *states = (np.asarray(result) for result in results)
    return named_outputs(y[:, 0], [array[0] for array in states]) if states else {"y": y}


def make_model(problem: Problem) -> bytes:
    """The model, with all sizes fixed, which lets a runtime plan ahead."""
    onnx = importlib.import_module("onnx")
    helper = onnx.helper
    case = problem.case
    given = feeds(problem)
    results: dict[str, tuple[int, ...]]
    if case.stacked:
        nodes, constants = _stack(helper, problem)
        results = {"y": (case.steps, case.batch, 2 * case.units)}
    else:
        names = ["x", "w", "r", "b", "lengths", "initial_h", "initial_c"]
        present = [name if name in given or len(name) == 1 else "" for name in names]
        while not present[-1]:
            present.pop()
        states = ["y_h", "y_c"][: case.states]
        results = dict.fromkeys(states, (1, case.batch, case.units))
        results = {"y": (case.steps, 1, case.batch, case.units), **results}
        nodes = [_node(helper, case, present, list(results))]
        constants = _constants(case, problem.weights)

    def described(name: str, dtype: Any, shape: Sequence[int]) -> Any:
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(dtype), shape)

    graph = helper.make_graph(
        nodes,
        "layer",
        [described(name, array.dtype, array.shape) for name, array in given.items()],
        [described(name, problem.x.dtype, shape) for name, shape in results.items()],
        [
            onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)
            for name, array in constants.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])
    model.ir_version = 8
    return bytes(model.SerializeToString())


def _node(helper: Any, case: Case, inputs: list[str], outputs: list[str], **options: Any) -> Any:
    options["hidden_size"] = case.units
    if case.cell in ("gru", "gru_before"):
        options["linear_before_reset"] = int(case.cell == "gru")
    return helper.make_node(_NODES[case.cell], inputs, outputs, **options)


def _constants(case: Case, directions: Sequence[Weights], suffix: str = "") -> dict[str, Array]:
    """The weights of a node, with the axis of directions in front."""
    found: dict[str, list[Array]] = {"w": [], "r": [], "b": []}
    for weights in directions:
        bias = np.atleast_2d(weights.bias)
        second = bias[1] if len(bias) == 2 else np.zeros_like(bias[0])
        found["w"].append(_gates(case, weights.kernel.T))
        found["r"].append(_gates(case, weights.recurrent_kernel.T))
        found["b"].append(np.concatenate([_gates(case, bias[0]), _gates(case, second)]))
    return {name + suffix: np.stack(arrays) for name, arrays in found.items()}


def _stack(helper: Any, problem: Problem) -> tuple[list[Any], dict[str, Array]]:
    """Two bidirectional nodes; behind each (T, 2, B, H) becomes (T, B, 2 H)."""
    case = problem.case
    constants = {"shape": np.array([case.steps, case.batch, 2 * case.units])}
    nodes = []
    for index, (source, result) in enumerate((("x", "between"), ("between", "y"))):
        constants |= _constants(case, problem.weights[2 * index : 2 * index + 2], str(index))
        names = [f"{name}{index}" for name in ("w", "r", "b", "both", "turned")]
        nodes += [
            _node(helper, case, [source, *names[:3]], [names[3]], direction="bidirectional"),
            helper.make_node("Transpose", [names[3]], [names[4]], perm=[0, 2, 1, 3]),
            helper.make_node("Reshape", [names[4], "shape"], [result]),
        ]
    return nodes, constants


def _gates(case: Case, array: Array) -> Array:
    """Blocks of gates along the first axis, in ONNX's order."""
    blocks = np.split(array, case.gates)
    return np.concatenate([blocks[gate] for gate in _ORDER[case.cell]])
