"""What a library has to offer to take part."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncore.bench.cases import Array, Case, Problem, Weights

Outputs = list[Array]
# A kind of case that a library does not run, and why.
Refusal = tuple[Callable[[Case], bool], str]

NO_RAGGED: Refusal = (lambda case: case.rows != "full", "ragged batches are not measured")
INFERENCE_ONLY: Refusal = (lambda case: case.trains, "runs inference only")


@dataclass(frozen=True)
class Candidate:
    """One way to run a problem in a library; of several the fastest counts.

    Attributes
    ----------
    label : str
        How it runs, for the record.
    call : callable
        What is timed. It takes nothing and waits until its result is there.
    outputs : callable
        Makes of a result of `call` the arrays that are compared, in the order of `output_names`
        and in rnncore's layouts: y (T, B, H), of a stack (T, B, 2 H), h and c (B, H), and the
        gradients in training. None at all where there is nothing to compare.
    """

    label: str
    call: Callable[[], Any]
    outputs: Callable[[Any], Outputs]


class Peer(ABC):
    """A library that takes part. Making one imports nothing; `version` does."""

    name: str  # as on the command line; what stands before a hyphen is the module to import
    refusals: Sequence[Refusal] = ()

    def version(self) -> str:
        """Version of the library. ImportError where it is not installed."""
        return str(importlib.import_module(self.name.partition("-")[0]).__version__)

    def configure(self, threads: int) -> None:  # noqa: B027
        """Set the number of threads, once a process and before `prepare`."""

    def unsupported(self, case: Case) -> str | None:
        """Why the library does not run this case; None when it does."""
        return next((reason for refused, reason in self.refusals if refused(case)), None)

    @abstractmethod
    def prepare(self, problem: Problem) -> list[Candidate]:
        """The ways to run it, weights converted and everything compiled that can be."""


def two_biases(weights: Weights) -> Array:
    """(2, G H): what is added to x W, and what is added to h U, zeros where there is none."""
    bias = np.atleast_2d(weights.bias)
    return bias if len(bias) == 2 else np.concatenate([bias, np.zeros_like(bias)])


def gate_columns(case: Case, order: Sequence[int]) -> Array:
    """The columns of the weights whose gates another library has in this order."""
    return np.arange(case.gates * case.units).reshape(case.gates, -1)[list(order)].ravel()


def make_layer(layers: Any, case: Case, **options: Any) -> Any:
    """The layer of a case in `rnncore.layers` or ``keras.layers``."""
    kind = getattr(layers, "SimpleRNN" if case.kind == "rnn" else case.kind.upper())
    options |= {"return_sequences": True, "dtype": case.dtype, **case.variant}
    return kind(case.units, **options)


def make_stack(layers: Any, problem: Problem) -> list[Any]:
    """Two bidirectional layers with the weights of a problem."""
    case = problem.case
    stack = []
    for index, features in ((0, case.inputs), (2, 2 * case.units)):
        layer = layers.Bidirectional(make_layer(layers, case), dtype=case.dtype)
        layer.build((case.batch, case.steps, features))
        layer.set_weights(sum(problem.weights[index : index + 2], ()))
        stack.append(layer)
    return stack
