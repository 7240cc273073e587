"""ONNX Runtime on the CPU."""

from __future__ import annotations

import importlib

from rnncore.bench.cases import Case, Problem
from rnncore.bench.peers import onnx_model
from rnncore.bench.peers.base import Candidate, Peer


class OnnxRuntimePeer(Peer):
    name = "onnxruntime"
    module = "onnxruntime"

    def version(self) -> str:
        onnx_model.available()
        return super().version()

    def configure(self, threads: int) -> None:
        self._threads = threads

    def unsupported(self, case: Case) -> str | None:
        if case.trains:
            return "runs inference only"
        if case.rows == "front":
            return "has no front padding"
        return None if case.dtype == "float32" else "has float32 only"

    def prepare(self, problem: Problem) -> list[Candidate]:
        ort = importlib.import_module("onnxruntime")
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = ort.InferenceSession(
            onnx_model.make_model(problem), options, providers=["CPUExecutionProvider"]
        )
        feeds = onnx_model.feeds(problem)
        names = [output.name for output in session.get_outputs()]
        binding = session.io_binding()
        for name, array in feeds.items():
            binding.bind_cpu_input(name, array)
        for name in names:
            binding.bind_output(name)
        return [
            Candidate("run", lambda: session.run(names, feeds), onnx_model.outputs),
            Candidate(
                "run with bindings",
                lambda: session.run_with_iobinding(binding),
                lambda result: onnx_model.outputs(binding.copy_outputs_to_cpu()),
            ),
        ]
