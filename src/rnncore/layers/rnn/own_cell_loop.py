"""The time loop over a cell that is written in NumPy, forwards and backwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.layer import detached
from rnncore.layers.rnn._cell_steps import CellSteps
from rnncore.layers.rnn.recurrent_layer import Call, Recurrence, States
from rnncore.layers.rnn.states import initial_states, name_of, output_size, state_sizes

Array = NDArray[Any]
Rows = NDArray[np.intp] | None  # numbers of rows; None: all


class Step(NamedTuple):
    """What a step leaves for the backward; `saved` is None where no row was real."""

    t: int
    rows: Rows
    saved: Any


class CellLoop(Recurrence):
    """A cell over sequences.

    The cell gets only the rows of the batch that are real at a step. So masked steps cost
    nothing, and what lies in the padding reaches neither a result nor a gradient.

    Parameters
    ----------
    cell : object
        See `CellSteps`; built.
    dtype : numpy.dtype
    **kwargs
        Those of `Recurrence`.
    """

    kernel_path = "cell"

    def __init__(self, cell: Any, dtype: np.dtype[Any], **kwargs: Any) -> None:
        super().__init__(name=name_of(cell), dtype=dtype, **kwargs)
        self.cell = cell

    @property
    def state_sizes(self) -> list[int]:
        return state_sizes(self.cell)

    @property
    def output_size(self) -> int:
        return output_size(self.cell)

    def forward_call(
        self,
        x: Array,
        mask: Array | None,
        training: bool,
        initial_state: States | None,
        out: Array | None,
    ) -> Call:
        return partial(self._run_forward, x, mask, training, initial_state, out)

    def finish_forward(self, call: Call, result: Any) -> tuple[Array, States]:
        y, states, tape = result
        if tape is not None:
            self._saved = tape
        return y, states

    def backward_call(
        self, dy: Array | None, dstates: Sequence[Array | None], need_dx: bool
    ) -> Call:
        tape, self._saved = self._saved, None
        return partial(self._run_backward, tape, dy, dstates)

    def finish_backward(self, call: Call, result: Any) -> tuple[Array, States]:
        dx, dinitial = result
        return dx, dinitial

    def _steps(self, mask: Array | None, count: int) -> Iterator[tuple[int, Rows]]:
        """Yield the number of each step and its real rows, in the order of processing."""
        for t in range(count - 1, -1, -1) if self.go_backwards else range(count):
            real = None if mask is None else mask[:, t]
            yield t, None if real is None or real.all() else np.flatnonzero(real)

    def _run_forward(
        self, x: Array, mask: Array | None, training: bool, start: States | None, out: Array | None
    ) -> Any:
        """Return the output, the final states, and in training the tape."""
        cell = CellSteps(self.cell, x.dtype)
        states = initial_states(self.cell, len(x), x.dtype) if start is None else list(start)
        last = np.zeros((len(x), cell.output_size), x.dtype)
        y = out
        if y is None and self.return_sequences:
            y = np.empty((*x.shape[:2], cell.output_size), x.dtype)
        tape: list[Step] = []
        for t, rows in self._steps(mask, x.shape[1]):
            saved = None
            if rows is None or len(rows):
                given = [_taken(state, rows) for state in states]
                output, new, saved = cell.forward(_taken(x[:, t], rows), given, training)
                last = _put(last, rows, output)
                states = [_put(old, rows, one) for old, one in zip(states, new, strict=True)]
            if y is not None:
                y[:, t] = last
                if mask is not None and self.zero_output_for_mask:
                    y[~mask[:, t], t] = 0
            tape.append(Step(t, rows, saved))
        if start is not None:  # a cell may give back what it got, which is the caller's
            states = [detached(state, start, training=False) for state in states]
        return (last if y is None else y), states, (cell, x.shape, tape) if training else None

    def _run_backward(
        self, tape: Any, dy: Array | None, dstates: Sequence[Array | None]
    ) -> tuple[Array, States]:
        """Return dx and the gradients of the initial states."""
        cell, shape, steps = tape
        for weight in getattr(self.cell, "weights", ()):
            weight.grad_rows = None
            weight.grad[...] = 0
        dx = self._buffers.take("dx", shape, cell.dtype)
        # The gradient by an output that masked steps repeat, on its way to the step that made it.
        carried = np.zeros((shape[0], cell.output_size), cell.dtype)
        if dy is not None and not self.return_sequences:
            carried += dy
        current = [
            np.zeros((shape[0], size), cell.dtype) if one is None else one
            for one, size in zip(dstates, cell.state_sizes, strict=True)
        ]
        for t, rows, saved in reversed(steps):
            if dy is not None and self.return_sequences:
                if rows is not None and self.zero_output_for_mask:
                    carried[rows] += dy[rows, t]
                else:
                    carried += dy[:, t]
            if rows is not None:
                dx[:, t] = 0
                if not len(rows):
                    continue
            given = [_taken(one, rows) for one in current]
            dx_t, new = cell.backward(saved, _taken(carried, rows), given, shape[2])
            dx[slice(None) if rows is None else rows, t] = dx_t
            current = [_put(old, rows, one) for old, one in zip(current, new, strict=True)]
            carried = _put(carried, rows, np.zeros_like(_taken(carried, rows)))
        return dx, current


def _taken(array: Array, rows: Rows) -> Array:
    return array if rows is None else array[rows]


def _put(old: Array, rows: Rows, new: Array) -> Array:
    """Return `old` with some rows replaced; what a step has kept of `old` stays as it is."""
    if rows is None:
        return new
    changed = old.copy()
    changed[rows] = new
    return changed
