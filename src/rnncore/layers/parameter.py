"""A layer's weight and its place in the flat buffers of a model."""

from __future__ import annotations

import functools
import operator
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rnncore import constraints, regularizers
from rnncore.layers._arguments import numeric_array
from rnncore.utils._arrays import NamedArray, narrowed

if TYPE_CHECKING:
    from rnncore.layers.layer import Layer


# Held while weights are made or moved: if threads share a model, one of them does it and the others
# wait. One lock for all models, so that models can be copied and pickled.
building = threading.RLock()
if hasattr(os, "register_at_fork"):
    # A forked child must not inherit a lock held by a thread that it does not have.
    os.register_at_fork(
        before=building.acquire,
        after_in_parent=building.release,
        after_in_child=building.release,
    )


class Parameter(NamedArray):
    """One weight array, its gradient, and its segment of the model's flat buffers.

    A layer outside a model owns its arrays; inside one, `value` and `grad` are views into the
    model's two buffers. Write with ``assign`` or in place, so that they stay views.

    Attributes
    ----------
    value : ndarray
        The weight, float32 or float64.
    grad : ndarray
        The gradient that the last backward pass wrote, same shape and dtype.
    offset, size : int
        The segment of the flat buffers; `offset` is -1 while no model holds the layer.
    decay : bool
        Whether weight decay applies to it.
    regularizer : callable or None
        Its penalty is added to the training loss; see `rnncore.regularizers`.
    constraint : callable or None
        Applied after each optimizer step; see `rnncore.constraints`.
    grad_rows : ndarray of int64 or None
        Indices of the rows of `grad` that may be nonzero, possibly repeated; None means all. Set it
        to None when you write to other rows of `grad`.
    """

    # Counts how often any layer was frozen or unfrozen, so that what depends on the set of trained
    # weights is recomputed only after a change.
    trainable_changes: ClassVar[int] = 0

    def __init__(
        self,
        layer: Layer,
        short_name: str,
        value: NDArray[Any],
        *,
        decay: bool = True,
        trainable: bool = True,
        regularizer: Callable[[NDArray[Any]], Any] | None = None,
        constraint: Callable[[NDArray[Any]], Any] | None = None,
    ) -> None:
        self.layer = layer
        self.short_name = short_name
        self.value = value
        self.decay = decay
        self.regularizer = regularizer
        self.constraint = constraint
        self._trainable = trainable
        self.size = int(value.size)
        self.offset = -1
        self.buffer: object | None = None
        self.grad_rows: NDArray[np.int64] | None = None

    @property
    def name(self) -> str:  # type: ignore[override]
        """Layer and weight, as in ``lstm/kernel``."""
        return f"{self.layer.name}/{self.short_name}"

    @property
    def path(self) -> str:
        """Alias of `name`, as in Keras."""
        return self.name

    @property
    def trainable(self) -> bool:
        """Whether the optimizer may change it: the layer and the weight must be trainable."""
        return self._trainable and self.layer.trainable

    @functools.cached_property
    def _grad(self) -> NDArray[Any]:
        return np.zeros_like(self.value)

    def _write_grad(self, value: Any) -> None:
        # For ``weight.grad += ...``, which changes the array in place and then assigns it.
        if value is not self._grad:
            self._grad[...] = value

    # Every backward pass reads it: without a call of Python.
    grad: Any = property(
        operator.attrgetter("_grad"),
        _write_grad,
        doc="Gradient array. Outside a model it is made on first use, filled with zeros.",
    )

    def penalty(self) -> float:
        """Return what the regularizer adds to the loss; 0 without one."""
        return 0.0 if self.regularizer is None else float(self.regularizer(self.value))

    def add_penalty_gradient(self) -> None:
        """Add the gradient of the penalty to `grad`; it reaches all rows."""
        if self.regularizer is not None:
            regularizers.add_grad(self.regularizer, self.value, self.grad, self.name)
            self.grad_rows = None

    def constrain(self) -> None:
        """Apply the constraint to the weight."""
        if self.constraint is not None:
            constraints.apply(self.constraint, self.value, self.name)

    def assign(self, value: Any) -> None:
        """Copy `value` into the weight; raises as `converted` does."""
        self.value[...] = self.converted(value, self.name)

    def converted(self, value: Any, argument: str) -> NDArray[Any]:
        """Return `value` as an array of the weight's shape and dtype.

        Raises
        ------
        ValueError
            If the shape differs, or the dtype cannot hold a finite number.
        TypeError
            If `value` is not a plain array of real numbers in native byte order.
        """
        array = numeric_array(argument, value, scalar=not self.shape)
        if array.shape != self.shape:
            raise ValueError(
                f"{argument}: expected shape {self.shape} for {self.name}, got {array.shape}"
            )
        return narrowed(argument, array, self.dtype)

    def bind_value(self, buffer: object, flat: NDArray[Any], offset: int) -> None:
        """Move the weight into ``flat[offset:offset + size]`` and become a view of it."""
        view = flat[offset : offset + self.size].reshape(self.shape)
        view[...] = self.value
        self.buffer = None  # assigned last: a Ctrl-C in between leaves the weight in no buffer
        self.value = view
        self.offset = offset
        self.grad_rows = None
        vars(self).pop("_grad", None)
        self.buffer = buffer

    def bind_grad(self, flat: NDArray[Any]) -> None:
        """Become a view of the flat gradient buffer, at the weight's own offset."""
        self.grad_rows = None
        self._grad = flat[self.offset : self.offset + self.size].reshape(self.shape)

    def __getitem__(self, key: Any) -> Any:
        return self.value[key]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        array = self.value if dtype is None else self.value.astype(dtype)
        return array.copy() if copy else array

    def __repr__(self) -> str:
        return f"<Parameter {self.name} shape={self.shape} dtype={self.dtype}>"

    def __getstate__(self) -> dict[str, Any]:
        # A view would pickle its whole buffer, and come back detached from it.
        state = self.__dict__.copy()
        state.update(value=self.value.copy(), offset=-1, buffer=None, grad_rows=None)
        state.pop("_grad", None)
        return state
