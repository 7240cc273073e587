"""Pooling over all time steps, and over whole images."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._lengths import lengths_of, without_padding
from rnncore.layers._shapes import expect_channels_last
from rnncore.layers._windows import AXES
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.tape import Tape
from rnncore.utils._checks import check_flag


class GlobalPooling(Layer):
    """Base of the layers that reduce a sequence or an image to one vector."""

    # Number of the axes between the batch and the features.
    rank: ClassVar[int]

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

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        shape: Any = self.compute_output_shape(x.shape)  # raises if there are no time steps
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
