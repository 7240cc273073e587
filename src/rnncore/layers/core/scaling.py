"""Layers without weights that scale numbers: Rescaling, UnitNormalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.layers._arguments import expect_constant, listed_axes
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.nodes import OPERATIONS, REDUCTIONS, UNARY, Nodes, axis_of, of_each_sample


class Identity(Layer):
    """Return the input.

    Parameters
    ----------
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Identity
    >>> Identity()(np.array([1.0, 2.0]))
    array([1., 2.], dtype=float32)
    """

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        return x

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        return x, None

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        return dy


class Rescaling(Layer):
    """``scale * x + offset``.

    Parameters
    ----------
    scale : float or array_like
    offset : float or array_like, default 0.0
        An array is broadcast over the samples.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    TypeError
        If an argument is not numeric.
    ValueError
        If it does not broadcast to the input.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Rescaling
    >>> Rescaling(2.0, offset=-1.0)(np.array([[0.0, 0.5, 1.0]]))
    array([[-1.,  0.,  1.]], dtype=float32)
    """

    def __init__(self, scale: ArrayLike, offset: ArrayLike = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = _numbers("scale", scale)
        self.offset = _numbers("offset", offset)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        expect_constant(self.name, self.scale, input_shape)
        expect_constant(self.name, self.offset, input_shape)
        return input_shape

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        scale, offset = of_each_sample(self.scale, x), of_each_sample(self.offset, x)
        scaled = f.node("binary", [x], [scale], [OPERATIONS["multiply"]])
        return f.node("binary", [scaled], [offset], [OPERATIONS["add"]])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        self.compute_output_shape(x.shape)  # raises if the constants would make it larger
        return self.inferred(x, tape=self.tape(training))

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        self.used(tape)
        dx = tape.take("dx", dy.shape, dy.dtype)
        return np.multiply(dy, np.asarray(self.scale, dy.dtype), out=dx)


def _numbers(argument: str, value: ArrayLike) -> Any:
    """Return a number, or nested lists of numbers."""
    array = np.array(value)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"Rescaling: {argument}: expected numbers, got {value!r}")
    return array.tolist()


class UnitNormalization(Layer):
    """Divide by the length of each vector.

    Parameters
    ----------
    axis : int or sequence of int, default -1
        The axes that make up a vector.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    TypeError
        If an axis is not an integer.

    Notes
    -----
    Squared lengths are clipped from below at 1e-12.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import UnitNormalization
    >>> UnitNormalization()(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]], dtype=float32)
    """

    _SMALLEST = 1e-12

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = listed_axes("UnitNormalization", axis)

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        axes = [axis_of(axis) for axis in self.axis]
        square = f.node("unary", [x], attributes=[UNARY["square"]])
        reduction = [REDUCTIONS["sum"], 1, len(axes), *axes]
        length = f.node("reduce", [square], attributes=reduction)
        least = [np.asarray(self._SMALLEST)]
        length = f.node("binary", [length], least, [OPERATIONS["maximum"]])
        length = f.node("unary", [length], attributes=[UNARY["sqrt"]])
        return f.node("binary", [x, length], attributes=[OPERATIONS["divide"]])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        if not training:
            return self.inferred(x)
        tape = self.tape(training)
        y = np.square(x, out=tape.take("y", x.shape, x.dtype))
        one_each = np.sum(y[:0], axis=self.axis, keepdims=True).shape
        inverse = tape.take("inverse", (len(x), *one_each[1:]), x.dtype)
        y.sum(axis=self.axis, keepdims=True, out=inverse)
        small = inverse < self._SMALLEST
        np.maximum(inverse, self._SMALLEST, out=inverse)
        np.sqrt(inverse, out=inverse)
        np.divide(1, inverse, out=inverse)
        np.multiply(x, inverse, out=y)
        tape.saved = (y, inverse, small)
        return y, tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        y, inverse, small = self.used(tape)
        dx = np.multiply(dy, y, out=tape.take("dx", dy.shape, dy.dtype))
        along = dx.sum(axis=self.axis, keepdims=True)
        along[small] = 0  # there the length is a constant
        np.multiply(y, along, out=dx)
        np.subtract(dy, dx, out=dx)
        dx *= inverse
        return dx
