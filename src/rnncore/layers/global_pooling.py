"""Pooling over all time steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._arguments import boolean
from rnncore.layers._shapes import expect_channels_last, expect_steps
from rnncore.layers.base import Layer, Shape


class GlobalPooling1D(Layer):
    """Base of the layers that make one vector of a sequence."""

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        expect_channels_last(owner, data_format)
        self.keepdims = boolean(owner, "keepdims", keepdims)

    def build(self, input_shape: Shape) -> None:
        expect_steps(self.name, input_shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if input_shape[1] == 0:
            raise ValueError(f"{self.name}: x: expected at least 1 timestep, got 0")
        middle = (1,) if self.keepdims else ()
        return (input_shape[0], *middle, input_shape[2])

    def compute_mask(self, x: NDArray[Any], mask: NDArray[Any] | None) -> NDArray[Any] | None:
        return None

    def _with_steps(self, dy: NDArray[Any]) -> NDArray[Any]:
        return dy if self.keepdims else dy[:, None]


class GlobalMaxPooling1D(GlobalPooling1D):
    """The largest number of each feature over all time steps.

    Parameters
    ----------
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    keepdims : bool, default False
        Whether the output is ``(B, 1, F)`` and not ``(B, F)``.
    **kwargs
        `name`, `dtype`, `input_shape` and the like: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        For an argument that is unknown or out of range.

    Notes
    -----
    Masked steps are read like others, as in Keras. Equal numbers share the gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import GlobalMaxPooling1D
    >>> GlobalMaxPooling1D()(np.array([[[1.0], [3.0], [2.0]]]))
    array([[3.]], dtype=float32)
    """

    def forward(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        y: NDArray[Any] = x.max(axis=1, keepdims=True)
        if training:
            self._saved = x == y
        return y if self.keepdims else y[:, 0]

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        largest, self._saved = self._saved, None
        # None is the largest where the largest is NaN.
        shared = np.maximum(largest.sum(axis=1, keepdims=True), 1).astype(dy.dtype)
        dx: NDArray[Any] = largest * (self._with_steps(dy) / shared)
        return dx


class GlobalAveragePooling1D(GlobalPooling1D):
    """The mean of each feature over the time steps that are not masked.

    Parameters
    ----------
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    keepdims : bool, default False
        Whether the output is ``(B, 1, F)`` and not ``(B, F)``.
    **kwargs
        `name`, `dtype`, `input_shape` and the like: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        For an argument that is unknown or out of range.

    Notes
    -----
    A sequence with no step that is not masked gives zeros, where Keras gives NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import GlobalAveragePooling1D
    >>> x, mask = np.array([[[1.0], [3.0], [9.0]]]), np.array([[True, True, False]])
    >>> GlobalAveragePooling1D()(x, mask=mask)
    array([[2.]], dtype=float32)
    """

    def forward(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        real = np.ones((1, x.shape[1], 1), bool) if mask is None else mask[:, :, None]
        counts = np.maximum(real.sum(axis=1, keepdims=True), 1).astype(x.dtype)
        if training:
            self._saved = (real, counts)
        total = np.where(real, x, x.dtype.type(0)).sum(axis=1, keepdims=True)
        y: NDArray[Any] = total / counts
        return y if self.keepdims else y[:, 0]

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        (real, counts), self._saved = self._saved, None
        return np.where(real, self._with_steps(dy) / counts, dy.dtype.type(0))
