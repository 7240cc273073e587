"""The state of an optimizer as named variables."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.utils._variable import NamedArray


class Variable(NamedArray):
    """An array or a number of an optimizer's state.

    Attributes
    ----------
    name : str
        ``"iteration"``, ``"learning_rate"``, or weight and kind: ``"dense_kernel_momentum"``.
    """

    def __init__(
        self, name: str, read: Callable[[], NDArray[Any]], write: Callable[[NDArray[Any]], None]
    ) -> None:
        self.name = name
        self._read = read
        self._write = write

    @property
    def value(self) -> NDArray[Any]:
        """The array itself."""
        return self._read()

    @value.setter
    def value(self, value: NDArray[Any]) -> None:
        self._write(value)

    def __repr__(self) -> str:
        return f"<Variable {self.name} shape={self.shape} dtype={self.dtype}>"


def variables(optimizer: Any) -> list[Variable]:
    """Return `Optimizer.variables`."""

    def set_iterations(value: NDArray[Any]) -> None:
        optimizer.iterations = int(value)

    def set_rate(value: NDArray[Any]) -> None:
        optimizer.learning_rate = float(value)

    found = [
        Variable("iteration", lambda: np.array(optimizer.iterations, np.int64), set_iterations),
        Variable("learning_rate", lambda: np.array(optimizer.learning_rate, np.float32), set_rate),
    ]
    for weight in optimizer.served_weights:
        if weight.trainable:
            for slot, flat in optimizer.slots.items():
                found.append(_of_weight(f"{weight.name.replace('/', '_')}_{slot}", weight, flat))
    return found


def _of_weight(name: str, weight: Any, flat: NDArray[Any]) -> Variable:
    state = flat[weight.offset : weight.offset + weight.size].reshape(weight.shape)
    return Variable(name, lambda: state, functools.partial(state.__setitem__, ...))
