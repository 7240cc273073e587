"""Pooling over windows, and over all steps or pixels."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._arguments import expect_channels_last, one_for_each
from rnncore.layers._lengths import clear_padding, lengths_of, mask_of, without_padding
from rnncore.layers._windows import AXES, PADDINGS, Windows, padding_name
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.nodes import REDUCTIONS, Nodes
from rnncore.layers.tape import Tape
from rnncore.utils._checks import check_flag


class Pooling(Layer):
    """Base of the layers that reduce every window of steps to one step."""

    supports_masking = False
    # Number of the axes between the batch and the features.
    rank: ClassVar[int]
    _reduction: ClassVar[str]
    # The value of a step in the padding.
    _nothing = 0.0

    def __init__(
        self,
        pool_size: int | tuple[int, ...] = 2,
        strides: int | tuple[int, ...] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        expect_channels_last(owner, data_format)
        given = pool_size if strides is None else strides
        self.pool_size = one_for_each(owner, "pool_size", pool_size, self.rank)
        self.strides = one_for_each(owner, "strides", given, self.rank)
        self.padding = padding_name(owner, padding, ("valid", "same"))
        self._windows = Windows(self.pool_size, self.strides, (1,) * self.rank, self.padding)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        counts = self._windows.counts(self.name, input_shape)
        return (input_shape[0], *counts, input_shape[-1])

    def output_windows(self) -> tuple[int, int, int] | None:
        return self._windows.of_lengths()

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        if self.rank > 1:
            return super().infer(f, x, mask)
        # With "valid" no window of a row reaches beyond its end.
        ends = self.padding == "same" and self.output_windows() is not None
        windows = [self.pool_size[0], self.strides[0], PADDINGS[self.padding]]
        attributes = [REDUCTIONS[self._reduction], *windows]
        return f.node("pool", [x, mask if ends else None], attributes=attributes)

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        shape: Any = self.compute_output_shape(x.shape)
        if self.rank == 1 and not training:
            return self.inferred(x, mask)
        tape = self.tape(training)
        y = tape.take("y", shape, x.dtype)
        # With "valid" no window of a row reaches beyond its end.
        lengths = lengths_of(mask) if self.padding == "same" else None
        after = None if lengths is None else self.output_lengths(lengths)
        mask = None if after is None else mask
        x = without_padding(x, mask, tape, self._nothing)
        kept = self._pool(x, y, mask, tape)
        if after is not None:
            clear_padding(y, mask_of(after, y.shape[1]))
        tape.saved = (kept, x.shape, mask)
        return y, tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        kept, shape, mask = self.used(tape)
        if not need_dx:
            return None
        dx = tape.take("dx", shape, dy.dtype)
        dx.fill(0)
        self._spread(dy, dx, kept, tape)
        return clear_padding(dx, mask)

    def _pool(self, x: NDArray[Any], y: NDArray[Any], mask: NDArray[Any] | None, tape: Tape) -> Any:
        """Write the output; return what `_spread` needs, in training."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method _pool")

    def _spread(self, dy: NDArray[Any], dx: NDArray[Any], kept: Any, tape: Tape) -> None:
        """Add the gradients to dx."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method _spread")


class MaxPooling(Pooling):
    """Base of the layers that take the maximum of every window."""

    _reduction = "max"
    _nothing = -np.inf

    def _pool(self, x: NDArray[Any], y: NDArray[Any], mask: NDArray[Any] | None, tape: Tape) -> Any:
        places = self._windows.places(x.shape[1:-1])
        y.fill(-np.inf)
        if not tape.recording:
            for steps, windows in places:
                np.maximum(y[windows], x[steps], out=y[windows])
            return None
        # The position of the maximum; the first one among equals.
        where = tape.take("where", y.shape, np.min_scalar_type(math.prod(self.pool_size)))
        larger = tape.take("larger", y.shape, np.bool_)
        where.fill(0)
        for number, (steps, windows) in enumerate(places):
            np.greater(x[steps], y[windows], out=larger[windows])
            np.copyto(where[windows], number, where=larger[windows])
            np.maximum(y[windows], x[steps], out=y[windows])
        return where

    def _spread(self, dy: NDArray[Any], dx: NDArray[Any], kept: Any, tape: Tape) -> None:
        from_here = tape.take("larger", dy.shape, np.bool_)
        for number, (steps, windows) in enumerate(self._windows.places(dx.shape[1:-1])):
            np.equal(kept, number, out=from_here)
            np.add(dx[steps], dy[windows], out=dx[steps], where=from_here[windows])


class AveragePooling(Pooling):
    """Base of the layers that take the mean of every window."""

    _reduction = "mean"

    def _pool(self, x: NDArray[Any], y: NDArray[Any], mask: NDArray[Any] | None, tape: Tape) -> Any:
        y.fill(0)
        real = np.ones((1, *x.shape[1:-1], 1), bool) if mask is None else mask[..., None]
        counts = np.zeros((len(real), *y.shape[1:-1], 1), y.dtype)  # steps of each window
        for steps, windows in self._windows.places(x.shape[1:-1]):
            y[windows] += x[steps]
            counts[windows] += real[steps]
        y /= np.maximum(counts, 1, out=counts)
        return counts

    def _spread(self, dy: NDArray[Any], dx: NDArray[Any], kept: Any, tape: Tape) -> None:
        shares = np.divide(dy, kept, out=tape.take("shares", dy.shape, dy.dtype))
        for steps, windows in self._windows.places(dx.shape[1:-1]):
            dx[steps] += shares[windows]


class MaxPooling1D(MaxPooling):
    """Maximum of each feature in every window of time steps.

    Parameters
    ----------
    pool_size : int, default 2
        Number of steps in a window.
    strides : int, optional
        Steps between the starts of neighbouring windows; default: `pool_size`.
    padding : {"valid", "same"}, default "valid"
        "valid": windows lie within the sequence. "same": one output for each `strides` steps.
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown or out of range, or a sequence is shorter than a window.

    Notes
    -----
    A mask ends here with a warning, as in Keras: masked steps are treated like any others. The
    lengths of ragged sequences are passed on; see `Model.fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import MaxPooling1D
    >>> MaxPooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).ravel()
    array([3., 2.], dtype=float32)
    """

    rank = 1


class AveragePooling1D(AveragePooling):
    """Mean of each feature in every window of time steps.

    Parameters
    ----------
    pool_size : int, default 2
        Number of steps in a window.
    strides : int, optional
        Steps between the starts of neighbouring windows; default: `pool_size`.
    padding : {"valid", "same"}, default "valid"
        "valid": windows lie within the sequence. "same": one output for each `strides` steps, the
        mean of the steps of its window that exist.
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown or out of range, or a sequence is shorter than a window.

    Notes
    -----
    A mask ends here with a warning, as in Keras: masked steps are treated like any others. The
    lengths of ragged sequences are passed on; see `Model.fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import AveragePooling1D
    >>> AveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).ravel()
    array([2., 1.], dtype=float32)
    """

    rank = 1


class GlobalPooling(Layer):
    """Base of the layers that reduce a sequence or an image to one vector."""

    # Number of the axes between the batch and the features.
    rank: ClassVar[int]
    _reduction: ClassVar[str]

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        expect_channels_last(owner, data_format)
        self.keepdims = check_flag(owner, "keepdims", keepdims)
        self._axes = tuple(range(1, self.rank + 1))
        self.input_axes = ("batch", *AXES[self.rank], "features")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        for axis, name in zip(self._axes, AXES[self.rank], strict=True):
            if input_shape[axis] == 0:
                raise ValueError(f"{self.name}: x: expected at least 1 {name[:-1]}, got 0")
        middle = (1,) * self.rank if self.keepdims else ()
        return (input_shape[0], *middle, input_shape[-1])

    def compute_mask(self, x: NDArray[Any], mask: NDArray[Any] | None) -> NDArray[Any] | None:
        return None

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        if self.rank > 1:
            return super().infer(f, x, mask)
        attributes = [REDUCTIONS[self._reduction], int(self.keepdims), 1, 0]
        return f.node("reduce", [x, mask], attributes=attributes)

    def infer_mask(self, f: Nodes, x: Any, mask: Any, y: Any) -> None:
        return None

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        shape: Any = self.compute_output_shape(x.shape)  # raises if there are no time steps
        if self.rank == 1 and not training:
            return self.inferred(x, mask)
        tape = self.tape(training)
        return self._pool(x, mask, tape).reshape(shape), tape

    def _pool(self, x: NDArray[Any], mask: NDArray[Any] | None, tape: Tape) -> NDArray[Any]:
        """Return the output with the axes that were pooled, of size 1."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method _pool")

    def _pooled(self, dy: NDArray[Any]) -> NDArray[Any]:
        """Return dy with the axes that were pooled."""
        return dy.reshape(len(dy), *(1,) * self.rank, dy.shape[-1])


