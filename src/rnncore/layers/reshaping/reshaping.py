"""Layers that only move numbers: Flatten, Reshape, Permute, RepeatVector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._arguments import expect_channels_last
from rnncore.layers.layer import Layer, Shape
from rnncore.utils._checks import check_count, check_type


class Reshaping(Layer):
    """Base of the layers that reshape their input."""

    needs_sizes = True

    # The steps may move to another axis; Keras drops the mask too.
    supports_masking = False

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        return x.reshape(self.compute_output_shape(x.shape)), x.shape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        return dy.reshape(tape)


class Flatten(Reshaping):
    """Join all axes after the batch into one.

    Parameters
    ----------
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError
        If `data_format` has any other value.

    Notes
    -----
    ``(B, T, F)`` becomes ``(B, T * F)``, ``(B,)`` becomes ``(B, 1)``. A mask ends here.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Flatten
    >>> Flatten()(np.zeros((2, 5, 3))).shape
    (2, 15)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        expect_channels_last("Flatten", data_format)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sizes = input_shape[1:]
        known = [size for size in sizes if size is not None]
        return (input_shape[0], math.prod(known) if len(known) == len(sizes) else None)


class Reshape(Reshaping):
    """Change the shape of every sample.

    Parameters
    ----------
    target_shape : tuple of int
        Without the batch; one size may be -1, and is inferred from the others.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive integer, there is more than one -1, or a sample has a different
        number of elements.

    Notes
    -----
    A mask ends here.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Reshape
    >>> Reshape((-1, 2))(np.zeros((4, 6))).shape
    (4, 3, 2)
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_type("Reshape", "target_shape", target_shape, (tuple, list), "a tuple of integers")
        if sum(isinstance(size, int) and size == -1 for size in target_shape) > 1:
            raise ValueError(
                f"Reshape: target_shape: expected at most one -1, got {tuple(target_shape)}"
            )
        self.target_shape = tuple(
            -1
            if isinstance(size, int) and size == -1
            else check_count(
                "Reshape", f"target_shape[{axis}]", size, "a positive integer or one -1"
            )
            for axis, size in enumerate(target_shape)
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sizes = input_shape[1:]
        known = math.prod(size for size in self.target_shape if size != -1)
        if None in sizes:
            free = tuple(None if size == -1 else size for size in self.target_shape)
            return (input_shape[0], *free)
        total = math.prod(sizes)  # type: ignore[arg-type]
        if total != known and (-1 not in self.target_shape or total % known):
            raise ValueError(
                f"{self.name}: x: expected samples that fit target_shape {self.target_shape}, "
                f"got shape {tuple(input_shape)}"
            )
        rest = total // known
        return (input_shape[0], *(rest if size == -1 else size for size in self.target_shape))


class Permute(Layer):
    """Permute the axes after the batch.

    Parameters
    ----------
    dims : tuple of int
        The input's axes in the order of the output, without the batch, which is axis 0: ``(2, 1)``
        swaps time and features.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    TypeError, ValueError
        If `dims` is not a permutation of 1, 2, ..., or the input has a different number of axes.

    Notes
    -----
    A mask ends here.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Permute
    >>> Permute((2, 1))(np.zeros((4, 5, 3))).shape
    (4, 3, 5)
    """

    needs_sizes = True

    # The steps may move to another axis; Keras drops the mask too.
    supports_masking = False

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_type("Permute", "dims", dims, (tuple, list), "a tuple of integers")
        self.dims = tuple(check_count("Permute", f"dims[{i}]", n) for i, n in enumerate(dims))
        if sorted(self.dims) != list(range(1, len(dims) + 1)):
            raise ValueError(
                f"Permute: dims: expected each of 1 to {len(dims)} once, got {self.dims}"
            )
        self.input_axes = ("batch", *(f"axis {n + 1}" for n in range(len(dims))))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        tape = self.tape(training)
        # Contiguous, since the layers around it would otherwise copy it each time.
        return tape.copied("y", x.transpose(0, *self.dims)), tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        self.used(tape)
        return tape.copied("dx", dy.transpose(np.argsort((0, *self.dims))))


class RepeatVector(Layer):
    """Repeat the input at every step of a sequence.

    Parameters
    ----------
    n : int
        Number of steps.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    TypeError, ValueError
        If `n` is not a positive integer, or the input does not have two axes.

    Notes
    -----
    ``(B, F)`` becomes ``(B, n, F)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import RepeatVector
    >>> RepeatVector(3)(np.array([[1.0, 2.0]]))[0, 2]
    array([1., 2.], dtype=float32)
    """

    input_axes = ("batch", "features")
    size_arguments = ("n",)
    supports_masking = False

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = check_count("RepeatVector", "n", n)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.n, input_shape[1])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        shape = (len(x), self.n, x.shape[1])
        tape = self.tape(training)
        y = tape.take("y", shape, x.dtype)
        y[...] = x[:, None]
        return y, tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        self.used(tape)
        dx = tape.take("dx", (len(dy), dy.shape[2]), dy.dtype)
        return dy.sum(axis=1, out=dx)
