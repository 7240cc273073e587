"""Keras 3 on TensorFlow. It has no time-major layout: its arrays are (B, T, features)."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

import numpy as np

from rnncore.bench.cases import Problem
from rnncore.bench.peers.base import NO_RAGGED, Candidate, Outputs, Peer, make_layer, make_stack


class KerasPeer(Peer):
    name = "keras"
    refusals = (NO_RAGGED,)

    def version(self) -> str:
        tensorflow = importlib.import_module("tensorflow")
        return f"{super().version()} on TensorFlow {tensorflow.__version__}"

    def configure(self, threads: int) -> None:
        tf = importlib.import_module("tensorflow")
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)

    def prepare(self, problem: Problem) -> list[Candidate]:
        tf = importlib.import_module("tensorflow")
        keras = importlib.import_module("keras")
        case = problem.case
        if case.stacked:
            given = keras.Input((case.steps, case.inputs), case.batch, case.dtype)
            layer = keras.Sequential([given, *make_stack(keras.layers, problem)])
        else:
            layer = make_layer(keras.layers, case, return_state=True)
            layer.build((case.batch, case.steps, case.inputs))
            layer.set_weights(problem.weights[0])
        state = None if problem.state is None else [tf.constant(array) for array in problem.state]
        x, dy = (tf.constant(array.swapaxes(0, 1)) for array in (problem.x, problem.dy))
        variables = [weight.value for weight in layer.trainable_weights]

        def infer(x: Any) -> Any:
            if case.stacked:
                return [layer(x, training=case.trains)]
            return layer(x, initial_state=state, training=case.trains)

        def train(x: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(x)
                results = infer(x)
            return [*results, *tape.gradient(results[0], [x, *variables], output_gradients=dy)]

        candidates = []
        for label, jit in (("graph", False), ("XLA", True)):
            run = tf.function(train if case.trains else infer, jit_compile=jit)
            candidates.append(Candidate(label, partial(run, x), _outputs))
        return candidates


def _outputs(result: Any) -> Outputs:
    # Sequences, y and dx, have the batch in front.
    arrays = map(np.asarray, result)
    return [array.swapaxes(0, 1) if array.ndim == 3 else array for array in arrays]