class GlobalMaxPooling(GlobalPooling):
    """Base of the layers that take the maximum of each feature.

    As in Keras all steps count, even masked ones, but not the padding of ragged batches.
    """

    _reduction = "max"

    def compute_mask(self, x: NDArray[Any], mask: NDArray[Any] | None) -> None:
        if mask is not None and lengths_of(mask) is None:
            self.end_mask(mask)

    def _pool(self, x: NDArray[Any], mask: NDArray[Any] | None, tape: Tape) -> NDArray[Any]:
        # A row without steps has no maximum; it gives zeros.
        x = without_padding(x, mask, tape, -np.inf)
        y: NDArray[Any] = x.max(axis=self._axes, keepdims=True)
        if (lengths := lengths_of(mask)) is not None:
            y[lengths == 0] = 0
        tape.saved = (x, y)
        return y

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        x, y = self.used(tape)
        largest = np.equal(x, y, out=tape.take("largest", x.shape, np.bool_))
        # No element equals the maximum if that is NaN.
        count = np.maximum(largest.sum(axis=self._axes, keepdims=True), 1).astype(dy.dtype)
        dx = tape.take("dx", largest.shape, dy.dtype)
        return np.multiply(largest, self._pooled(dy) / count, out=dx)


class GlobalAveragePooling(GlobalPooling):
    """Base of the layers that take the mean of each feature."""

    _reduction = "mean"

    def _pool(self, x: NDArray[Any], mask: NDArray[Any] | None, tape: Tape) -> NDArray[Any]:
        # A mask says which time steps are real; images have none.
        real: Any = True if mask is None or self.rank > 1 else mask[:, :, None]
        steps = np.ones((1, *x.shape[1:-1], 1), bool) & real
        counts = np.maximum(steps.sum(axis=self._axes, keepdims=True), 1).astype(x.dtype)
        tape.saved = (real, counts, x.shape)
        y: NDArray[Any] = x.sum(axis=self._axes, keepdims=True, where=real)
        y /= counts
        return y

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        real, counts, shape = self.used(tape)
        dx = tape.take("dx", shape, dy.dtype)
        dx.fill(0)
        np.copyto(dx, self._pooled(dy) / counts, where=real)
        return dx


