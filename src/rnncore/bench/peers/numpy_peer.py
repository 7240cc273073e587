"""Plain NumPy: one product for all inputs, then a loop over time with the whole batch at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncore.bench.cases import Array, Problem
from rnncore.bench.peers.base import (
    INFERENCE_ONLY,
    NO_RAGGED,
    Candidate,
    Peer,
    named_outputs,
)
from rnncore.bench.peers.cells import make_network


class NumpyPeer(Peer):
    # Its number of threads comes from the environment that the process was started with.
    name = "numpy"
    refusals = (NO_RAGGED, INFERENCE_ONLY)

    def prepare(self, problem: Problem) -> list[Candidate]:
        network = make_network(problem.case, np, _sigmoid, _scan)
        given = problem.x, problem.weights, problem.first_state
        return [
            Candidate(
                "loop over time", lambda: network(*given), lambda result: named_outputs(*result)
            )
        ]


def _sigmoid(x: Array) -> Any:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def _scan(advance: Any, state: Any, projected: Array) -> tuple[Any, Array]:
    y = []
    for a in projected:
        state, h = advance(state, a)
        y.append(h)
    return state, np.stack(y)
