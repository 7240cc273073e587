"""Single steps of any cell: which methods it has, and what they must return."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.rnn.states import flatten, name_of, output_size, state_sizes

Array = NDArray[Any]


class CellSteps:
    """A cell, with what it returns checked and in one dtype.

    Of `forward` and `call` the one counts that is nearer to the cell's class, `forward` where
    both are as near. A `backward` that is farther than `forward` belongs to another one.

    Parameters
    ----------
    cell : object
        With `forward` and `backward` as in `AbstractRNNCell`, or with Keras' `call` alone.
    dtype : numpy.dtype
        Of the arrays that the steps return.

    Raises
    ------
    ValueError, TypeError
        When it has no such method or no `state_size`.

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
        """Return the output, the new states, and what the backward of this step needs."""
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
                f"{self.owner}: backward: expected a cell with `forward` and `backward`, as "
                f"AbstractRNNCell says, for training, got one with `{self.method}` alone"
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
        arrays = flatten(given)
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
    """Return how far above the cell's class the one is that defines a method; infinity: none."""
    for number, base in enumerate(type(cell).__mro__):
        if method in vars(base):
            return number
    return _NONE
