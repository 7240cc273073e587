"""RNN: a cell, or a stack of cells, over sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from rnncore.layers._arguments import SEQUENCE
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.nodes import Nodes
from rnncore.layers.rnn.fused_cell import FusedCell
from rnncore.layers.rnn.own_cell import AbstractRNNCell
from rnncore.layers.rnn.own_cell_loop import CellLoop, check_cell
from rnncore.layers.rnn.recurrent_layer import Pass, RecurrentLayer, States
from rnncore.layers.rnn.stacked_rnn_cells import StackedRNNCells, build_cell
from rnncore.layers.rnn.states import (
    initial_states,
    nest,
    output_size,
    state_sizes,
    state_structure,
)
from rnncore.utils._config import passed_on

# From the fastest to the slowest.
_PATHS = ("fused", "generic", "cell")


class RNN(RecurrentLayer):
    """A recurrent layer that applies a cell at each step.

    The built-in cells (`LSTMCell`, `GRUCell`, `SimpleRNNCell`), stacked or not, run on the kernels
    of the corresponding layers. A cell of your own runs in a Python loop.

    Parameters
    ----------
    cell : cell or list of cells
        A built-in cell, one of your own (see `AbstractRNNCell`), or a list of cells, which are
        stacked as by `StackedRNNCells`. Any object with Keras' ``call(inputs, states)`` and
        `state_size` can predict.
    return_sequences : bool, default False
        Whether to return the output of every step, ``(B, T, H)``, or only the last, ``(B, H)``.
    return_state : bool, default False
        Whether to also return the final states: ``(y, state, ...)``, for a stack a list of states
        for each cell.
    go_backwards : bool, default False
        Process each sequence in reverse, and return the output in that order.
    stateful : bool, default False
        Whether a batch starts from the final states of the previous one.
    unroll : bool, default False
        Without effect.
    zero_output_for_mask : bool, default False
        Whether the output of a masked step is zero; otherwise it repeats the previous output.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If `cell` is not a cell, or an argument is unknown or out of range.

    Notes
    -----
    Weights: those of the cell.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import RNN, GRUCell, LSTMCell
    >>> RNN(LSTMCell(4), return_sequences=True)(np.zeros((2, 5, 3))).shape
    (2, 5, 4)
    >>> RNN([LSTMCell(4), GRUCell(6)])(np.zeros((2, 5, 3))).shape
    (2, 6)
    """

    wraps = "cell"
    input_axes = SEQUENCE
    fixed_axes = (-1,)

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell
        check_cell("RNN", cell)
        self.children: list[Layer] = [cell] if isinstance(cell, Layer) else []
        super().__init__(**passed_on(locals(), "cell"))
        self.cell = cell
        # The layers that compute, one for each cell of a stack; made together with the weights.
        self._parts: list[RecurrentLayer] = []

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the states; for a stack those of every cell."""
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    @property
    def state_sizes(self) -> list[int]:
        """The sizes of the states, flat."""
        return state_sizes(self.cell)

    @property
    def output_size(self) -> int:
        return output_size(self.cell)

    @property
    def kernel_path(self) -> str:
        """What computes: "fused" or "generic" kernels, or "cell" for a cell of your own.

        For a stack, the slowest of its cells.
        """
        return max((path_of(cell) for cell in chain_of(self.cell)), key=_PATHS.index)

    def build(self, input_shape: Shape) -> None:
        build_cell(self, self.cell, (input_shape[0], input_shape[-1]))
        self._parts = [
            cell.sequence_layer() if runs_on_kernels(cell) else CellLoop(cell, self.dtype)
            for cell in chain_of(self.cell)
        ]
        self.children = [*self.children, *self._parts]

    def forget_weights(self) -> None:
        super().forget_weights()
        self.children = [child for child in self.children if child is self.cell]
        self._parts = []

    # -- calls -----------------------------------------------------------------------------

    def nested_states(self, states: list[Any]) -> list[Any]:
        structure = state_structure(self.cell)
        found = nest(structure, states)
        return found if isinstance(structure, (list, tuple)) else [found]

    def forward_steps(
        self,
        x: NDArray[Any],
        mask: NDArray[Any] | None,
        training: bool,
        initial_state: States | None,
        out: NDArray[Any] | None,
    ) -> Pass[tuple[NDArray[Any], States, Any]]:
        start = initial_state
        if start is None and not starts_from_zeros(self.cell):
            start = initial_states(self.cell, len(x), self.dtype)
        states: list[NDArray[Any]] = []
        tapes = []
        # In a stack, each layer runs over the whole sequence before the next one starts.
        for part in self._parts:
            last = part is self._parts[-1]
            part.return_sequences = self.return_sequences or not last
            part.zero_output_for_mask = self.zero_output_for_mask and last
            part.go_backwards = self.go_backwards
            given = start and start[len(states) : len(states) + part.state_count]
            x, found, tape = yield from part.forward_steps(
                x, mask, training, given, out if last else None
            )
            states.extend(found)
            tapes.append(tape)
        return x, states, tapes

    def infer_steps(
        self, f: Nodes, x: Any, mask: Any, initial_state: Any, sequences: int
    ) -> list[Any]:
        if not starts_from_zeros(self.cell):
            return super().infer_steps(f, x, mask, initial_state, sequences)
        states: list[Any] = []
        begins = 0
        for part in self._parts:
            last = part is self._parts[-1]
            part.return_state = self.return_state
            part.zero_output_for_mask = self.zero_output_for_mask and last
            part.go_backwards = self.go_backwards
            given = initial_state and initial_state[begins : begins + part.state_count]
            begins += part.state_count
            x, *found = part.infer_steps(f, x, mask, given, sequences if last else 2)
            states.extend(found)
        return [x, *states]

    def backward_steps(
        self,
        tape: Any,
        dy: NDArray[Any] | None,
        dstates: Sequence[NDArray[Any] | None],
        need_dx: bool,
    ) -> Pass[tuple[NDArray[Any] | None, States]]:
        rest = list(dstates)
        found: list[NDArray[Any]] = []
        for part, one in zip(reversed(self._parts), reversed(tape), strict=True):
            start = len(rest) - part.state_count
            wanted = need_dx or part is not self._parts[0]
            dy, dinitial = yield from part.backward_steps(one, dy, rest[start:], wanted)
            found = [*dinitial, *found]
            del rest[start:]
        return dy, found

    def get_initial_state(self, batch_size: int) -> list[Any]:
        return self.nested_states(initial_states(self.cell, batch_size, self.dtype))


