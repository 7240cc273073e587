"""Dot: dot products of the vectors of two arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._shapes import listed_axes
from rnncore.layers.layer import Layer
from rnncore.layers.merging.merge import several_shapes
from rnncore.utils._checks import check_flag

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
            one, other = (shape[axis] for shape, axis in zip(shapes, axes, strict=True))
            fit = one is None or other is None or one == other
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

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        tape = self.tape(training)
        shapes = [one.shape for one in x]
        axes = self._axes_of(shapes)
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
                turned = tape.take(f"turned{number}", shapes[number], d.dtype)
                np.copyto(turned, d.swapaxes(1, 2))
                d = turned
            gradients.append(d)
        return gradients


def _vectors(x: NDArray[Any], axis: int) -> NDArray[Any]:
    """Return x as (B, number of vectors, size)."""
    last = np.moveaxis(x, axis, -1)
    return last if last.ndim == 3 else last[:, None]
