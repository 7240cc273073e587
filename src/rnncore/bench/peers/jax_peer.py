"""JAX: a scan over time behind one product for all inputs, compiled by XLA."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from rnncore.bench.cases import Case, Problem, gradient_names
from rnncore.bench.peers.base import Candidate, Outputs, Peer

_UNROLL = (1, 4)


class JaxPeer(Peer):
    name = "jax"
    module = "jax"

    def configure(self, threads: int) -> None:
        # The number of threads comes from the environment that the process was started with.
        jax = importlib.import_module("jax")
        jax.config.update("jax_enable_x64", True)
        jax.config.update("jax_cpu_enable_async_dispatch", False)

    def unsupported(self, case: Case) -> str | None:
        return "ragged batches are not measured" if case.rows != "full" else None

    def prepare(self, problem: Problem) -> list[Candidate]:
        jax = importlib.import_module("jax")
        unrolls = _UNROLL if problem.case.steps >= max(_UNROLL) else _UNROLL[:1]
        return [_candidate(jax, problem, unroll) for unroll in unrolls]


def _candidate(jax: Any, problem: Problem, unroll: int) -> Candidate:
    case = problem.case
    layer = _make_layer(jax, case.cell, unroll)
    if case.stacked:
        layer = _make_stack(jax, layer)
    count = 2 if case.cell == "lstm" else 1
    zeros = np.zeros((case.batch, case.units), problem.x.dtype)
    state = tuple(jax.device_put(array) for array in problem.state or (zeros,) * count)
    arrays = [problem.x, *(array for weights in problem.weights for array in weights)]
    operands = tuple(jax.device_put(array) for array in arrays)
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
        gradients = zip(gradient_names(case), map(np.asarray, result[2]), strict=True)
        return _outputs(result[:2]) | dict(gradients)

    return Candidate(label, lambda: jax.block_until_ready(compiled(operands, state, dy)), outputs)


def _outputs(result: Any) -> Outputs:
    y, states = result
    return {"y": np.asarray(y), **dict(zip("hc", map(np.asarray, states), strict=False))}


def _make_layer(jax: Any, cell: str, unroll: int) -> Callable[..., Any]:
    np_, sigmoid = jax.numpy, jax.nn.sigmoid

    def lstm(u: Any, b: Any, state: Any, a: Any) -> Any:
        i, f, g, o = np_.split(a + state[0] @ u, 4, axis=-1)
        c = sigmoid(f) * state[1] + sigmoid(i) * np_.tanh(g)
        h = sigmoid(o) * np_.tanh(c)
        return (h, c), h

    def gru(u: Any, b: Any, state: Any, a: Any) -> Any:
        (h,) = state
        a_z, a_r, a_n = np_.split(a, 3, axis=-1)
        u_z, u_r, u_n = np_.split(h @ u + b[1], 3, axis=-1)
        z = sigmoid(a_z + u_z)
        n = np_.tanh(a_n + sigmoid(a_r + u_r) * u_n)
        h = z * h + (1 - z) * n
        return (h,), h

    def gru_before(u: Any, b: Any, state: Any, a: Any) -> Any:
        (h,) = state
        units = h.shape[-1]
        z, r = np_.split(sigmoid(a[:, : 2 * units] + h @ u[:, : 2 * units]), 2, axis=-1)
        n = np_.tanh(a[:, 2 * units :] + (r * h) @ u[:, 2 * units :])
        h = z * h + (1 - z) * n
        return (h,), h

    def rnn(u: Any, b: Any, state: Any, a: Any) -> Any:
        h = np_.tanh(a + state[0] @ u)
        return (h,), h

    step = {"lstm": lstm, "gru": gru, "gru_before": gru_before, "rnn": rnn}[cell]

    def layer(x: Any, w: Any, u: Any, b: Any, state: Any) -> Any:
        a = x @ w + (b[0] if cell == "gru" else b)
        state, y = jax.lax.scan(lambda s, a_t: step(u, b, s, a_t), state, a, unroll=unroll)
        return y, state

    return layer


def _make_stack(jax: Any, layer: Callable[..., Any]) -> Callable[..., Any]:
    """Two bidirectional layers, x and the arrays of four weights -> (y, no states)."""

    def stack(x: Any, *given: Any) -> Any:
        *arrays, state = given
        for first in (0, 6):
            ahead, _ = layer(x, *arrays[first : first + 3], state)
            back, _ = layer(x[::-1], *arrays[first + 3 : first + 6], state)
            x = jax.numpy.concatenate((ahead, back[::-1]), axis=-1)
        return x, ()

    return stack
