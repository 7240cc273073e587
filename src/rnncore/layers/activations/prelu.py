"""PReLU: a rectifier with learned slopes below zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.layer import Layer, Shape
from rnncore.utils._checks import check_count


class PReLU(Layer):
    """``x`` if positive, else ``alpha * x`` with a weight `alpha`.

    Parameters
    ----------
    alpha_initializer : default "zeros"
    alpha_regularizer, alpha_constraint : optional
        Penalty on the slopes, and constraint applied after each step.
    shared_axes : int or sequence of int, optional
        Axes that share a slope, counted from 1: ``[1]`` for all time steps. The sizes of the other
        axes must be known.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an axis does not exist or a size is not known.

    Notes
    -----
    Weights: alpha, of the shape of a sample with 1 for the shared axes.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import PReLU
    >>> PReLU(alpha_initializer="ones")(np.array([[-2.0, 3.0]]))
    array([[-2.,  3.]], dtype=float32)
    """

    fixed_axes: tuple[int, ...] = (-1,)

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.choose("alpha", locals())
        axes = shared_axes if isinstance(shared_axes, (list, tuple)) else [shared_axes]
        self.shared_axes = (
            None
            if shared_axes is None
            else [check_count("PReLU", "shared_axes", axis) for axis in axes]
        )

    def build(self, input_shape: Shape) -> None:
        sizes = list(input_shape[1:])
        for axis in self.shared_axes or ():
            if axis > len(sizes):
                raise ValueError(
                    f"{self.name}: shared_axes: expected axes from 1 to {len(sizes)}, got {axis}"
                )
            sizes[axis - 1] = 1
        known = [size for size in sizes if size is not None]
        if len(known) < len(sizes):
            raise ValueError(
                f"{self.name}: shared_axes: expected to include every axis of unknown size, got "
                f"{self.shared_axes} for shape {input_shape}"
            )
        shared = [axis - 1 - len(sizes) for axis in self.shared_axes or ()]
        self.fixed_axes = tuple(axis for axis in range(-len(sizes), 0) if axis not in shared)
        self.alpha = self.add_weight("alpha", known, **self.chosen("alpha"))

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        tape = self.tape(training)
        below = np.minimum(x, 0, out=tape.take("below", x.shape, x.dtype))
        above = np.greater(x, 0, out=tape.take("above", x.shape, np.bool_))
        y = np.multiply(below, self.alpha.value, out=tape.take("y", x.shape, x.dtype))
        np.copyto(y, x, where=above)
        tape.saved = (below, above)
        return y, tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        below, above = self.used(tape)
        product = np.multiply(dy, below, out=below)
        shared = tuple(self.shared_axes or ())
        summed = product.sum(axis=(0, *shared), keepdims=True)
        self.alpha.grad[...] = summed[0]
        if not need_dx:
            return None
        dx = tape.take("dx", dy.shape, dy.dtype)
        np.multiply(dy, self.alpha.value, out=dx)
        np.copyto(dx, dy, where=above)
        return dx
