"""StackedRNNCells: several cells stacked into one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from rnncore.layers.layer import Layer, Shape
from rnncore.layers.rnn.own_cell import AbstractRNNCell
from rnncore.layers.rnn.own_cell_loop import CellSteps, check_cell
from rnncore.layers.rnn.states import initial_states, nest, output_size, state_structure
from rnncore.utils._checks import check_count


class StackedRNNCells(AbstractRNNCell):
    """A stack of cells: the output of one is the input of the next.

    In an `RNN` each cell runs over the whole sequence before the next one starts; built-in cells
    use their kernels.

    Parameters
    ----------
    cells : list of cells
        From input to output, each a different object.
    **kwargs
        `name`, `dtype`, `trainable`: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the list is empty, holds something else than cells, or holds a cell twice.

    Notes
    -----
    Weights: those of the cells, in order. States: a list with the states of each cell.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import RNN, GRUCell, LSTMCell, StackedRNNCells
    >>> layer = RNN(StackedRNNCells([LSTMCell(8), GRUCell(4)]), return_state=True)
    >>> y, lstm_state, gru_state = layer(np.zeros((2, 5, 3)))
    >>> y.shape, [s.shape for s in lstm_state], [s.shape for s in gru_state]
    ((2, 4), [(2, 8), (2, 8)], [(2, 4)])
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        if not isinstance(cells, (list, tuple)) or not cells:
            raise ValueError(f"StackedRNNCells: cells: expected a list of cells, got {cells!r}")
        for cell in cells:
            check_cell("StackedRNNCells", cell)
            if sum(cell is other for other in cells) > 1:
                raise ValueError(
                    f"StackedRNNCells: cells: expected each cell once, got {cell!r} twice"
                )
        self.cells = list(cells)
        self.children = [cell for cell in cells if isinstance(cell, Layer)]
        super().__init__(**kwargs)

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the states of every cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """The size of the last cell's output."""
        return output_size(self.cells[-1])

    @property
    def state_structure(self) -> list[Any]:
        """Nested as the states are."""
        return [state_structure(cell) for cell in self.cells]

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Return the states that every cell starts from."""
        batch = check_count(f"{self.name}: get_initial_state", "batch_size", batch_size)
        return [
            nest(state_structure(cell), initial_states(cell, batch, self.dtype))
            for cell in self.cells
        ]

    def build(self, input_shape: Shape) -> None:
        for cell in self.cells:
            build_cell(self, cell, input_shape)
            input_shape = (input_shape[0], output_size(cell))

    def forward(  # type: ignore[override]
        self, inputs: NDArray[Any], states: list[NDArray[Any]], training: bool = False
    ) -> tuple[NDArray[Any], list[NDArray[Any]], Any]:
        """Compute one step of all cells."""
        rest, new, saved = list(states), [], []
        for cell in self.cells:
            steps = CellSteps(cell, self.dtype)
            count = len(steps.state_sizes)
            y, found, kept = steps.forward(inputs, rest[:count], training)
            saved.append((steps, inputs.shape[1], kept))
            new.extend(found)
            inputs, rest = y, rest[count:]
        return inputs, new, saved

    def backward(  # type: ignore[override]
        self, saved: Any, dy: NDArray[Any], dstates: list[NDArray[Any]]
    ) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        """Compute the gradients of one step of all cells."""
        rest = list(dstates)
        found: list[NDArray[Any]] = []
        for steps, features, kept in reversed(saved):
            count = len(steps.state_sizes)
            dy, dstate = steps.backward(kept, dy, rest[-count:], features)
            found = [*dstate, *found]
            del rest[-count:]
        return dy, found


def build_cell(owner: Layer, cell: Any, input_shape: Shape) -> None:
    """Make the weights of a cell that has `build`."""
    if isinstance(cell, Layer):
        owner.build_inside(cell, input_shape)
    elif hasattr(cell, "build"):
        cell.build(input_shape)
