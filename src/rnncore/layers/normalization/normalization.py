"""What the normalization layers share: gamma, beta and their axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._shapes import axes_behind_batch, listed_axes
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.parameter import Parameter
from rnncore.layers.tape import Tape
from rnncore.utils._checks import check_flag, check_number


class Normalization(Layer):
    """Base of LayerNormalization and BatchNormalization: ``y = gamma * normal + beta``."""

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.axis = listed_axes(owner, axis)
        self.needs_sizes = self.axis != (-1,)
        self.epsilon = check_number(owner, "epsilon", epsilon, low=0.0)
        self.center = check_flag(owner, "center", center)
        self.scale = check_flag(owner, "scale", scale)
        self.choose("beta", locals())
        self.choose("gamma", locals())

    def build(self, input_shape: Shape) -> None:
        self._axes = axes_behind_batch(self.name, self.axis, input_shape)
        rank = range(len(input_shape))
        self._others = tuple(axis for axis in rank if axis not in self._axes)
        self.fixed_axes = tuple(axis - len(rank) for axis in self._axes)
        self._sizes: Any = tuple(input_shape[axis] for axis in self._axes)
        self._broadcast: Any = tuple(input_shape[a] if a in self._axes else 1 for a in rank)
        self.gamma = self._made("gamma") if self.scale else None
        self.beta = self._made("beta") if self.center else None

    def _made(self, weight: str, trainable: bool = True) -> Parameter:
        return self.add_weight(weight, self._sizes, trainable=trainable, **self.chosen(weight))

    def _scaled(self, normal: NDArray[Any], tape: Tape) -> NDArray[Any]:
        """Return ``gamma * normal + beta``."""
        y = normal
        if self.gamma is not None:
            out = tape.take("y", normal.shape, normal.dtype)
            y = np.multiply(normal, self.gamma.value.reshape(self._broadcast), out=out)
        if self.beta is not None:
            out = tape.take("y", normal.shape, normal.dtype)
            y = np.add(y, self.beta.value.reshape(self._broadcast), out=out)
        return y

    def _scaled_backward(self, dy: NDArray[Any], normal: NDArray[Any], tape: Tape) -> NDArray[Any]:
        """Write the gradients of gamma and beta, return that of `normal`."""
        if self.beta is not None:
            np.sum(dy, axis=self._others, out=self.beta.grad)
        if self.gamma is None:
            return dy
        np.sum(product(dy, normal, tape), axis=self._others, out=self.gamma.grad)
        dnormal = tape.take("dnormal", dy.shape, dy.dtype)
        return np.multiply(dy, self.gamma.value.reshape(self._broadcast), out=dnormal)


def product(one: NDArray[Any], other: NDArray[Any], tape: Tape) -> NDArray[Any]:
    """Return a product, which the next call overwrites."""
    return np.multiply(one, other, out=tape.take("product", one.shape, one.dtype))
