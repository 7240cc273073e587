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
        self.bias = optional_float64(bias)
        self.t, self.dt = named("activation", activation)
        self.s, self.ds = named("recurrent_activation", recurrent_activation)

    def step(self, x: Array, state: State, masks: Array) -> tuple[State, Any]:
        """One step of one row, `masks` (G, H): the new state, and what `step_backward` needs."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method step")

    def step_backward(
        self, saved: Any, dstate: State, total: WeightGradients
    ) -> tuple[Array, State]:
        """Gradients of x and of the previous state; adds those of the weights to `total`."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method step_backward")


class WeightGradients:
    """Sums over rows and steps; cells add to them in place."""

    def __init__(self, cell: Cell) -> None:
        self.kernel = np.zeros_like(cell.kernel)
        self.recurrent_kernel = np.zeros_like(cell.recurrent_kernel)
        self.bias = None if cell.bias is None else np.zeros_like(cell.bias)


class Tape(NamedTuple):
    """What a forward keeps for its backward."""

    cell: Cell
    orders: list[list[int]]
    sources: NDArray[np.intp]
    saved: list[list[Any]]
    steps: int
    time_major: bool


def as_float64(array: ArrayLike) -> Array:
    """A float64 copy, so that nothing the caller does later changes a tape."""
    return np.array(array, dtype=np.float64)


def optional_float64(array: ArrayLike | None) -> Array | None:
    """The same for an array that may be left out."""
    return None if array is None else as_float64(array)


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
    inputs = as_float64(x)
    if time_major:
        inputs = inputs.swapaxes(0, 1)
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

    if time_major:
        y = y.swapaxes(0, 1)
    if out is not None:
        out[...] = y
    return y, state, Tape(cell, orders, sources, saved, steps, time_major)


def backward(tape: Tape, dy: ArrayLike | None, dstate: States | None = None) -> Gradients:
    """Walk the tape from each row's last real step to its first."""
    cell = tape.cell
    batch, steps = len(tape.orders), tape.steps
    inputs, units = cell.kernel.shape[0], cell.recurrent_kernel.shape[0]
    dy_all = np.zeros((batch, steps, units))
    if dy is not None:
        dy_all = as_float64(dy)
        if tape.time_major:
            dy_all = dy_all.swapaxes(0, 1)

    dx = np.zeros((batch, steps, inputs))
    total = WeightGradients(cell)
    dinitial = _states(dstate, cell.n_states, batch, units)
    for b, order in enumerate(tape.orders):
        doutputs = np.zeros((len(order), units))
        for t in range(steps):
            if tape.sources[b, t] >= 0:
                doutputs[tape.sources[b, t]] += dy_all[b, t]
        row_dstate = tuple(d[b].copy() for d in dinitial)
        for k in reversed(range(len(order))):
            row_dstate = (row_dstate[0] + doutputs[k], *row_dstate[1:])
            dx[b, order[k]], row_dstate = cell.step_backward(tape.saved[b][k], row_dstate, total)
        for whole, first in zip(dinitial, row_dstate, strict=True):
            whole[b] = first

    if tape.time_major:
        dx = dx.swapaxes(0, 1)
    return Gradients(dx, total.kernel, total.recurrent_kernel, total.bias, dinitial)


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
    return tuple(
        np.zeros((batch, units)) if s is None else as_float64(s).reshape(batch, units)
        for s in given
    )
