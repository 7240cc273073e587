"""NumPy and JAX: one product for all inputs, then a walk over time."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from rnncore.bench.cases import Array, Case, Problem
from rnncore.bench.peers.base import INFERENCE_ONLY, NO_RAGGED, Candidate, Outputs, Peer


def make_network(
    case: Case, xp: Any, sigmoid: Callable[[Any], Any], scan: Callable[..., Any]
) -> Callable[..., Any]:
    """The layer or stack of a case, in the functions of the module `xp`.

    It is a function of x, the weights and the state that gives y and the last state. `scan` walks
    over time as ``jax.lax.scan`` does.
    """

    def lstm(a: Any, state: Any, u: Any, bias: Any) -> Any:
        i, f, g, o = _gates(a + state[0] @ u, 4)
        c = sigmoid(f) * state[1] + sigmoid(i) * xp.tanh(g)
        return sigmoid(o) * xp.tanh(c), c

    def gru(a: Any, state: Any, u: Any, bias: Any) -> Any:
        (h,) = state
        a_z, a_r, a_n = _gates(a, 3)
        u_z, u_r, q = _gates(h @ u + bias, 3)
        z, r = sigmoid(a_z + u_z), sigmoid(a_r + u_r)
        return (z * h + (1 - z) * xp.tanh(a_n + r * q),)

    def gru_before(a: Any, state: Any, u: Any, bias: Any) -> Any:
        (h,), both = state, 2 * len(u)
        z, r = _gates(sigmoid(a[:, :both] + h @ u[:, :both]), 2)
        return (z * h + (1 - z) * xp.tanh(a[:, both:] + (r * h) @ u[:, both:]),)

    def rnn(a: Any, state: Any, u: Any, bias: Any) -> Any:
        return (xp.tanh(a + state[0] @ u),)

    step = {"lstm": lstm, "gru": gru, "gru_before": gru_before, "rnn": rnn}[case.cell]

    def layer(x: Any, weights: Any, state: Any) -> Any:
        w, u, b = weights
        b = xp.atleast_2d(b)

        def advance(state: Any, a: Any) -> Any:
            state = step(a, state, u, b[-1])
            return state, state[0]

        state, y = scan(advance, state, x @ w + b[0])
        return y, state

    def stack(x: Any, weights: Any, state: Any) -> Any:
        for first in (0, 2):
            ahead, back = layer(x, weights[first], state), layer(x[::-1], weights[first + 1], state)
            x = xp.concatenate((ahead[0], back[0][::-1]), axis=-1)
        return x, ()

    return stack if case.stacked else lambda x, weights, state: layer(x, weights[0], state)


def _gates(array: Any, count: int) -> list[Any]:
    """Equal parts of the last axis; `split` would take NumPy longer."""
    units = array.shape[-1] // count
    return [array[..., i * units : (i + 1) * units] for i in range(count)]


class NumpyPeer(Peer):
    # Its number of threads comes from the environment that the process was started with.
    name = "numpy"
    refusals = (NO_RAGGED, INFERENCE_ONLY)

    def prepare(self, problem: Problem) -> list[Candidate]:
        network = make_network(problem.case, np, _sigmoid, _scan)
        given = problem.x, problem.weights, problem.first_state

        def outputs(result: Any) -> Outputs:
            y, states = result
            return [y, *states]

        return [Candidate("loop over time", lambda: network(*given), outputs)]


def _sigmoid(x: Array) -> Any:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def _scan(advance: Any, state: Any, projected: Array) -> tuple[Any, Array]:
    y = []
    for a in projected:
        state, h = advance(state, a)
        y.append(h)
    return state, np.stack(y)


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
    scan = partial(jax.lax.scan, unroll=unroll)
    layer = make_network(problem.case, jax.numpy, jax.nn.sigmoid, scan)

    def infer(operands: Any, state: Any) -> Any:
        return layer(*operands, state)

    def train(operands: Any, state: Any, dy: Any) -> Any:
        (y, final), pullback = jax.vjp(lambda *given: layer(*given, state), *operands)
        return y, final, pullback((dy, jax.tree.map(jax.numpy.zeros_like, final)))

    def outputs(result: Any) -> Outputs:
        return list(map(np.asarray, jax.tree.leaves(result)))

    compiled = jax.jit(train if problem.case.trains else infer)
    given = [(problem.x, tuple(map(tuple, problem.weights))), problem.first_state]
    given = jax.device_put([*given, problem.dy] if problem.case.trains else given)
    label = "scan" if unroll == 1 else f"scan, unroll {unroll}"
    return Candidate(label, lambda: jax.block_until_ready(compiled(*given)), outputs)
