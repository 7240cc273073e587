"""Layers that make one array of several, element by element: Add, Multiply, Average."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.base import Layer


class Merge(Layer):
    """Base of the layers that combine arrays element by element.

    Sizes of 1 are repeated as NumPy does it; an array with fewer axes gets new ones behind the
    batch. The mask that goes on is True where any is; there is none unless every input has one.
    """

    takes_several = True

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        shapes = several_shapes(self.name, input_shape)
        rank = max(map(len, shapes))
        full = [(shape[0], *(1,) * (rank - len(shape)), *shape[1:]) for shape in shapes]
        sizes = []
        for axis in range(rank):
            column = [shape[axis] for shape in full]
            known = {size for size in column if size is not None and (size != 1 or axis == 0)}
            if len(known) > 1:
                raise ValueError(
                    f"{self.name}: x: expected arrays of one shape, or sizes of 1 behind the "
                    f"batch, got shapes {', '.join(map(str, shapes))}"
                )
            sizes.append(known.pop() if known else None if None in column else 1)
        return tuple(sizes)

    def compute_mask(self, x: Any, mask: Any) -> Any:
        if mask is None or any(one is None for one in mask):
            return None
        return functools.reduce(np.logical_or, mask)

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> NDArray[Any]:
        rank = max(one.ndim for one in x)
        operands = [with_rank(one, rank) for one in x]
        if training:
            self._saved = ([one.shape for one in x], operands, mask)
        return self._combine(operands, mask)

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        (shapes, operands, mask), self._saved = self._saved, None
        gradients = self._gradients(dy, operands, mask)
        return [summed_to(one, shape) for one, shape in zip(gradients, shapes, strict=True)]

    def _combine(self, operands: list[NDArray[Any]], mask: Any) -> NDArray[Any]:
        """Return the output for operands of the same rank."""
        raise NotImplementedError

    def _gradients(
        self, dy: NDArray[Any], operands: list[NDArray[Any]], mask: Any
    ) -> list[NDArray[Any]]:
        """Return the gradients of the operands, repeated ones not summed up yet."""
        raise NotImplementedError


class Add(Merge):
    """Sum of arrays.

    Parameters
    ----------
    **kwargs
        `name`, `dtype` and the like: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        When called on something else than a list of arrays whose shapes fit together.

    Notes
    -----
    Sizes of 1 are repeated. The mask is True where any is, if every input has one.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Add
    >>> Add()([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])])
    array([[4., 6.]], dtype=float32)
    """

    def _combine(self, operands: list[NDArray[Any]], mask: Any) -> NDArray[Any]:
        return functools.reduce(np.add, operands)

    def _gradients(
        self, dy: NDArray[Any], operands: list[NDArray[Any]], mask: Any
    ) -> list[NDArray[Any]]:
        return [dy] * len(operands)


class Average(Merge):
    """Mean of arrays.

    Parameters
    ----------
    **kwargs
        `name`, `dtype` and the like: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        When called on something else than a list of arrays whose shapes fit together.

    Notes
    -----
    Sizes of 1 are repeated. The mask is True where any is, if every input has one.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Average
    >>> Average()([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])])
    array([[2., 3.]], dtype=float32)
    """

    def _combine(self, operands: list[NDArray[Any]], mask: Any) -> NDArray[Any]:
        mean: NDArray[Any] = functools.reduce(np.add, operands) / len(operands)
        return mean

    def _gradients(
        self, dy: NDArray[Any], operands: list[NDArray[Any]], mask: Any
    ) -> list[NDArray[Any]]:
        return [dy / len(operands)] * len(operands)


class Multiply(Merge):
    """Product of arrays, element by element.

    Parameters
    ----------
    **kwargs
        `name`, `dtype` and the like: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        When called on something else than a list of arrays whose shapes fit together.

    Notes
    -----
    Sizes of 1 are repeated. A masked step counts as 1, and where all inputs are masked the output
    is 0. The mask is True where any is, if every input has one.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Multiply
    >>> Multiply()([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])])
    array([[3., 8.]], dtype=float32)
    """

    def _combine(self, operands: list[NDArray[Any]], mask: Any) -> NDArray[Any]:
        y: NDArray[Any] = functools.reduce(np.multiply, _factors(operands, mask))
        real = self.compute_mask(operands, mask)  # where nothing is real there is no product
        return y if real is None else np.where(_beside(real, y), y, y.dtype.type(0))

    def _gradients(
        self, dy: NDArray[Any], operands: list[NDArray[Any]], mask: Any
    ) -> list[NDArray[Any]]:
        factors = _factors(operands, mask)
        gradients = []
        for number in range(len(operands)):
            others = factors[:number] + factors[number + 1 :]
            gradient = functools.reduce(np.multiply, others, dy)
            real = None if mask is None else mask[number]
            if real is not None:
                gradient = gradient * _beside(real, gradient)
            gradients.append(gradient)
        return gradients


def _factors(operands: list[NDArray[Any]], mask: Any) -> list[NDArray[Any]]:
    masks = [None] * len(operands) if mask is None else mask
    return [
        one if real is None else np.where(_beside(real, one), one, one.dtype.type(1))
        for one, real in zip(operands, masks, strict=True)
    ]


def _beside(mask: NDArray[Any], x: NDArray[Any]) -> NDArray[Any]:
    """Return a mask (B, T) with as many axes as x."""
    return mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim))


def several_shapes(owner: str, shapes: Any) -> list[tuple[int | None, ...]]:
    """Return shapes as a list; ValueError where there is none or the batch sizes differ."""
    listed = [tuple(shape) for shape in shapes]
    batches = {shape[0] for shape in listed} - {None}
    if not listed or len(batches) > 1:
        got = ", ".join(map(str, listed)) or "none"
        raise ValueError(f"{owner}: x: expected arrays with one number of samples, got {got}")
    return listed


def with_rank(x: NDArray[Any], rank: int) -> NDArray[Any]:
    """Return a view of x with new axes behind the batch."""
    return x.reshape(x.shape[0], *(1,) * (rank - x.ndim), *x.shape[1:])


def summed_to(gradient: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the gradient of an array of this shape that was repeated along axes of size 1."""
    full = (shape[0], *(1,) * (gradient.ndim - len(shape)), *shape[1:])
    repeated = tuple(
        axis for axis, (n, m) in enumerate(zip(full, gradient.shape, strict=True)) if n != m
    )
    if repeated:
        gradient = gradient.sum(axis=repeated, keepdims=True)
    return gradient.reshape(shape)
