"""All weights of a model in one buffer, and all gradients in another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.parameter import Parameter
from rnncore.optimizers.base import Layout, Optimizer


class ParameterBuffer:
    """Two flat arrays and their segments.

    Making one moves the weights of `parameters` into it, and the layers then hold views. The
    gradients are allocated by `ensure_grads`, so a model that only predicts has none.

    Parameters
    ----------
    parameters : sequence of Parameter
        In the order of their layout.
    dtype : numpy.dtype
        The dtype of all of them.

    Attributes
    ----------
    segments : tuple of Parameter
        All of them.
    regularized, constrained : list of Parameter
        Those that have a regularizer or a constraint.
    """

    def __init__(self, parameters: Sequence[Parameter], dtype: np.dtype[Any]) -> None:
        self.segments = tuple(parameters)
        self.values: NDArray[Any] = np.empty(sum(p.size for p in parameters), dtype)
        self.regularized = [p for p in parameters if p.regularizer is not None]
        self.constrained = [p for p in parameters if p.constraint is not None]
        self.grads: NDArray[Any] | None = None
        self._trained = -1, Layout()
        offset = 0
        for parameter in self.segments:
            parameter.bind_value(self, self.values, offset)
            offset += parameter.size

    def holds(self, parameters: Sequence[Parameter]) -> bool:
        """Whether exactly these weights still live here: another model may have taken one."""
        return self.segments == tuple(parameters) and all(p.buffer is self for p in parameters)

    def ensure_grads(self) -> NDArray[Any]:
        """Return the flat gradients; the first call makes them."""
        if self.grads is None:
            grads = np.zeros_like(self.values)
            for parameter in self.segments:
                parameter.bind_grad(grads)
            self.grads = grads  # not before all are views of it: Ctrl-C may come in between
        return self.grads

    def trained(self) -> Layout:
        """Return the segments being trained; the same object while they do not change."""
        changes = Parameter.trainable_changes
        if self._trained[0] != changes:
            self._trained = changes, Layout(p for p in self.segments if p.trainable)
        return self._trained[1]

    def penalty(self) -> float:
        """Return what the regularizers of the trained weights add to the loss."""
        return sum(p.penalty() for p in self.regularized if p.trainable)

    def add_penalty_gradients(self) -> None:
        """Add the gradients of `penalty` to those of the last backward pass."""
        for parameter in self.regularized:
            if parameter.trainable:
                parameter.add_penalty_gradient()

    def apply_gradients(self, optimizer: Optimizer) -> None:
        """Let an optimizer change the weights by the gradients, then apply the constraints."""
        grads = self.ensure_grads() if self.grads is None else self.grads
        optimizer.step(self.values, grads, self.trained())
        for parameter in self.constrained:
            if parameter.trainable:
                parameter.constrain()
