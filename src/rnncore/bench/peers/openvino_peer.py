"""OpenVINO on the CPU, from the same ONNX model as ONNX Runtime."""

from __future__ import annotations

import importlib
from typing import Any

from rnncore.bench.cases import Case, Problem
from rnncore.bench.peers import onnx_model
from rnncore.bench.peers.base import Candidate, Outputs, Peer


class OpenVinoPeer(Peer):
    name = "openvino"
    module = "openvino"

    def version(self) -> str:
        onnx_model.available()
        return super().version().split("-")[0]

    def configure(self, threads: int) -> None:
        self._threads = threads

    def unsupported(self, case: Case) -> str | None:
        if case.trains:
            return "runs inference only"
        if case.rows != "full":
            return "ragged batches are not measured"
        return None if case.dtype == "float32" else "computes in float32"

    def prepare(self, problem: Problem) -> list[Candidate]:
        ov = importlib.import_module("openvino")
        core = ov.Core()
        compiled = core.compile_model(
            core.read_model(onnx_model.make_model(problem)),
            "CPU",
            {
                "INFERENCE_NUM_THREADS": self._threads,
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_PRECISION_HINT": "f32",
                "ENABLE_CPU_PINNING": False,
            },
        )
        request = compiled.create_infer_request()
        feeds = onnx_model.feeds(problem)
        for name, array in feeds.items():
            request.set_tensor(name, ov.Tensor(array, shared_memory=True))

        def outputs(result: Any) -> Outputs:
            found = [request.get_output_tensor(i).data for i in range(len(compiled.outputs))]
            return onnx_model.outputs(found)

        return [Candidate("infer, shared tensors", request.infer, outputs)]
