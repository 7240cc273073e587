"""Layers that merge arrays element by element."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._lengths import joint_mask
from rnncore.layers.graph.counted import CountedStep, MaskSteps, either
from rnncore.layers.layer import Layer
from rnncore.layers.tape import Tape

Array = NDArray[Any]
Arrays = list[Array]


class Merge(Layer):
    """Base of the layers that combine arrays element by element.

    Sizes of 1 are broadcast as in NumPy; an array with fewer axes gets new ones after the batch.
    The output's mask is True where any input's is; there is none unless every input has one.
    """

    takes_several = True
    _function: np.ufunc

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

    def mask_steps(self, inputs: list[CountedStep], masks: MaskSteps) -> MaskSteps:
        known = [mask for mask in masks if mask is not None]
        goes_on = self.supports_masking and len(known) == len(masks)
        return [functools.reduce(either, known)] if goes_on else []

    def compute_mask(self, x: Any, mask: Any) -> Any:
        joint = None if mask is None else joint_mask(mask)
        if joint is not None or mask is None:
            return joint
        if not self.supports_masking or any(one is None for one in mask):
            self.end_mask(mask)
            return None
        return functools.reduce(np.logical_or, mask)

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        rank = max(one.ndim for one in x)
        operands = [with_rank(one, rank) for one in x]
        tape = self.tape(training)
        y = tape.take("y", np.broadcast_shapes(*(one.shape for one in operands)), x[0].dtype)
        self._combine(operands, mask, y, tape)
        tape.saved = ([one.shape for one in x], operands, mask, y)
        return y, tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        shapes, operands, mask, y = self.used(tape)
        if not need_dx:
            return [None] * len(shapes)
        gradients = self._gradients(dy, operands, mask, y, tape)
        return [
            _summed_to(gradient, shape, f"sum{number}", tape)
            for number, (gradient, shape) in enumerate(zip(gradients, shapes, strict=True))
        ]

    def _combine(self, operands: Arrays, mask: Any, y: Array, tape: Tape) -> None:
        """Write the output for operands of the same rank."""
        reduce_into(self._function, operands, y)

    def _gradients(self, dy: Array, operands: Arrays, mask: Any, y: Array, tape: Tape) -> Arrays:
        """Return the gradients of the operands, before summing over broadcast axes."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method _gradients")


class Add(Merge):
    """Sum of arrays.

    Parameters
    ----------
    **kwargs
        `name`, `dtype` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the layer is not called on a list of arrays whose shapes broadcast.

    Notes
    -----
    Sizes of 1 are broadcast. The mask is True where any input's is, if every input has one.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Add
    >>> Add()([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])])
    array([[4., 6.]], dtype=float32)
    """

    _function = np.add

    def _gradients(self, dy: Array, operands: Arrays, mask: Any, y: Array, tape: Tape) -> Arrays:
        return [dy] * len(operands)


class Average(Merge):
    """Mean of arrays.

    Parameters
    ----------
    **kwargs
        `name`, `dtype` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the layer is not called on a list of arrays whose shapes broadcast.

    Notes
    -----
    Sizes of 1 are broadcast. The mask is True where any input's is, if every input has one.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Average
    >>> Average()([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])])
    array([[2., 3.]], dtype=float32)
    """

    _function = np.add

    def _combine(self, operands: Arrays, mask: Any, y: Array, tape: Tape) -> None:
        super()._combine(operands, mask, y, tape)
        y /= len(operands)

    def _gradients(self, dy: Array, operands: Arrays, mask: Any, y: Array, tape: Tape) -> Arrays:
        share = tape.take("share", dy.shape, dy.dtype)
        return [np.divide(dy, len(operands), out=share)] * len(operands)


class Multiply(Merge):
    """Product of arrays, element by element.

    Parameters
    ----------
    **kwargs
        `name`, `dtype` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the layer is not called on a list of arrays whose shapes broadcast.

    Notes
    -----
    Sizes of 1 are broadcast. A masked step counts as 1; where all inputs are masked the output is
    0. The mask is True where any input's is, if every input has one.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Multiply
    >>> Multiply()([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])])
    array([[3., 8.]], dtype=float32)
    """

    def _combine(self, operands: Arrays, mask: Any, y: Array, tape: Tape) -> None:
        reduce_into(np.multiply, _filled(operands, mask, 1.0, tape), y)
        real = self.compute_mask(operands, mask)
        if real is not None:  # no product where everything is masked
            np.copyto(y, 0, where=~_beside(real, y))

    def _gradients(self, dy: Array, operands: Arrays, mask: Any, y: Array, tape: Tape) -> Arrays:
        factors = _filled(operands, mask, 1.0, tape)
        gradients = []
        for number in range(len(operands)):
            others = factors[:number] + factors[number + 1 :]
            gradient = tape.take(f"dx{number}", dy.shape, dy.dtype)
            reduce_into(np.multiply, [dy, *others], gradient)
            real = None if mask is None else mask[number]
            if real is not None:
                gradient *= _beside(real, gradient)
            gradients.append(gradient)
        return gradients


