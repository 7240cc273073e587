"""Layers that move, add, drop or repeat numbers without computing anything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._arguments import SEQUENCE, expect_channels_last, one_for_each
from rnncore.layers._lengths import clear_padding
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.nodes import AT_ONCE, AtOnce, Nodes
from rnncore.utils._checks import check_count, check_type


class Reshaping(Layer):
    """Base of the layers that give their input other axes, by default by its shape alone."""

    needs_sizes = True
    # The steps may move to another axis; Keras drops the mask too.
    supports_masking = False

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        self.compute_output_shape(x.shape)  # raises for samples that do not fit
        return self.infer(AT_ONCE, x), x.shape

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
        batch, *sizes = input_shape
        return (batch, None if None in sizes else math.prod(sizes))  # type: ignore[arg-type]

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        return f.node("reshape", [x], attributes=[1, -1])


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
        sizes = list(target_shape)
        for axis, size in enumerate(sizes):
            if not (isinstance(size, int) and size == -1):
                name = f"target_shape[{axis}]"
                sizes[axis] = check_count("Reshape", name, size, "a positive integer or one -1")
        self.target_shape = tuple(sizes)
        if sizes.count(-1) > 1:
            raise ValueError(
                f"Reshape: target_shape: expected at most one -1, got {self.target_shape}"
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

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        return f.node("reshape", [x], attributes=[len(self.target_shape), *self.target_shape])


class Permute(Reshaping):
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

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        return f.node("permute", [x], attributes=[len(self.dims), *(n - 1 for n in self.dims)])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        return self.inferred(x, tape=self.tape(training))

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        self.used(tape)
        # Contiguous, since the layers around it would otherwise copy it each time.
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

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        step = f.node("expand", [x], attributes=[0])
        return f.node("repeat", [step], attributes=[0, self.n])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        return self.inferred(x, tape=self.tape(training))

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        self.used(tape)
        dx = tape.take("dx", (len(dy), dy.shape[2]), dy.dtype)
        return dy.sum(axis=1, out=dx)


class _Steps(Layer):
    """Base of the layers that change the number of steps.

    A mask ends here, as in Keras, but the lengths of ragged rows are passed on.
    """

    supports_masking = False
    input_axes = SEQUENCE
    # Of n steps the layer makes ``_times * n + _more``.
    _times = 1
    _more = 0

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, steps, *rest = input_shape
        return (batch, None if steps is None else self._times * steps + self._more, *rest)

    def output_windows(self) -> tuple[int, int, int]:
        return self._times, 1 - self._more, 1


class ZeroPadding1D(_Steps):
    """Add steps of zeros at the start and end of every sequence.

    Parameters
    ----------
    padding : int or tuple of int, default 1
        How many on both sides, or ``(start, end)``.
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the argument is not one or two non-negative integers, or the input is not ``(B, T, F)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import ZeroPadding1D
    >>> ZeroPadding1D((2, 1))(np.ones((1, 2, 1)))[0, :, 0]
    array([0., 0., 1., 1., 0.], dtype=float32)
    """

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        expect_channels_last("ZeroPadding1D", data_format)
        self.padding = one_for_each("ZeroPadding1D", "padding", padding, 2, least=0)
        self._more = sum(self.padding)

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        if mask is not None:  # the zeros follow at the end of each row
            x = f.node("fill", [x, mask], attributes=[1])
        return f.node("pad", [x], attributes=[0, *self.padding])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        y, tape = self.inferred(x, mask, self.tape(training))
        tape.saved = mask
        return y, tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        mask = self.used(tape)
        front, behind = self.padding
        dx = tape.copied("dx", dy[:, front : dy.shape[1] - behind])
        return clear_padding(dx, mask)


class Cropping1D(_Steps):
    """Remove steps at the start and end of every sequence.

    Parameters
    ----------
    cropping : int or tuple of int, default (1, 1)
        How many on both sides, or ``(start, end)``.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the argument is not one or two non-negative integers, the input is not ``(B, T, F)``, or
        no step is left.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Cropping1D
    >>> Cropping1D((0, 2))(np.arange(5.0).reshape(1, 5, 1))[0, :, 0]
    array([0., 1., 2.], dtype=float32)
    """

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = one_for_each("Cropping1D", "cropping", cropping, 2, least=0)
        self._more = -sum(self.cropping)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        steps, dropped = input_shape[1], sum(self.cropping)
        if steps is not None and steps <= dropped:
            raise ValueError(f"{self.name}: x: expected more than {dropped} timesteps, got {steps}")
        return super().compute_output_shape(input_shape)

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        front, behind = self.cropping
        return f.node("slice", [x], attributes=[0, 1, front, int(behind > 0), -behind, 1, 0])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        self.compute_output_shape(x.shape)  # raises if no step is left
        return self.inferred(x, tape=self.tape(training))

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        self.used(tape)
        return AtOnce(tape).node("pad", [dy], attributes=[0, *self.cropping])


class UpSampling1D(_Steps):
    """Repeat every step.

    Parameters
    ----------
    size : int, default 2
        How many times.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If `size` is not a positive integer, or the input is not ``(B, T, F)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import UpSampling1D
    >>> UpSampling1D()(np.array([[[1.0], [2.0]]]))[0, :, 0]
    array([1., 1., 2., 2.], dtype=float32)
    """

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = self._times = check_count("UpSampling1D", "size", size)

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        return f.node("repeat", [x], attributes=[0, self.size])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        return self.inferred(x, tape=self.tape(training))

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        self.used(tape)
        batch, steps, features = len(dy), dy.shape[1] // self.size, dy.shape[2]
        grouped = dy.reshape(batch, steps, self.size, features)
        return grouped.sum(axis=2, out=tape.take("dx", (batch, steps, features), dy.dtype))
