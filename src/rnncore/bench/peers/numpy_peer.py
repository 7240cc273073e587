"""Plain NumPy: one product for all inputs, then a loop over time with the whole batch at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from rnncore.bench.cases import Array, Problem
from rnncore.bench.peers.base import NO_RAGGED, Candidate, Outputs, Peer, named_outputs
from rnncore.bench.peers.cells import make_step, stacked


class NumpyPeer(Peer):
    # Its number of threads comes from the environment that the process was started with.
    name = "numpy"
    refusals = (
        (lambda case: case.mode == "stack_train", "training of stacks is not measured"),
        NO_RAGGED,
    )

    def prepare(self, problem: Problem) -> list[Candidate]:
        if problem.case.stacked:
            return [Candidate("loops over time", lambda: stack(problem), lambda y: {"y": y})]
        run = train if problem.case.trains else forward
        return [Candidate("loop over time", lambda: run(problem), lambda result: result[0])]


def _sigmoid(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-x)), x.dtype)


def forward(problem: Problem, keep: bool = False) -> tuple[Outputs, list[Any]]:
    """y and the final state, and what the backward needs of every step."""
    case, (kernel, u, bias) = problem.case, problem.weights[0]
    bias = np.atleast_2d(bias)
    projected = problem.x @ kernel + bias[0]
    y = np.empty((case.steps, case.batch, case.units), problem.x.dtype)
    state = problem.first_state
    step = make_step(case.cell, np, _sigmoid)
    saved = []
    for t in range(case.steps):
        old = state
        state, kept = step(projected[t], old, u, bias[-1])
        y[t] = state[0]
        if keep:
            saved.append((old, kept))
    return named_outputs(y, state), saved


def stack(problem: Problem) -> Array:
    """y of two bidirectional layers."""

    def layer(x: Array, weights: Any) -> Array:
        return forward(replace(problem, x=x, weights=(weights,)))[0]["y"]

    return np.asarray(stacked(np, layer, problem.x, problem.weights))


def train(problem: Problem) -> tuple[Outputs, None]:
    """Forward and backpropagation through time."""
    case, (kernel, u, _) = problem.case, problem.weights[0]
    outputs, saved = forward(problem, keep=True)
    columns = case.gates * case.units
    da = np.empty((case.steps, case.batch, columns), problem.x.dtype)  # by x W + b
    db = da if case.cell != "gru" else np.empty_like(da)  # by what the product with U gives
    back = {"lstm": _lstm_back, "gru": _gru_back, "gru_before": _before_back, "rnn": _rnn_back}
    step = back[case.cell]
    dh = np.zeros((case.batch, case.units), problem.x.dtype)
    dc = np.zeros_like(dh)
    du = np.zeros_like(u)
    for t in range(case.steps - 1, -1, -1):
        old, kept = saved[t]
        da[t], db[t], dh, dc = step(dh + problem.dy[t], dc, old, kept, u)
        if case.cell == "gru_before":
            both = 2 * case.units
            du[:, :both] += old[0].T @ da[t][:, :both]
            du[:, both:] += kept[3].T @ da[t][:, both:]
    if case.cell != "gru_before":
        before = np.stack([old[0] for old, _ in saved])
        du = _rows(before).T @ _rows(db)
    dbias = _rows(da).sum(0)
    outputs |= {
        "dx": da @ kernel.T,
        "dkernel": _rows(problem.x).T @ _rows(da),
        "drecurrent_kernel": du,
        "dbias": np.stack([dbias, _rows(db).sum(0)]) if case.cell == "gru" else dbias,
    }
    return outputs, None


def _rows(array: Array) -> Array:
    return array.reshape(-1, array.shape[-1])


def _rnn_back(dh: Array, dc: Array, old: Any, kept: Any, u: Array) -> Any:
    da = dh * (1 - kept[0] ** 2)
    return da, da, da @ u.T, dc


def _lstm_back(dh: Array, dc: Array, old: Any, kept: Any, u: Array) -> Any:
    i, f, g, o, tanh_c = kept
    dc = dc + dh * o * (1 - tanh_c**2)
    gates = (
        dc * g * i * (1 - i),
        dc * old[1] * f * (1 - f),
        dc * i * (1 - g**2),
        dh * tanh_c * o * (1 - o),
    )
    da = np.concatenate(gates, axis=1)
    return da, da, da @ u.T, dc * f


def _gru_back(dh: Array, dc: Array, old: Any, kept: Any, u: Array) -> Any:
    z, r, n, q = kept
    dn = dh * (1 - z) * (1 - n**2)
    dz = dh * (old[0] - n) * z * (1 - z)
    dr = dn * q * r * (1 - r)
    by_product = np.concatenate((dz, dr, dn * r), axis=1)
    return np.concatenate((dz, dr, dn), axis=1), by_product, dh * z + by_product @ u.T, dc


def _before_back(dh: Array, dc: Array, old: Any, kept: Any, u: Array) -> Any:
    z, r, n, _ = kept
    units = len(u)
    dn = dh * (1 - z) * (1 - n**2)
    dq = dn @ u[:, 2 * units :].T
    dz = dh * (old[0] - n) * z * (1 - z)
    dr = dq * old[0] * r * (1 - r)
    da = np.concatenate((dz, dr, dn), axis=1)
    return da, da, dh * z + dq * r + da[:, : 2 * units] @ u[:, : 2 * units].T, dc
