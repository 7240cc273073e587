"""ONNX Runtime and OpenVINO on the CPU, from the same model: one node a layer, a stack of two."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from rnncore.bench.cases import Array, Case, Problem
from rnncore.bench.peers.base import (
    INFERENCE_ONLY,
    NO_RAGGED,
    Candidate,
    Outputs,
    Peer,
    gate_columns,
    two_biases,
)

# Our order of the gates in ONNX's: i f g o -> i o f c, z r n -> z r h.
_ORDER = {"lstm": (0, 3, 1, 2), "gru": (0, 1, 2), "rnn": (0,)}


class _OnnxPeer(Peer):
    def version(self) -> str:
        importlib.import_module("onnx")  # which writes the models
        return super().version().split("-")[0]

    def configure(self, threads: int) -> None:
        self._threads = threads


class OnnxRuntimePeer(_OnnxPeer):
    name = "onnxruntime"
    refusals = (
        INFERENCE_ONLY,
        (lambda case: case.rows == "front", "has no front padding"),
        (lambda case: case.dtype != "float32", "has float32 only"),
    )

    def prepare(self, problem: Problem) -> list[Candidate]:
        ort = importlib.import_module("onnxruntime")
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        model, given = make_model(problem), feeds(problem)
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
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
        INFERENCE_ONLY,
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
    y, *states = map(np.asarray, results)
    return [y[:, 0], *(array[0] for array in states)] if states else [y]


def make_model(problem: Problem) -> bytes:
    """The model, with all sizes fixed, which lets a runtime plan ahead."""
    onnx = importlib.import_module("onnx")
    case, given = problem.case, feeds(problem)
    options = f"hidden_size = {case.units}"
    if case.kind == "gru":
        options += f", linear_before_reset = {int(case.cell == 'gru')}"
    results: dict[str, tuple[int, ...]]
    if case.stacked:
        results = {"y": (case.steps, case.batch, 2 * case.units)}
        nodes = _stack(case, f'{case.kind.upper()} <{options}, direction = "bidirectional">')
    else:
        names = ("lengths", "initial_h", "initial_c")
        inputs = ", ".join(["x, w0, r0, b0", *(name if name in given else "" for name in names)])
        results = {"y": (case.steps, 1, case.batch, case.units)}
        results |= dict.fromkeys(("y_h", "y_c")[: case.states], (1, case.batch, case.units))
        nodes = f"{', '.join(results)} = {case.kind.upper()} <{options}> ({inputs.rstrip(', ')})"
    shapes = {name: array.shape for name, array in given.items()}
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 14]>'
        f"layer ({_declared(shapes)}) => ({_declared(results)}) {{ {nodes} }}"
    )
    for name, array in _constants(problem).items():
        constant = onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)
        model.graph.initializer.append(constant)
    return bytes(model.SerializeToString())


def _stack(case: Case, layer: str) -> str:
    """Two bidirectional nodes; behind each (T, 2, B, H) becomes (T, B, 2 H)."""
    shape = f"shape = Constant <value_ints = [{case.steps}, {case.batch}, {2 * case.units}]> ()"
    return shape + "".join(
        f"both{index} = {layer} ({source}, w{index}, r{index}, b{index})"
        f"turned{index} = Transpose <perm = [0, 2, 1, 3]> (both{index})"
        f"{result} = Reshape (turned{index}, shape)"
        for index, source, result in ((0, "x", "between"), (2, "between", "y"))
    )


def _declared(shapes: dict[str, tuple[int, ...]]) -> str:
    kinds = {"lengths": "int32"}
    return ", ".join(f"{kinds.get(name, 'float')}{list(shapes[name])} {name}" for name in shapes)


def _constants(problem: Problem) -> dict[str, Array]:
    """The weights of the nodes, with the axis of directions in front."""
    columns = gate_columns(problem.case, _ORDER[problem.case.kind])
    found = {}
    for index in range(0, len(problem.weights), 2):
        directions = problem.weights[index : index + 2]
        found[f"w{index}"] = np.stack([one.kernel[:, columns].T for one in directions])
        found[f"r{index}"] = np.stack([one.recurrent_kernel[:, columns].T for one in directions])
        found[f"b{index}"] = np.stack([two_biases(one)[:, columns].ravel() for one in directions])
    return found
