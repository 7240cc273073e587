"""Layers that add, drop or repeat time steps: ZeroPadding1D, Cropping1D, UpSampling1D."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._arguments import SEQUENCE, expect_channels_last, one_for_each
from rnncore.layers._lengths import Lengths, clear_padding
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.tape import Tape
from rnncore.utils._checks import check_count


class _Steps(Layer):
    """Base of the layers that change the number of steps.

    A mask ends here, as in Keras, but the lengths of ragged rows are passed on.
    """

    supports_masking = False

    input_axes = SEQUENCE


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

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        steps = input_shape[1]
        longer = None if steps is None else steps + sum(self.padding)
        return (input_shape[0], longer, *input_shape[2:])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        tape = self.tape(training)
        y = _padded("y", x, self.padding, tape)
        clear_padding(y[:, self.padding[0] : self.padding[0] + x.shape[1]], mask)
        tape.saved = mask
        return y, tape

    def output_lengths(self, lengths: Lengths) -> Lengths:
        return lengths + sum(self.padding)

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        mask = self.used(tape)
        return clear_padding(_cropped("dx", dy, self.padding, tape), mask)


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

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        steps = input_shape[1]
        if steps is not None and steps <= sum(self.cropping):
            raise ValueError(
                f"{self.name}: x: expected more than {sum(self.cropping)} timesteps, got {steps}"
            )
        shorter = None if steps is None else steps - sum(self.cropping)
        return (input_shape[0], shorter, *input_shape[2:])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        self.compute_output_shape(x.shape)  # raises if no step is left
        tape = self.tape(training)
        return _cropped("y", x, self.cropping, tape), tape

    def output_lengths(self, lengths: Lengths) -> Lengths:
        return np.maximum(lengths - sum(self.cropping), 0)

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        self.used(tape)
        return _padded("dx", dy, self.cropping, tape)


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
        self.size = check_count("UpSampling1D", "size", size)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, steps, *rest = input_shape
        return (batch, None if steps is None else steps * self.size, *rest)

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        tape = self.tape(training)
        batch, steps, features = x.shape
        y = tape.take("y", (batch, steps, self.size, features), x.dtype)
        y[...] = x[:, :, None]
        return y.reshape(batch, steps * self.size, features), tape

    def output_lengths(self, lengths: Lengths) -> Lengths:
        return lengths * self.size

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        self.used(tape)
        batch, steps, features = len(dy), dy.shape[1] // self.size, dy.shape[2]
        grouped = dy.reshape(batch, steps, self.size, features)
        return grouped.sum(axis=2, out=tape.take("dx", (batch, steps, features), dy.dtype))


def _padded(name: str, x: NDArray[Any], sides: tuple[int, ...], tape: Tape) -> NDArray[Any]:
    """Return x with this many steps of zeros on the two sides."""
    front, behind = sides
    batch, steps, features = x.shape
    y = tape.take(name, (batch, front + steps + behind, features), x.dtype)
    y.fill(0)
    y[:, front : front + steps] = x
    return y


def _cropped(name: str, x: NDArray[Any], sides: tuple[int, ...], tape: Tape) -> NDArray[Any]:
    """Return x without this many steps on the two sides."""
    return tape.copied(name, x[:, sides[0] : x.shape[1] - sides[1]])
