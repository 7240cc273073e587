"""The time loop over a cell written in NumPy, forward and backward."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.graph.symbolic import leaves
from rnncore.layers.layer import detached
from rnncore.layers.rnn.recurrent_layer import Pass, RecurrentLayer, States
from rnncore.layers.rnn.states import initial_states, name_of, output_size, state_sizes

Array = NDArray[Any]
ALL = slice(None)
Rows = Any  # indices of rows, or ALL


class CellSteps:
    """A cell whose results are checked and converted to one dtype.

    Uses whichever of `forward` and `call` is defined by the more derived class, or `forward` if one
    class defines both. A `backward` from a base of the class that defines `forward` belongs to a
    different `forward` and is not used.

    Parameters
    ----------
    cell : object
        With `forward` and `backward` as in `AbstractRNNCell`, or only Keras' `call`.
    dtype : numpy.dtype
        Of the arrays that the steps return.

    Raises
    ------
    ValueError, TypeError
        If it has no such method or no `state_size`.

    Attributes
    ----------
    has_backward : bool
        Whether it can be trained.
    """

    def __init__(self, cell: Any, dtype: np.dtype[Any]) -> None:
        self.cell, self.dtype, self.owner = cell, dtype, name_of(cell)
        forward, call, backward = (_distance(cell, m) for m in ("forward", "call", "backward"))
        self.method = "forward" if forward <= call else "call"
        self.has_backward = backward <= forward <= call
        self.state_sizes, self.output_size = state_sizes(cell), output_size(cell)
        parameters = inspect.signature(getattr(cell, self.method)).parameters
        self._takes_training = "training" in parameters

    def forward(
        self, x: Array, states: list[Array], training: bool
    ) -> tuple[Array, list[Array], Any]:
        """Return the output, the new states, and what the backward needs from this step."""
        flags = {"training": training} if self._takes_training else {}
        result: Any = getattr(self.cell, self.method)(x, states, **flags)
        names = ("y", "states", "saved")[: 3 if self.method == "forward" else 2]
        y, new, *saved = self._parts(self.method, names, result)
        shape = (len(x), self.output_size)
        states_shapes = [state.shape for state in states]
        return (
            self._array(self.method, "y", y, shape),
            self._arrays(self.method, "states", new, states_shapes),
            saved[0] if saved else None,
        )

    def backward(
        self, saved: Any, dy: Array, dstates: list[Array], features: int
    ) -> tuple[Array, list[Array]]:
        """Return the gradients of x and of the states; the cell adds those of its weights."""
        if not self.has_backward:
            raise ValueError(
                f"{self.owner}: backward: expected a cell with `forward` and `backward` for "
                f"training (see AbstractRNNCell), got one with only `{self.method}`"
            )
        result: Any = self.cell.backward(saved, dy, dstates)
        dx, new = self._parts("backward", ("dx", "dstates"), result)
        shapes = [dstate.shape for dstate in dstates]
        return (
            self._array("backward", "dx", dx, (len(dy), features)),
            self._arrays("backward", "dstates", new, shapes),
        )

    def _parts(self, method: str, names: tuple[str, ...], result: Any) -> Any:
        if isinstance(result, (tuple, list)) and len(result) == len(names):
            return result
        several = isinstance(result, (tuple, list))
        got = f"{len(result)} values" if several else type(result).__name__
        raise ValueError(f"{self.owner}: {method}: expected ({', '.join(names)}), got {got}")

    def _arrays(
        self, method: str, what: str, given: Any, shapes: list[tuple[int, ...]]
    ) -> list[Array]:
        arrays = list(leaves(given))
        if len(arrays) != len(shapes):
            raise ValueError(
                f"{self.owner}: {method}: {what}: expected {len(shapes)} arrays, got {len(arrays)}"
            )
        pairs = enumerate(zip(arrays, shapes, strict=True))
        return [self._array(method, f"{what}[{i}]", *pair) for i, pair in pairs]

    def _array(self, method: str, what: str, value: Any, shape: tuple[int, ...]) -> Array:
        array = np.asarray(value, self.dtype)
        if array.shape != shape:
            raise ValueError(
                f"{self.owner}: {method}: {what}: expected shape {shape}, got {array.shape}"
            )
        return array


def check_cell(owner: str, cell: Any) -> None:
    """Raise ValueError or TypeError unless `cell` has what a cell needs."""
    if isinstance(cell, type) or _distance(cell, "call") == _distance(cell, "forward") == _NONE:
        raise ValueError(
            f"{owner}: cell: expected a cell, with a method `forward` (or `call`), got {cell!r}"
        )
    if getattr(cell, "state_size", None) is None:
        raise ValueError(
            f"{owner}: cell: expected a cell with a state_size (an integer, or a list of one for "
            f"each state), got {cell!r}"
        )
    state_sizes(cell)


_NONE = float("inf")


def _distance(cell: Any, method: str) -> float:
    """Return how many classes above the cell's own a method is defined; infinity if nowhere."""
    for number, base in enumerate(type(cell).__mro__):
        if method in vars(base):
            return number
    return _NONE


