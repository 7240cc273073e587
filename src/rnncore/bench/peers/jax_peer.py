"""JAX: a scan over time behind one product for all inputs, compiled by XLA."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

import numpy as np

from rnncore.bench.cases import Problem, gradient_names
from rnncore.bench.peers.base import NO_RAGGED, Candidate, Outputs, Peer, named_outputs
from rnncore.bench.peers.cells import make_network

_UNROLL = (1, 4)


class JaxPeer(Peer):
    name = "jax"
    refusals = (NO_RAGGED,)

    def configure(self, threads: int) -> None:
        # The number of threads comes from the environment that the process was started with.
        jax = importlib.import_module("jax")
        jax.config.update("jax_enable_x64", True)
        jax.config.update("jax_cpu_enable_async_dispatch", False)

    def prepare(self, problem: Problem) -> list[Candidate]:
        jax = importlib.import_module("jax")
        unrolls = _UNROLL if problem.case.steps >= max(_UNROLL) else _UNROLL[:1]
        return [_candidate(jax, problem, unroll) for unroll in unrolls]


def _candidate(jax: Any, problem: Problem, unroll: int) -> Candidate:
    case = problem.case
    scan = partial(jax.lax.scan, unroll=unroll)
    layer = make_network(case, jax.numpy, jax.nn.sigmoid, scan)
    state = jax.device_put(problem.first_state)
    operands = jax.device_put((problem.x, tuple(map(tuple, problem.weights))))
    label = "scan" if unroll == 1 else f"scan, unroll {unroll}"
    if not case.trains:
        forward = jax.jit(lambda operands, state: layer(*operands, state))
        return Candidate(label, lambda: jax.block_until_ready(forward(operands, state)), _outputs)

    def train(operands: Any, state: Any, dy: Any) -> Any:
        (y, final), pullback = jax.vjp(lambda *given: layer(*given, state), *operands)
        return y, final, pullback((dy, jax.tree.map(jax.numpy.zeros_like, final)))

    compiled = jax.jit(train)
    dy = jax.device_put(problem.dy)

    def outputs(result: Any) -> Outputs:
        gradients = map(np.asarray, jax.tree.leaves(result[2]))
        return _outputs(result[:2]) | dict(zip(gradient_names(case), gradients, strict=True))

    return Candidate(label, lambda: jax.block_until_ready(compiled(operands, state, dy)), outputs)


def _outputs(result: Any) -> Outputs:
    y, states = result
    return named_outputs(np.asarray(y), list(map(np.asarray, states)))
