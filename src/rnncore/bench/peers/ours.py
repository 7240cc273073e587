"""rnncore itself, as a user calls it: through `rnncore.ops`, stacks through `rnncore.layers`."""

from __future__ import annotations

from typing import Any

import numpy as np

import rnncore
from rnncore import _core, ops
from rnncore.bench.cases import Problem
from rnncore.bench.peers.base import Candidate, Outputs, Peer, make_stack


class RnncorePeer(Peer):
    """What all others are compared with."""

    name = "rnncore"

    def configure(self, threads: int) -> None:
        rnncore.set_num_threads(threads)

    def prepare(self, problem: Problem) -> list[Candidate]:
        if problem.case.stacked:
            return [_make_stack(problem)]
        return [_candidate("ops", problem, lengths=problem.lengths, mask=problem.mask)]


class PaddedPeer(RnncorePeer):
    """The batch of a ragged case with all rows at full length."""

    name = "rnncore-padded"
    refusals = ((lambda case: not case.mode.startswith("ragged"), "for ragged cases"),)

    def prepare(self, problem: Problem) -> list[Candidate]:
        # Another computation, so there is nothing to compare.
        return [Candidate("full length", _candidate("", problem).call, lambda result: [])]


class WithoutBlasPeer(RnncorePeer):
    """What a build without BLAS does: its training products come from rnncore's own kernels."""

    name = "rnncore-noblas"
    refusals = ((lambda case: case.mode != "train", "for training"),)

    def prepare(self, problem: Problem) -> list[Candidate]:
        default = _core.get_context()
        limited = _core.Context(problem.case.threads, problem.case.isa, blas=False)
        usual = _candidate("", problem)

        def run() -> Any:
            _core.set_context(limited)
            try:
                return usual.call()
            finally:
                _core.set_context(default)

        return [Candidate("no BLAS", run, usual.outputs)]


def _candidate(label: str, problem: Problem, **options: Any) -> Candidate:
    case, state, dy = problem.case, problem.state, problem.dy
    operation = "simple_rnn" if case.kind == "rnn" else case.kind
    # Only what says something: a user writes no `mask=None` either.
    given = {name: value for name, value in options.items() if value is not None}
    arguments = {**case.variant, **given, "time_major": True}
    x, (kernel, recurrent, bias) = problem.x, problem.weights[0]
    forward = getattr(ops, operation)
    record = getattr(ops, f"{operation}_forward")
    backward = getattr(ops, f"{operation}_backward")

    def infer() -> Any:
        return forward(x, kernel, recurrent, bias, state, **arguments)

    def train() -> Any:
        y, final, tape = record(x, kernel, recurrent, bias, state, **arguments)
        return y, final, backward(tape, dy)

    def outputs(result: Any) -> Outputs:
        y, final = result[:2]
        gradients = result[2][:4] if case.trains else ()
        return [y, *final, *gradients]

    return Candidate(label, train if case.trains else infer, outputs)


def _make_stack(problem: Problem) -> Candidate:
    """Two `Bidirectional` layers; they take the batch first, so x and dy are stored that way."""
    from rnncore import layers

    case = problem.case
    first, second = stack = make_stack(layers, problem)
    x, dy = (np.ascontiguousarray(array.swapaxes(0, 1)) for array in (problem.x, problem.dy))

    def infer() -> Any:
        return second(first(x))

    def train() -> Any:
        between, below = first.forward(x, training=True)
        y, tape = second.forward(between, training=True)
        dbetween, _ = second.backward(tape, dy)
        return y, first.backward(below, dbetween)[0]

    def outputs(result: Any) -> Outputs:
        if not case.trains:
            return [result.swapaxes(0, 1)]
        # Copies, because the arrays are the layers' own.
        gradients = [parameter.grad.copy() for layer in stack for parameter in layer.weights]
        return [*(array.swapaxes(0, 1).copy() for array in result), *gradients]

    return Candidate("layers", train if case.trains else infer, outputs)