def chain_of(cell: Any) -> list[Any]:
    """Return the cells that run one after the other, including those of nested stacks."""
    if not isinstance(cell, StackedRNNCells) or has_own_step(cell, StackedRNNCells):
        return [cell]
    return [one for inner in cell.cells for one in chain_of(inner)]


def runs_on_kernels(cell: Any) -> bool:
    """Whether a cell is a built-in one whose step is not overridden."""
    return isinstance(cell, FusedCell) and not has_own_step(cell, FusedCell)


def has_own_step(cell: Any, base: type) -> bool:
    """Whether a class derived from `base` overrides the step."""
    methods = ("forward", "backward", "call")
    return any(getattr(type(cell), name) is not getattr(base, name) for name in methods)


def path_of(cell: Any) -> str:
    """Return the `kernel_path` of one cell."""
    return cell.layer.kernel_path if runs_on_kernels(cell) else CellLoop.kernel_path


def starts_from_zeros(cell: Any) -> bool:
    """Whether all cells start from zeros, as the kernels assume."""
    method = getattr(type(cell), "get_initial_state", None)
    if isinstance(cell, StackedRNNCells):
        own = StackedRNNCells.get_initial_state
        return method is own and all(starts_from_zeros(one) for one in cell.cells)
    return method is None or method is AbstractRNNCell.get_initial_state
