"""rnncore itself, as a user calls it: through `rnncore.ops`, stacks through `rnncore.layers`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import rnncore
from rnncore import _core, ops
from rnncore.bench.cases import Case, Problem, gradient_names
from rnncore.bench.peers.base import Candidate, Outputs, Peer

_OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "lstm": ("lstm", {}),
    "gru": ("gru", {"reset_after": True}),
    "gru_before": ("gru", {"reset_after": False}),
    "rnn": ("simple_rnn", {}),
}


class RnncorePeer(Peer):
    """What all others are compared with."""

    name = "rnncore"
    module = "rnncore"

    def configure(self, threads: int) -> None:
        rnncore.set_num_threads(threads)

    def unsupported(self, case: Case) -> str | None:
        return None

    def prepare(self, problem: Problem) -> list[Candidate]:
        if problem.case.stacked:
            return [_make_stack(problem)]
        options = {"lengths": problem.lengths, "mask": problem.mask}
        return [Candidate("ops", make_call(problem, options), make_outputs(problem.case))]


class PaddedPeer(RnncorePeer):
    """The batch of a ragged case with all rows at full length."""

    name = "rnncore-padded"

    def unsupported(self, case: Case) -> str | None:
        return None if case.mode.startswith("ragged") else "for ragged cases"

    def prepare(self, problem: Problem) -> list[Candidate]:
        # Another computation, so there is nothing to compare.
        return [Candidate("full length", make_call(problem, {}), lambda result: {})]


class WithoutBlasPeer(RnncorePeer):
    """What a build without BLAS does: its training products come from rnncore's own kernels."""

    name = "rnncore-noblas"

    def unsupported(self, case: Case) -> str | None:
        return None if case.mode == "train" else "for training"

    def prepare(self, problem: Problem) -> list[Candidate]:
        default = _core.get_context()
        limited = _core.Context(problem.case.threads, problem.case.isa, blas=False)
        call = make_call(problem, {})

        def run() -> Any:
            _core.set_context(limited)
            try:
                return call()
            finally:
                _core.set_context(default)

        return [Candidate("no BLAS", run, make_outputs(problem.case))]


def make_call(problem: Problem, options: dict[str, Any]) -> Callable[[], Any]:
    operation, fixed = _OPERATIONS[problem.case.cell]
    # Only what says something: a user writes no `mask=None` either.
    given = {name: value for name, value in options.items() if value is not None}
    arguments = {**fixed, **given, "time_major": True}
    x, kernel, recurrent, bias = (
        problem.x,
        problem.kernel,
        problem.recurrent_kernel,
        problem.bias,
    )
    state, dy = problem.state, problem.dy
    if not problem.case.trains:
        forward = getattr(ops, operation)
        return lambda: forward(x, kernel, recurrent, bias, state, **arguments)
    record = getattr(ops, f"{operation}_forward")
    backward = getattr(ops, f"{operation}_backward")

    def train() -> Any:
        y, final, tape = record(x, kernel, recurrent, bias, state, **arguments)
        return y, final, backward(tape, dy)

    return train


def make_outputs(case: Case) -> Callable[[Any], Outputs]:
    def outputs(result: Any) -> Outputs:
        arrays = {"y": result[0], **dict(zip("hc", result[1], strict=False))}
        if case.trains:
            gradients = result[2]
            arrays |= {name: getattr(gradients, name) for name in gradient_names(case)}
        return arrays

    return outputs


def _make_stack(problem: Problem) -> Candidate:
    """Two `Bidirectional` layers; they take the batch first, so x and dy are stored that way."""
    from rnncore import layers

    case = problem.case
    kind, options = {
        "lstm": (layers.LSTM, {}),
        "gru": (layers.GRU, {"reset_after": True}),
        "gru_before": (layers.GRU, {"reset_after": False}),
        "rnn": (layers.SimpleRNN, {}),
    }[case.cell]
    stack = []
    for index in (0, 2):
        inner = kind(case.units, return_sequences=True, dtype=case.dtype, **options)
        layer = layers.Bidirectional(inner, dtype=case.dtype)
        layer.make_weights((None, None, case.inputs if index == 0 else 2 * case.units))
        layer.set_weights(sum(problem.weights[index : index + 2], ()))
        stack.append(layer)
    first, second = stack
    x, dy = (np.ascontiguousarray(array.swapaxes(0, 1)) for array in (problem.x, problem.dy))

    def infer() -> Any:
        return second(first(x))

    def train() -> Any:
        y = second.forward(first.forward(x, training=True), training=True)
        between = second.backward(dy)
        return y, None if between is None else first.backward(between)

    def outputs(result: Any) -> Outputs:
        if not case.trains:
            return {"y": result.swapaxes(0, 1)}
        gradients = [parameter.grad for layer in stack for parameter in layer.weights]
        y, dx = (array.swapaxes(0, 1).copy() for array in result)  # the layers' own arrays
        found = [dx, *(array.copy() for array in gradients)]
        return {"y": y, **dict(zip(gradient_names(case), found, strict=True))}

    return Candidate("layers", train if case.trains else infer, outputs)