class GlobalMaxPooling1D(GlobalMaxPooling):
    """Maximum of each feature over all time steps.

    Parameters
    ----------
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    keepdims : bool, default False
        Whether the output is ``(B, 1, F)`` instead of ``(B, F)``.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown or out of range.

    Notes
    -----
    Masked steps count like any others, with a warning, as in Keras; the padding of ragged sequences
    does not (see `Model.fit`). Equal numbers share the gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import GlobalMaxPooling1D
    >>> GlobalMaxPooling1D()(np.array([[[1.0], [3.0], [2.0]]]))
    array([[3.]], dtype=float32)
    """

    rank = 1


class GlobalAveragePooling1D(GlobalAveragePooling):
    """Mean of each feature over the time steps that are not masked.

    Parameters
    ----------
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    keepdims : bool, default False
        Whether the output is ``(B, 1, F)`` instead of ``(B, F)``.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown or out of range.

    Notes
    -----
    A fully masked sequence gives zeros (Keras: NaN).

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import GlobalAveragePooling1D
    >>> x, mask = np.array([[[1.0], [3.0], [9.0]]]), np.array([[True, True, False]])
    >>> GlobalAveragePooling1D()(x, mask=mask)
    array([[2.]], dtype=float32)
    """

    reads_mask = True

    rank = 1


class MaxPooling2D(MaxPooling):
    """Maximum of each feature in every window of rows and columns.

    Parameters
    ----------
    pool_size : int or tuple of 2 ints, default 2
        Rows and columns of a window; one number applies to both.
    strides : int or tuple of 2 ints, optional
        Rows and columns between the starts of neighbouring windows; default: `pool_size`.
    padding : {"valid", "same"}, default "valid"
        "valid": windows lie within the image. "same": one output for each `strides`
        rows and columns.
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown or out of range, or an image is smaller than a window.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import MaxPooling2D
    >>> image = np.array([[[1.0], [3.0]], [[2.0], [0.0]]])
    >>> MaxPooling2D(2)(image[None]).ravel()
    array([3.], dtype=float32)
    """

    rank = 2


class AveragePooling2D(AveragePooling):
    """Mean of each feature in every window of rows and columns.

    Parameters
    ----------
    pool_size : int or tuple of 2 ints, default 2
        Rows and columns of a window; one number applies to both.
    strides : int or tuple of 2 ints, optional
        Rows and columns between the starts of neighbouring windows; default: `pool_size`.
    padding : {"valid", "same"}, default "valid"
        "valid": windows lie within the image. "same": one output for each `strides` rows and
        columns, the mean of the elements of its window that exist.
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown or out of range, or an image is smaller than a window.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import AveragePooling2D
    >>> image = np.array([[[1.0], [3.0]], [[2.0], [0.0]]])
    >>> AveragePooling2D(2)(image[None]).ravel()
    array([1.5], dtype=float32)
    """

    rank = 2


class GlobalMaxPooling2D(GlobalMaxPooling):
    """Maximum of each feature over a whole image.

    Parameters
    ----------
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    keepdims : bool, default False
        Whether the output is ``(B, 1, 1, F)`` instead of ``(B, F)``.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown or out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import GlobalMaxPooling2D
    >>> GlobalMaxPooling2D()(np.array([[[[1.0], [3.0]], [[2.0], [0.0]]]]))
    array([[3.]], dtype=float32)
    """

    rank = 2


class GlobalAveragePooling2D(GlobalAveragePooling):
    """Mean of each feature over a whole image.

    Parameters
    ----------
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    keepdims : bool, default False
        Whether the output is ``(B, 1, 1, F)`` instead of ``(B, F)``.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown or out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import GlobalAveragePooling2D
    >>> GlobalAveragePooling2D()(np.array([[[[1.0], [3.0]], [[2.0], [0.0]]]]))
    array([[1.5]], dtype=float32)
    """

    rank = 2