class CellLoop(RecurrentLayer):
    """Runs a cell over sequences.

    The cell only gets the rows of the batch that are not masked, so masked steps cost nothing, and
    padding affects neither results nor gradients.

    Parameters
    ----------
    cell : object
        See `CellSteps`; built.
    dtype : numpy.dtype
    **kwargs
        Those of `RecurrentLayer`.
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

    def forward_steps(
        self,
        x: Array,
        mask: Array | None,
        training: bool,
        initial_state: States | None,
        out: Array | None,
    ) -> Pass[tuple[Array, States, Any]]:
        yield from ()  # it calls no kernel
        start = initial_state
        cell = CellSteps(self.cell, x.dtype)
        if start is None:
            states = initial_states(self.cell, len(x), x.dtype)
        else:  # copied, since a stateful layer replaces its states before the backward reads these
            states = [one.copy() if training else one for one in start]
        last = np.zeros((len(x), cell.output_size), x.dtype)
        y = out
        if y is None and self.return_sequences:
            y = np.empty((*x.shape[:2], cell.output_size), x.dtype)
        tape: list[tuple[int, Rows, Any]] = []
        for t in range(x.shape[1])[:: -1 if self.go_backwards else 1]:
            rows: Rows = ALL
            saved = None
            if mask is not None and not mask[:, t].all():
                rows = np.flatnonzero(mask[:, t])
            if rows is ALL or len(rows):
                given = [state[rows] for state in states]
                output, new, saved = cell.forward(x[:, t][rows], given, training)
                last = _put(last, rows, output)
                states = [_put(old, rows, one) for old, one in zip(states, new, strict=True)]
            if y is not None:
                y[:, t] = last
                if mask is not None and self.zero_output_for_mask:
                    y[~mask[:, t], t] = 0
            tape.append((t, rows, saved))
        if start is not None:  # a cell may return its argument, which belongs to the caller
            states = [detached(state, start) for state in states]
        return (last if y is None else y), states, (cell, x.shape, tape) if training else None

    def backward_steps(
        self, tape: Any, dy: Array | None, dstates: Sequence[Array | None], need_dx: bool
    ) -> Pass[tuple[Array | None, States]]:
        yield from ()
        cell, shape, steps = tape
        for weight in getattr(self.cell, "weights", ()):
            weight.grad_rows = None
            weight.grad[...] = 0
        dx = np.empty(shape, cell.dtype)
        # The gradient of an output that masked steps repeat, carried to the step that made it.
        carried = np.zeros((shape[0], cell.output_size), cell.dtype)
        if dy is not None and not self.return_sequences:
            carried += dy
        current = [
            np.zeros((shape[0], size), cell.dtype) if one is None else one
            for one, size in zip(dstates, cell.state_sizes, strict=True)
        ]
        for t, rows, saved in reversed(steps):
            if dy is not None and self.return_sequences:
                if self.zero_output_for_mask:
                    carried[rows] += dy[rows, t]
                else:
                    carried += dy[:, t]
            if rows is not ALL:
                dx[:, t] = 0
                if not len(rows):
                    continue
            given = [one[rows] for one in current]
            dx[rows, t], new = cell.backward(saved, carried[rows], given, shape[2])
            current = [_put(old, rows, one) for old, one in zip(current, new, strict=True)]
            carried = _put(carried, rows, np.zeros_like(carried[rows]))
        return dx, current


def _put(old: Array, rows: Rows, new: Array) -> Array:
    """Return a copy of `old` with some rows replaced; earlier steps may still hold `old`."""
    if rows is ALL:
        return new
    changed = old.copy()
    changed[rows] = new
    return changed
