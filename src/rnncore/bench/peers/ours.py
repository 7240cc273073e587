"""rnncore itself: through `rnncore.ops`, stacks through `rnncore.layers`, as a user calls it.

Inference over sequences runs with weights that were packed beforehand, as the peers have them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import rnncore
from rnncore import _core, ops
from rnncore.bench.cases import Case, Problem
from rnncore.bench.peers.base import Candidate, Outputs, Peer, make_layer, make_stack

_SEQUENCES = ("forward", "ragged_forward")


class RnncorePeer(Peer):
    """What all others are compared with."""

    name = "rnncore"

    def configure(self, threads: int) -> None:
        rnncore.set_num_threads(threads)

    def prepare(self, problem: Problem) -> list[Candidate]:
        if problem.case.stacked:
            return [_make_stack(problem)]
        return [_usual(problem, lengths=problem.lengths, mask=problem.mask)]


class UnpackedPeer(RnncorePeer):
    """Packs the weights in every call."""

    name = "rnncore-unpacked"
    refusals = ((lambda case: case.mode not in _SEQUENCES, "for inference over sequences"),)

    def prepare(self, problem: Problem) -> list[Candidate]:
        return [_ops(problem, lengths=problem.lengths, mask=problem.mask)]


class PaddedPeer(RnncorePeer):
    """The batch of a ragged case with all rows at full length."""

    name = "rnncore-padded"
    refusals = ((lambda case: not case.mode.startswith("ragged"), "for ragged cases"),)

    def prepare(self, problem: Problem) -> list[Candidate]:
        # Another computation, so there is nothing to compare.
        usual = _usual(problem)
        return [Candidate(f"{usual.label}, full length", usual.call, lambda result: [])]


class WithoutBlasPeer(RnncorePeer):
    """What a build without BLAS does: its training products come from rnncore's own kernels."""

    name = "rnncore-noblas"
    refusals = ((lambda case: case.mode != "train", "for training"),)

    def prepare(self, problem: Problem) -> list[Candidate]:
        limited = _core.Context(problem.case.threads, problem.case.isa, blas=False)
        return [_within(limited, "no BLAS", _usual(problem))]


class StreamPeer(RnncorePeer):
    """One step a call of a stream, which keeps its state: each call goes on from the one before."""

    name = "rnncore-stream"
    refusals = ((lambda case: case.mode != "step", "for single steps"),)

    def prepare(self, problem: Problem) -> list[Candidate]:
        from rnncore import Input, Sequential, layers

        case = problem.case
        model = Sequential([Input((None, case.inputs)), make_layer(layers, case)])
        model.set_weights(problem.weights[0])
        stream = model.stream(case.batch)
        if problem.state is not None:
            stream.state = np.concatenate(problem.state, axis=1)
        x, y = np.ascontiguousarray(problem.x[0]), np.empty_like(problem.dy[0])

        def outputs(result: Any) -> Outputs:
            return [result[None], *np.split(stream.state, case.states, axis=1)]

        return [Candidate("step with out", lambda: stream.step(x, y), outputs)]


class FewerThreadsPeer(RnncorePeer):
    """A case of several threads on fewer, in turns with it: no minute is like the next."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self.name = f"rnncore-{threads}t"
        self.refusals = ((lambda case: case.threads <= threads, "for more threads"),)

    def prepare(self, problem: Problem) -> list[Candidate]:
        (usual,) = super().prepare(problem)
        fewer = _core.Context(self._threads, problem.case.isa)
        return [_within(fewer, f"{usual.label}, {self._threads}t", usual)]


def _within(context: _core.Context, label: str, usual: Candidate) -> Candidate:
    default = _core.get_context()

    def run() -> Any:
        _core.set_context(context)
        try:
            return usual.call()
        finally:
            _core.set_context(default)

    return Candidate(label, run, usual.outputs)


def _usual(problem: Problem, **rows: Any) -> Candidate:
    return (_packed if problem.case.mode in _SEQUENCES else _ops)(problem, **rows)


def _packed(problem: Problem, lengths: Any = None, mask: Any = None) -> Candidate:
    operation = _operation(problem.case)
    run, x, state = getattr(ops, operation), problem.x, problem.state
    options = problem.case.variant
    packed = getattr(ops, f"{operation}_weights")(*problem.weights[0], **options)
    given = {"initial_state": state, "lengths": lengths, "mask": mask, "time_major": True} | options

    def infer() -> Any:
        return run(x, packed, **given)

    return Candidate("packed", infer, _outputs)


def _ops(problem: Problem, **options: Any) -> Candidate:
    case, state, dy = problem.case, problem.state, problem.dy
    operation = _operation(case)
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

    return Candidate("ops", train if case.trains else infer, _outputs)


def _operation(case: Case) -> str:
    return "simple_rnn" if case.kind == "rnn" else case.kind


def _outputs(result: Any) -> Outputs:
    y, final, *gradients = result
    return [y, *final, *(gradients[0][:4] if gradients else ())]


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
