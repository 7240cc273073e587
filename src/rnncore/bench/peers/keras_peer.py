"""Keras 3 on TensorFlow. It has no time-major layout: its arrays are (B, T, features)."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from rnncore.bench.cases import Case, Problem
from rnncore.bench.peers.base import Candidate, Outputs, Peer


class KerasPeer(Peer):
    name = "keras"
    module = "keras"

    def version(self) -> str:
        tensorflow = importlib.import_module("tensorflow")
        return f"{super().version()} on TensorFlow {tensorflow.__version__}"

    def configure(self, threads: int) -> None:
        tf = importlib.import_module("tensorflow")
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)

    def unsupported(self, case: Case) -> str | None:
        return "ragged batches are not measured" if case.rows != "full" else None

    def prepare(self, problem: Problem) -> list[Candidate]:
        tf = importlib.import_module("tensorflow")
        layer = _make_layer(problem)
        x = tf.constant(problem.x.swapaxes(0, 1))
        state = None if problem.state is None else [tf.constant(array) for array in problem.state]
        make = _training if problem.case.trains else _inference
        candidates = []
        for label, jit in (("graph", False), ("XLA", True)):
            run = tf.function(make(tf, problem, layer, state), jit_compile=jit)
            candidates.append(Candidate(label, _bound(run, x), _make_outputs(problem.case)))
        return candidates


def _bound(run: Callable[[Any], Any], x: Any) -> Callable[[], Any]:
    return lambda: run(x)


def _make_layer(problem: Problem) -> Any:
    layers = importlib.import_module("keras").layers
    case = problem.case
    common = {"return_sequences": True, "return_state": True, "dtype": case.dtype}
    if case.cell == "lstm":
        layer = layers.LSTM(case.units, **common)
    elif case.cell == "rnn":
        layer = layers.SimpleRNN(case.units, **common)
    else:
        layer = layers.GRU(case.units, reset_after=case.cell == "gru", **common)
    layer.build((case.batch, case.steps, case.inputs))
    layer.set_weights([problem.kernel, problem.recurrent_kernel, problem.bias])
    return layer


def _inference(tf: Any, problem: Problem, layer: Any, state: Any) -> Callable[[Any], Any]:
    return lambda x: layer(x, initial_state=state)


def _training(tf: Any, problem: Problem, layer: Any, state: Any) -> Callable[[Any], Any]:
    dy = tf.constant(problem.dy.swapaxes(0, 1))
    variables = [weight.value for weight in layer.trainable_weights]

    def run(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            results = layer(x, training=True)
        return [*results, *tape.gradient(results[0], [x, *variables], output_gradients=dy)]

    return run


def _make_outputs(case: Case) -> Callable[[Any], Outputs]:
    names = ["y", "h", "c"][: 3 if case.cell == "lstm" else 2]
    if case.trains:
        names += ["dx", "dkernel", "drecurrent_kernel", "dbias"]

    def outputs(result: Any) -> Outputs:
        arrays = {name: np.asarray(array) for name, array in zip(names, result, strict=True)}
        for name in {"y", "dx"} & set(names):
            arrays[name] = arrays[name].swapaxes(0, 1)
        return arrays

    return outputs
