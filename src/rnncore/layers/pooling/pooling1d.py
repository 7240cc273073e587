"""Pooling over windows of time steps, and what it shares with pooling of images."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._lengths import Lengths, clear_padding, lengths_of, mask_of, without_padding
from rnncore.layers._shapes import expect_channels_last, one_for_each
from rnncore.layers._windows import Windows, padding_name
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.tape import Tape


class Pooling(Layer):
    """Base of the layers that reduce every window of steps to one step."""

    supports_masking = False
    # Number of the axes between the batch and the features.
    rank: ClassVar[int]
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

    def output_lengths(self, lengths: Lengths) -> Lengths | None:
        return self._windows.lengths(lengths)

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        shape: Any = self.compute_output_shape(x.shape)
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
