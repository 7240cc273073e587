"""Pooling over windows of time steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._shapes import expect_channels_last, expect_steps
from rnncore.layers._windows import Windows, one_count, padding_name
from rnncore.layers.base import Layer, Shape


class Pooling1D(Layer):
    """Base of the layers that make one step of every window of steps."""

    def __init__(
        self,
        pool_size: int | tuple[int],
        strides: int | tuple[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        expect_channels_last(owner, data_format)
        self.windows = Windows(
            one_count(owner, "pool_size", pool_size),
            one_count(owner, "strides", pool_size if strides is None else strides),
            1,
            padding_name(owner, padding, ("valid", "same")),
        )

    def build(self, input_shape: Shape) -> None:
        expect_steps(self.name, input_shape)
        self.windows.count(self.name, input_shape[1])

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        count = self.windows.count(self.name, input_shape[1])
        return (input_shape[0], count, input_shape[2])

    def compute_mask(self, x: NDArray[Any], mask: NDArray[Any] | None) -> NDArray[Any] | None:
        return None  # it does not fit the output; Keras drops it too


class MaxPooling1D(Pooling1D):
    """The largest number of each feature in every window of time steps.

    Parameters
    ----------
    pool_size : int, default 2
        Number of steps in a window.
    strides : int, optional
        Steps from the start of a window to that of the next; default: `pool_size`.
    padding : {"valid", "same"}, default "valid"
        "valid": windows lie within the sequence. "same": one output for each `strides` steps.
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    **kwargs
        `name`, `dtype`, `input_shape` and the like: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        For an argument that is unknown or out of range, and when called on sequences that are
        shorter than a window.

    Notes
    -----
    A mask ends here, as in Keras: masked steps are read like others.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import MaxPooling1D
    >>> MaxPooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).ravel()
    array([3., 2.], dtype=float32)
    """

    def __init__(self, pool_size: int | tuple[int] = 2, *others: Any, **kwargs: Any) -> None:
        super().__init__(pool_size, *others, **kwargs)

    def forward(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        windows = self.windows.of(self.name, x, -np.inf)
        if not training:
            return windows.max(axis=2)
        where = windows.argmax(axis=2)[:, :, None]  # of equal numbers the first
        self._saved = (where, x.shape[1])
        return np.take_along_axis(windows, where, axis=2)[:, :, 0]

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        (where, steps), self._saved = self._saved, None
        numbers = np.arange(self.windows.size)[:, None]
        dwindows = np.where(where == numbers, dy[:, :, None], dy.dtype.type(0))
        return self.windows.add_up(dwindows, steps)


class AveragePooling1D(Pooling1D):
    """The mean of each feature in every window of time steps.

    Parameters
    ----------
    pool_size : int
        Number of steps in a window.
    strides : int, optional
        Steps from the start of a window to that of the next; default: `pool_size`.
    padding : {"valid", "same"}, default "valid"
        "valid": windows lie within the sequence. "same": one output for each `strides` steps,
        the mean of those steps of its window that there are.
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    **kwargs
        `name`, `dtype`, `input_shape` and the like: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        For an argument that is unknown or out of range, and when called on sequences that are
        shorter than a window.

    Notes
    -----
    A mask ends here, as in Keras: masked steps are read like others.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import AveragePooling1D
    >>> AveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).ravel()
    array([2., 1.], dtype=float32)
    """

    def forward(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        ones = np.ones((1, x.shape[1], 1), x.dtype)
        counts = self.windows.of(self.name, ones).sum(axis=2)
        if training:
            self._saved = (counts, x.shape[1])
        y: NDArray[Any] = self.windows.of(self.name, x).sum(axis=2) / counts
        return y

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        (counts, steps), self._saved = self._saved, None
        share = (dy / counts)[:, :, None]
        batch, count, _, features = share.shape
        shape = (batch, count, self.windows.size, features)
        return self.windows.add_up(np.broadcast_to(share, shape), steps)