class Subtract(Merge):
    """Difference of two arrays: the first minus the second.

    Parameters
    ----------
    **kwargs
        `name`, `dtype` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the layer is not called on a list of two arrays whose shapes broadcast.

    Notes
    -----
    Sizes of 1 are broadcast. The mask is True where either input's is, if both have one.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Subtract
    >>> Subtract()([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
    array([[-2., -3.]], dtype=float32)
    """

    _function = np.subtract

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        if len(input_shape) != 2:
            raise ValueError(f"{self.name}: x: expected 2 arrays, got {len(input_shape)}")
        return super().compute_output_shape(input_shape)

    def _gradients(self, dy: Array, operands: Arrays, mask: Any, y: Array, tape: Tape) -> Arrays:
        return [dy, np.negative(dy, out=tape.take("dx1", dy.shape, dy.dtype))]


class _Extremum(Merge):
    """Base of Maximum and Minimum: among equal numbers the first gets the gradient."""

    _worst: float

    def _combine(self, operands: Arrays, mask: Any, y: Array, tape: Tape) -> None:
        reduce_into(self._function, _filled(operands, mask, self._worst, tape), y)
        real = self.compute_mask(operands, mask)
        if real is not None:  # the first, where everything is masked
            np.copyto(y, operands[0], where=~_beside(real, y))

    def _gradients(self, dy: Array, operands: Arrays, mask: Any, y: Array, tape: Tape) -> Arrays:
        rest = tape.take("rest", dy.shape, dy.dtype)
        rest[...] = dy
        chosen = tape.take("chosen", dy.shape, np.bool_)
        gradients = []
        for number, one in enumerate(_filled(operands, mask, self._worst, tape)):
            np.equal(one, y, out=chosen)
            dx = tape.take(f"dx{number}", dy.shape, dy.dtype)
            gradients.append(np.multiply(rest, chosen, out=dx))
            np.copyto(rest, 0, where=chosen)
        gradients[0] += rest
        return gradients


class Maximum(_Extremum):
    """Elementwise maximum of several arrays.

    Parameters
    ----------
    **kwargs
        `name`, `dtype` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the layer is not called on a list of arrays whose shapes broadcast.

    Notes
    -----
    Sizes of 1 are broadcast. Masked steps are ignored; where all inputs are masked the output is
    the first. The mask is True where any input's is, if every input has one.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Maximum
    >>> Maximum()([np.array([[1.0, 5.0]]), np.array([[3.0, 4.0]])])
    array([[3., 5.]], dtype=float32)
    """

    _function = np.maximum
    _worst = -np.inf


class Minimum(_Extremum):
    """Elementwise minimum of several arrays.

    Parameters
    ----------
    **kwargs
        `name`, `dtype` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the layer is not called on a list of arrays whose shapes broadcast.

    Notes
    -----
    Sizes of 1 are broadcast. Masked steps are ignored; where all inputs are masked the output is
    the first. The mask is True where any input's is, if every input has one.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Minimum
    >>> Minimum()([np.array([[1.0, 5.0]]), np.array([[3.0, 4.0]])])
    array([[1., 4.]], dtype=float32)
    """

    _function = np.minimum
    _worst = np.inf


def _summed_to(gradient: Array, shape: tuple[int, ...], name: str, tape: Tape) -> Array:
    """Return the gradient of an array of this shape that was broadcast along axes of size 1."""
    full = (shape[0], *(1,) * (gradient.ndim - len(shape)), *shape[1:])
    repeated = tuple(
        axis for axis, (n, m) in enumerate(zip(full, gradient.shape, strict=True)) if n != m
    )
    if repeated:
        out = tape.take(name, full, gradient.dtype)
        gradient = gradient.sum(axis=repeated, keepdims=True, out=out)
    return gradient.reshape(shape)


def reduce_into(function: np.ufunc, operands: Arrays, out: Array) -> None:
    """Write ``function(function(operands[0], operands[1]), ...)`` to `out`."""
    if len(operands) == 1:
        out[...] = operands[0]
        return
    function(operands[0], operands[1], out=out)
    for one in operands[2:]:
        function(out, one, out=out)


def _filled(operands: Arrays, mask: Any, value: float, tape: Tape) -> Arrays:
    """Return the operands with their masked steps replaced by a value."""
    if mask is None:
        return operands
    filled = list(operands)
    for number, real in enumerate(mask):
        if real is not None:
            one = filled[number] = tape.copied(f"filled{number}", operands[number])
            np.copyto(one, value, where=~_beside(real, one))
    return filled


def _beside(mask: NDArray[Any], x: NDArray[Any]) -> NDArray[Any]:
    """Return a mask (B, T) with as many axes as x."""
    return mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim))


def several_shapes(owner: str, shapes: Any) -> list[tuple[int | None, ...]]:
    """Return shapes as a list; ValueError if there are none or the batch sizes differ."""
    listed = [tuple(shape) for shape in shapes]
    batches = {shape[0] for shape in listed} - {None}
    if not listed or len(batches) > 1:
        got = ", ".join(map(str, listed)) or "none"
        raise ValueError(f"{owner}: x: expected arrays with the same number of samples, got {got}")
    return listed


def with_rank(x: NDArray[Any], rank: int) -> NDArray[Any]:
    """Return a view of x with new axes after the batch."""
    return x.reshape(x.shape[0], *(1,) * (rank - x.ndim), *x.shape[1:])
