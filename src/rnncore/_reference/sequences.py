"""What the cells share: which steps are real, the walk over them forwards and backwards.

For one row of the batch let ``t_1, ..., t_n`` be its real steps in the order in which they are
processed. A cell maps ``state_k = step(x[t_k], state_{k-1})`` with ``state_0`` the initial state.
With recurrent dropout its gate g reads ``m_g * h'`` for h', m_g being the row's mask of that gate.

    final state   = state_n                      (the initial state when n = 0)
    y[t_k]        = h of state_k
    y[t], masked  = h of the last real step processed before t; 0 when there is none
    y[t], t >= length = 0

The backward walks k = n, ..., 1 with

    dh_k = sum of dy[t] over all t whose output is h_k  +  dh from step k+1 (or dstate when k = n)

so what ``dy`` holds at an output that is 0 by definition is never read, and neither is ``x`` at a
step that is not real: NaN there is harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore._reference.activations import Array, named

State = tuple[Array, ...]
States = Sequence[ArrayLike | None]
WeightGradients = tuple[Array, Array, Array]  # of kernel, recurrent_kernel and bias


class Gradients(NamedTuple):
    """What a backward returns.

    Attributes
    ----------
    dx : ndarray, shape of x
    dkernel : ndarray (I, G*H)
    drecurrent_kernel : ndarray (H, G*H)
    dbias : ndarray of the shape of the bias, or None when there was none
    dinitial_state : tuple of ndarray (B, H)
    """

    dx: Array
    dkernel: Array
    drecurrent_kernel: Array
    dbias: Array | None
    dinitial_state: State


class Cell:
    """One recurrent cell with its weights. States are tuples of (H,) arrays, h first."""

    n_states = 1
    bias_rows: tuple[int, ...] = ()  # the axes of the bias in front of its columns

    def __init__(
        self,
        kernel: ArrayLike,
        recurrent_kernel: ArrayLike,
        bias: ArrayLike | None,
        activation: str,
        recurrent_activation: str,
    ) -> None:
        self.kernel = as_float64(kernel)
        self.recurrent_kernel = as_float64(recurrent_kernel)
        self.has_bias = bias is not None
        self.bias = float64_or_zeros(bias, (*self.bias_rows, self.kernel.shape[1]))
        self.t, self.dt = named("activation", activation)
        self.s, self.ds = named("recurrent_activation", recurrent_activation)

    def step(self, x: Array, state: State, masks: Array) -> tuple[State, Any]:
        """One step of one row, `masks` (G, H): the new state, and what `step_backward` needs."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method step")

    def step_backward(self, saved: Any, dstate: State) -> tuple[Array, State, WeightGradients]:
        """Gradients of x, of the previous state, and of the weights."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method step_backward")

    def recurrent(self, h_old: Array, masks: Array) -> Array:
        """The products (m_k * h') U_k of all gates k, side by side."""
        blocks = np.split(self.recurrent_kernel, len(masks), axis=1)
        return np.concatenate([h_k @ u_k for h_k, u_k in zip(masks * h_old, blocks, strict=True)])

    def recurrent_backward(self, h_old: Array, masks: Array, da: Array) -> tuple[Array, Array]:
        """dh' = sum over k of m_k * (da_k U_k^T), and dU of the blocks (m_k * h')^T da_k."""
        blocks = np.split(self.recurrent_kernel, len(masks), axis=1)
        das = np.split(da, len(masks))
        dh = [da_k @ u_k.T for da_k, u_k in zip(das, blocks, strict=True)]
        du = [np.outer(h_k, da_k) for h_k, da_k in zip(masks * h_old, das, strict=True)]
        return (masks * dh).sum(axis=0), np.concatenate(du, axis=1)


class Tape(NamedTuple):
    """What a forward keeps for its backward."""

    cell: Cell
    orders: list[list[int]]
    sources: NDArray[np.intp]
    saved: list[list[Any]]
    time_major: bool


def as_float64(array: ArrayLike) -> Array:
    """A float64 copy, so that nothing the caller does later changes a tape."""
    return np.array(array, dtype=np.float64)


def float64_or_zeros(array: ArrayLike | None, shape: tuple[int, ...]) -> Array:
    """The same for an array that may be left out, which counts as zeros."""
    return np.zeros(shape) if array is None else as_float64(array).reshape(shape)


def swapped(array: Array, time_major: bool) -> Array:
    """Swap the axes of the batch and of time, in time-major calls."""
    return array.swapaxes(0, 1) if time_major else array


def forward(
    cell_class: type[Cell],
    x: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    initial_state: States | None = None,
    *,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    lengths: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    go_backwards: bool = False,
    time_major: bool = False,
    out: NDArray[Any] | None = None,
    recurrent_mask: ArrayLike | None = None,
) -> tuple[Array, State, Tape]:
    """Run a cell over all rows; see the functions of `rnncore.ops` for the arguments."""
    cell = cell_class(kernel, recurrent_kernel, bias, activation, recurrent_activation)
    inputs = swapped(as_float64(x), time_major)
    batch, steps, _ = inputs.shape
    units = cell.recurrent_kernel.shape[0]
    orders, sources = _plan(batch, steps, lengths, mask, go_backwards)
    gates = cell.recurrent_kernel.shape[1] // units
    masks = np.ones((gates, batch, units))
    if recurrent_mask is not None:
        masks = as_float64(recurrent_mask).reshape(gates, batch, units)

    state = _states(initial_state, cell.n_states, batch, units)
    y = np.zeros((batch, steps, units))
    saved: list[list[Any]] = []
    for b, order in enumerate(orders):
        row_state = tuple(s[b].copy() for s in state)
        outputs, row_saved = [], []
        for t in order:
            row_state, kept = cell.step(inputs[b, t], row_state, masks[:, b])
            outputs.append(row_state[0])
            row_saved.append(kept)
        for t in range(steps):
            if sources[b, t] >= 0:
                y[b, t] = outputs[sources[b, t]]
        for whole, last in zip(state, row_state, strict=True):
            whole[b] = last
        saved.append(row_saved)

    y = swapped(y, time_major)
    if out is not None:
        out[...] = y
    return y, state, Tape(cell, orders, sources, saved, time_major)


def backward(tape: Tape, dy: ArrayLike | None, dstate: States | None = None) -> Gradients:
    """Walk the tape from each row's last real step to its first."""
    cell = tape.cell
    batch, steps = tape.sources.shape
    inputs, units = cell.kernel.shape[0], cell.recurrent_kernel.shape[0]
    dy_all = np.zeros((batch, steps, units))
    if dy is not None:
        dy_all = swapped(as_float64(dy), tape.time_major)

    dx = np.zeros((batch, steps, inputs))
    totals = [np.zeros_like(w) for w in (cell.kernel, cell.recurrent_kernel, cell.bias)]
    dinitial = _states(dstate, cell.n_states, batch, units)
    for b, order in enumerate(tape.orders):
        doutputs = np.zeros((len(order), units))
        for t in range(steps):
            if tape.sources[b, t] >= 0:
                doutputs[tape.sources[b, t]] += dy_all[b, t]
        row_dstate = tuple(d[b].copy() for d in dinitial)
        for k in reversed(range(len(order))):
            row_dstate = (row_dstate[0] + doutputs[k], *row_dstate[1:])
            dx[b, order[k]], row_dstate, found = cell.step_backward(tape.saved[b][k], row_dstate)
            for total, one in zip(totals, found, strict=True):
                total += one
        for whole, first in zip(dinitial, row_dstate, strict=True):
            whole[b] = first

    dx = swapped(dx, tape.time_major)
    dkernel, drecurrent_kernel, dbias = totals
    return Gradients(dx, dkernel, drecurrent_kernel, dbias if cell.has_bias else None, dinitial)


def _plan(
    batch: int,
    steps: int,
    lengths: ArrayLike | None,
    mask: ArrayLike | None,
    go_backwards: bool,
) -> tuple[list[list[int]], NDArray[np.intp]]:
    """Real steps of every row in the order of processing, and the source of every output.

    ``sources[b, t] = k`` says that ``y[b, t]`` is the output of the k-th processed step, and
    -1 that it is zero.
    """
    if lengths is not None and mask is not None:
        raise ValueError("mask: expected None when lengths is given, got both")
    real = np.ones((batch, steps), dtype=bool)
    if lengths is not None:
        real = np.arange(steps) < np.asarray(lengths).reshape(batch, 1)
    elif mask is not None:
        real = np.asarray(mask, dtype=bool).reshape(batch, steps)

    orders = []
    sources = np.full((batch, steps), -1, dtype=np.intp)
    for b in range(batch):
        order: list[int] = []
        for t in reversed(range(steps)) if go_backwards else range(steps):
            if real[b, t]:
                order.append(t)
            if real[b, t] or lengths is None:
                sources[b, t] = len(order) - 1
        orders.append(order)
    return orders, sources


def _states(states: States | None, count: int, batch: int, units: int) -> State:
    """Fresh (B, H) arrays: copies of what is given, zeros for what is not."""
    given = [None] * count if states is None else list(states)
    if len(given) != count:
        raise ValueError(f"state: expected {count} arrays, got {len(given)}")
    return tuple(float64_or_zeros(one, (batch, units)) for one in given)
