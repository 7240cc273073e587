"""Layers that make one tensor of several, and the same as functions."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._arguments import listed_axes, may_equal
from rnncore.layers._lengths import beside, joint_mask
from rnncore.layers.graph.symbolic import CountedStep, MaskSteps, either
from rnncore.layers.layer import Layer
from rnncore.layers.nodes import (
    JOINTS,
    MOST_INPUTS,
    OPERATIONS,
    REDUCTIONS,
    UNARY,
    Nodes,
    axes_of,
    axis_of,
)
from rnncore.layers.tape import Tape
from rnncore.utils._checks import check_flag

Array = NDArray[Any]
Arrays = list[Array]


class Merge(Layer):
    """Base of the layers that combine arrays element by element.

    Sizes of 1 are broadcast as in NumPy; an array with fewer axes gets new ones after the batch.
    The output's mask is True where any input's is; there is none unless every input has one.
    """

    takes_several = True
    _function: np.ufunc
    # The number that changes nothing in place of a masked one; None if masked numbers count.
    _neutral: float | None = None

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        shapes = several_shapes(self.name, input_shape)
        rank = max(map(len, shapes))
        full = [_with_rank(shape, rank) for shape in shapes]
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

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        operation = OPERATIONS[self._function.__name__]
        filled = self._infer_filled(f, x, mask)
        y = functools.reduce(lambda a, b: f.node("binary", [a, b], attributes=[operation]), filled)
        return self._infer_rest(f, x, mask, y)

    def _infer_filled(self, f: Nodes, x: Any, mask: Any) -> Any:
        """Return the operands with masked steps that do not count in the result."""
        if mask is None or self._neutral is None:
            return x
        return [
            one if real is None else f.node("fill", [one, real], numbers=[self._neutral])
            for one, real in zip(x, mask, strict=True)
        ]

    def _infer_rest(self, f: Nodes, x: Any, mask: Any, y: Any) -> Any:
        """Return the output, given that of the function."""
        return y

    def infer_mask(self, f: Nodes, x: Any, mask: Any, y: Any) -> Any:
        given = [one for one in mask or () if one is not None]
        if not given:
            return None
        every = self.supports_masking and len(given) == len(mask)
        joint = JOINTS["every"] if every else JOINTS["lengths"]
        return f.node("join_masks", given, attributes=[joint])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        if not training:
            return self.inferred(x, mask)
        rank = max(one.ndim for one in x)
        operands = [one.reshape(_with_rank(one.shape, rank)) for one in x]
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

    def _infer_rest(self, f: Nodes, x: Any, mask: Any, y: Any) -> Any:
        return f.node("binary", [y], [np.asarray(len(x))], [OPERATIONS["divide"]])

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

    _function = np.multiply
    _neutral = 1.0

    def _infer_rest(self, f: Nodes, x: Any, mask: Any, y: Any) -> Any:
        real = self.infer_mask(f, x, mask, y)
        return y if real is None else f.node("fill", [y, real])

    def _combine(self, operands: Arrays, mask: Any, y: Array, tape: Tape) -> None:
        reduce_into(np.multiply, _filled(operands, mask, 1.0, tape), y)
        real = self.compute_mask(operands, mask)
        if real is not None:  # no product where everything is masked
            np.copyto(y, 0, where=~beside(real, y))

    def _gradients(self, dy: Array, operands: Arrays, mask: Any, y: Array, tape: Tape) -> Arrays:
        factors = _filled(operands, mask, 1.0, tape)
        gradients = []
        for number in range(len(operands)):
            others = factors[:number] + factors[number + 1 :]
            gradient = tape.take(f"dx{number}", dy.shape, dy.dtype)
            reduce_into(np.multiply, [dy, *others], gradient)
            real = None if mask is None else mask[number]
            if real is not None:
                gradient *= beside(real, gradient)
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

    _neutral: float

    def _infer_rest(self, f: Nodes, x: Any, mask: Any, y: Any) -> Any:
        real = self.infer_mask(f, x, mask, y)
        if real is None:
            return y
        first = f.node("binary", [x[0], y], attributes=[OPERATIONS["first"]])
        return f.node("fill", [y, real, first])

    def _combine(self, operands: Arrays, mask: Any, y: Array, tape: Tape) -> None:
        reduce_into(self._function, _filled(operands, mask, self._neutral, tape), y)
        real = self.compute_mask(operands, mask)
        if real is not None:  # the first, where everything is masked
            np.copyto(y, operands[0], where=~beside(real, y))

    def _gradients(self, dy: Array, operands: Arrays, mask: Any, y: Array, tape: Tape) -> Arrays:
        rest = tape.copied("rest", dy)
        chosen = tape.take("chosen", dy.shape, np.bool_)
        gradients = []
        for number, one in enumerate(_filled(operands, mask, self._neutral, tape)):
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
    _neutral = -np.inf


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
    _neutral = np.inf


def _summed_to(gradient: Array, shape: tuple[int, ...], name: str, tape: Tape) -> Array:
    """Return the gradient of an array of this shape that was broadcast along axes of size 1."""
    full = _with_rank(shape, gradient.ndim)
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
            np.copyto(one, value, where=~beside(real, one))
    return filled


def several_shapes(owner: str, shapes: Any) -> list[tuple[int | None, ...]]:
    """Return shapes as a list; ValueError if there are none or the batch sizes differ."""
    listed = [tuple(shape) for shape in shapes]
    batches = {shape[0] for shape in listed} - {None}
    if not listed or len(batches) > 1:
        got = ", ".join(map(str, listed)) or "none"
        raise ValueError(f"{owner}: x: expected arrays with the same number of samples, got {got}")
    return listed


def _with_rank(shape: Any, rank: int) -> Any:
    """Return a shape with new axes of size 1 after the batch."""
    return (shape[0], *(1,) * (rank - len(shape)), *shape[1:])


class Concatenate(Layer):
    """Join arrays along an axis.

    Parameters
    ----------
    axis : int, default -1
        -1: the features side by side. 1: the sequences one after the other.
    **kwargs
        `name`, `dtype` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the layer is not called on a list of arrays whose shapes differ only along `axis`, or if
        `axis` is the batch.

    Notes
    -----
    The output has a mask if any input has one; an input without a mask counts as unmasked. Along
    the time axis the masks are joined, otherwise the output's mask is True where any of them is.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Concatenate
    >>> Concatenate()([np.zeros((2, 3)), np.ones((2, 1))]).shape
    (2, 4)
    """

    takes_several = True

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        (self.axis,) = listed_axes("Concatenate", [axis])

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        shapes = several_shapes(self.name, input_shape)
        rank = len(shapes[0])
        axis = self.axis + rank if self.axis < 0 else self.axis
        sizes: list[int | None] = []
        for number in range(rank):
            column = [shape[number] if len(shape) == rank else -1 for shape in shapes]
            known = {size for size in column if size is not None}
            if -1 in known or (number != axis and len(known) > 1) or not 1 <= axis < rank:
                raise ValueError(
                    f"{self.name}: x: expected arrays whose shapes differ only along axis "
                    f"{self.axis}, which is not the batch, got shapes {', '.join(map(str, shapes))}"
                )
            if number == axis:
                sizes.append(None if None in column else sum(size or 0 for size in column))
            else:
                sizes.append(known.pop() if known else None)
        return tuple(sizes)

    def mask_steps(self, inputs: list[CountedStep], masks: MaskSteps) -> MaskSteps:
        if not any(masks):
            return []
        wide = [_widened(step, mask) for step, mask in zip(inputs, masks, strict=True)]
        joined = CountedStep(*wide, rank=wide[0].rank)
        return [CountedStep(joined, rank=joined.rank - 1)]

    def compute_mask(self, x: Any, mask: Any) -> Any:
        if mask is None or all(one is None for one in mask):
            return None
        masks = [
            np.ones(one.shape[:2], bool) if real is None else real
            for one, real in zip(x, mask, strict=True)
        ]
        if self.axis in (1, 1 - x[0].ndim):
            return np.concatenate(masks, axis=1)
        joint = joint_mask(mask)
        return joint if joint is not None else functools.reduce(np.logical_or, masks)

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        while len(x) > 1:
            parts = [x[i : i + MOST_INPUTS] for i in range(0, len(x), MOST_INPUTS)]
            x = [f.node("concat", part, attributes=[axis_of(self.axis)]) for part in parts]
        return x[0]

    def infer_mask(self, f: Nodes, x: Any, mask: Any, y: Any) -> Any:
        if mask is None or all(one is None for one in mask):
            return None
        if self.axis in (1, -axes_of(x[0])):
            pairs = [one for pair in zip(x, mask, strict=True) for one in pair]
            return f.node("join_masks", pairs, attributes=[JOINTS["steps"]])
        return f.node("join_masks", mask, attributes=[JOINTS["any"]])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        self.compute_output_shape([one.shape for one in x])  # raises for others
        y, tape = self.inferred(x, tape=self.tape(training))
        tape.saved = [one.shape[self.axis] for one in x]
        return y, tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        ends = np.cumsum(self.used(tape))[:-1]
        # Contiguous, since the layers below would otherwise copy them each time.
        parts = np.split(dy, ends, axis=self.axis)
        return [tape.copied(f"dx{number}", part) for number, part in enumerate(parts)]


def _widened(step: CountedStep, mask: CountedStep | None) -> CountedStep:
    """Return the step that gives a mask the rank of the array it masks."""
    if mask is None:
        return CountedStep(step, rank=step.rank)
    if mask.rank < step.rank:
        wider = CountedStep(mask, rank=mask.rank + 1)
        return either(wider, CountedStep(step, rank=step.rank))
    return mask


# Shorter vectors are divided by this instead of their length.
_LEAST_NORM = 1e-7


class Dot(Layer):
    """Dot products between the vectors of two arrays, sample by sample.

    Parameters
    ----------
    axes : int or pair of int
        The axis of each array along which the vectors lie, which is not the batch; one number
        applies to both.
    normalize : bool, default False
        Whether to scale the vectors to length 1 first, so that the products are cosines.
    **kwargs
        `name`, `dtype` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or the layer is not called on a list of two arrays that have
        two or three axes and equal sizes along `axes`.

    Notes
    -----
    The output has the remaining axes of the first array followed by those of the second, or ``(B,
    1)`` if none remain. A mask ends here, as in Keras.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Dot
    >>> queries, keys = np.ones((2, 3, 5)), np.ones((2, 4, 5))
    >>> Dot(axes=2)([queries, keys]).shape
    (2, 3, 4)
    >>> float(Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])])[0, 0])
    11.0
    """

    takes_several = True
    supports_masking = False

    def __init__(self, axes: int | tuple[int, int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        listed = listed_axes("Dot", axes, "axes")
        if len(listed) > 2 or (len(listed) == 1 and isinstance(axes, (list, tuple))):
            raise ValueError(f"Dot: axes: expected an integer or two of them, got {axes!r}")
        self.axes = axes
        self._each = listed if len(listed) == 2 else listed * 2
        self.normalize = check_flag("Dot", "normalize", normalize)

    def _axes_of(self, shapes: Any) -> list[int]:
        """Return the two axes as non-negative numbers; ValueError if the arrays do not match."""
        ranks = [len(shape) for shape in shapes]
        axes = [a + n if a < 0 else a for a, n in zip(self._each, ranks, strict=False)]
        fit = len(shapes) == 2 and all(
            n in (2, 3) and 1 <= a < n for a, n in zip(axes, ranks, strict=True)
        )
        if fit:
            fit = may_equal(*(shape[axis] for shape, axis in zip(shapes, axes, strict=True)))
        if not fit:
            raise ValueError(
                f"{self.name}: x: expected two arrays with 2 or 3 axes, of equal sizes along the "
                f"axes {self.axes}, got shapes {', '.join(map(str, shapes))}"
            )
        return axes

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        shapes = several_shapes(self.name, input_shape)
        axes = self._axes_of(shapes)
        rest = [shape[:axis] + shape[axis + 1 :] for shape, axis in zip(shapes, axes, strict=True)]
        output = (*rest[0], *rest[1][1:])
        return output if len(output) > 1 else (*output, 1)

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        ranks = [axes_of(one) + 1 for one in x]
        axes = [a + n if a < 0 else a for a, n in zip(self._each, ranks, strict=True)]
        a, b = [self._infer_vectors(f, *one) for one in zip(x, ranks, axes, strict=True)]
        y = f.node("matmul", [a, b], attributes=[1])
        return y if ranks == [3, 3] else f.node("reshape", [y], attributes=[1, -1])

    def _infer_vectors(self, f: Nodes, x: Any, rank: int, axis: int) -> Any:
        """Return x as (B, number of vectors, size), of length 1 if they should be."""
        if rank == 2:
            x = f.node("expand", [x], attributes=[0])
        elif axis == 1:
            x = f.node("permute", [x], attributes=[2, 1, 0])
        if not self.normalize:
            return x
        square = f.node("unary", [x], attributes=[UNARY["square"]])
        length = f.node("reduce", [square], attributes=[REDUCTIONS["sum"], 1, 1, -1])
        length = f.node("unary", [length], attributes=[UNARY["sqrt"]])
        least = [np.asarray(_LEAST_NORM)]
        length = f.node("binary", [length], least, [OPERATIONS["maximum"]])
        return f.node("binary", [x, length], attributes=[OPERATIONS["divide"]])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        shapes = [one.shape for one in x]
        axes = self._axes_of(shapes)
        if not training:
            return self.inferred(x)
        tape = self.tape(training)
        vectors = [_vectors(one, axis) for one, axis in zip(x, axes, strict=True)]
        norms: list[Any] = [None, None]
        if self.normalize:
            for number, one in enumerate(vectors):
                square = np.square(one, out=tape.take(f"unit{number}", one.shape, one.dtype))
                norms[number] = np.sqrt(square.sum(axis=-1, keepdims=True))
                np.maximum(norms[number], _LEAST_NORM, out=norms[number])
                vectors[number] = np.divide(one, norms[number], out=square)
        a, b = vectors
        y = tape.take("y", (len(a), a.shape[1], b.shape[1]), a.dtype)
        np.matmul(a, b.swapaxes(1, 2), out=y)
        tape.saved = (vectors, norms, axes, shapes)
        output: Any = self.compute_output_shape(shapes)
        return y.reshape(output), tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        vectors, norms, axes, shapes = self.used(tape)
        if not need_dx:
            return [None, None]
        a, b = vectors
        dy = dy.reshape(len(a), a.shape[1], b.shape[1])
        gradients = []
        for number, (along, other) in enumerate([(dy, b), (dy.swapaxes(1, 2), a)]):
            own = vectors[number]
            d = tape.take(f"dx{number}", own.shape, own.dtype)
            np.matmul(along, other, out=d)
            if self.normalize:
                part = tape.take("part", own.shape, own.dtype)
                across = np.multiply(d, own, out=part).sum(axis=-1, keepdims=True)
                across *= norms[number] > _LEAST_NORM  # below it the divisor is a constant
                d -= np.multiply(own, across, out=part)
                d /= norms[number]
            if len(shapes[number]) == 2:
                d = d[:, 0]
            elif axes[number] == 1:
                d = tape.copied(f"turned{number}", d.swapaxes(1, 2))
            gradients.append(d)
        return gradients


def _vectors(x: NDArray[Any], axis: int) -> NDArray[Any]:
    """Return x as (B, number of vectors, size)."""
    last = np.moveaxis(x, axis, -1)
    return last if last.ndim == 3 else last[:, None]


def add(inputs: Any, **kwargs: Any) -> Any:
    """Return ``Add(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    **kwargs
        Arguments of `Add`.

    Examples
    --------
    >>> from rnncore.layers import add
    >>> add([[[1.0]], [[2.0]]])
    array([[3.]], dtype=float32)
    """
    return Add(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """Return ``Average(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    **kwargs
        Arguments of `Average`.

    Examples
    --------
    >>> from rnncore.layers import average
    >>> average([[[1.0]], [[2.0]]])
    array([[1.5]], dtype=float32)
    """
    return Average(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """Return ``Multiply(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    **kwargs
        Arguments of `Multiply`.

    Examples
    --------
    >>> from rnncore.layers import multiply
    >>> multiply([[[3.0]], [[2.0]]])
    array([[6.]], dtype=float32)
    """
    return Multiply(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Return ``Concatenate(axis, **kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    axis : int, default -1
    **kwargs
        Arguments of `Concatenate`.

    Examples
    --------
    >>> from rnncore.layers import concatenate
    >>> concatenate([[[1.0]], [[2.0]]])
    array([[1., 2.]], dtype=float32)
    """
    return Concatenate(axis, **kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """Return ``Subtract(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    **kwargs
        Arguments of `Subtract`.

    Examples
    --------
    >>> from rnncore.layers import subtract
    >>> subtract([[[3.0]], [[2.0]]])
    array([[1.]], dtype=float32)
    """
    return Subtract(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """Return ``Maximum(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    **kwargs
        Arguments of `Maximum`.

    Examples
    --------
    >>> from rnncore.layers import maximum
    >>> maximum([[[3.0]], [[2.0]]])
    array([[3.]], dtype=float32)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """Return ``Minimum(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    **kwargs
        Arguments of `Minimum`.

    Examples
    --------
    >>> from rnncore.layers import minimum
    >>> minimum([[[3.0]], [[2.0]]])
    array([[2.]], dtype=float32)
    """
    return Minimum(**kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """Return ``Dot(axes, **kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    axes : int or pair of int, default -1
    **kwargs
        Arguments of `Dot`.

    Examples
    --------
    >>> from rnncore.layers import dot
    >>> dot([[[1.0, 2.0]], [[3.0, 4.0]]])
    array([[11.]], dtype=float32)
    """
    return Dot(axes, **kwargs)(inputs)
