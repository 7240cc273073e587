"""What convolutions over time and over images share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rnncore.activations import Activation
from rnncore.layers._lengths import Lengths, clear_padding, without_padding
from rnncore.layers._shapes import expect_channels_last, one_for_each
from rnncore.layers._windows import Windows, padding_name
from rnncore.layers.core.dense import Dense
from rnncore.layers.layer import Shape
from rnncore.layers.tape import Tape
from rnncore.utils._checks import check_count
from rnncore.utils._config import passed_on


class Conv(Dense):
    """Base of the convolutions: a dense layer applied to windows that slide over the input."""

    unsupported: Mapping[str, Any] = {**Dense.unsupported, "groups": 1}
    size_arguments: tuple[str, ...] = ("filters", "kernel_size")
    supports_masking = False
    # Number of the axes between the batch and the features.
    rank: ClassVar[int]
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, ...] = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        own = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate")
        given = passed_on(locals(), "own", *own)
        owner = type(self).__name__
        self.filters = check_count(owner, "filters", filters)
        super().__init__(filters, **given)
        expect_channels_last(owner, data_format)
        self.kernel_size = one_for_each(owner, "kernel_size", kernel_size, self.rank)
        self.strides = one_for_each(owner, "strides", strides, self.rank)
        self.dilation_rate = one_for_each(owner, "dilation_rate", dilation_rate, self.rank)
        self.padding = padding_name(owner, padding, self.paddings)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{owner}: dilation_rate: expected 1 where strides is above 1, "
                f"got {dilation_rate} with strides {strides}"
            )
        self._windows = Windows(self.kernel_size, self.strides, self.dilation_rate, self.padding)

    def build(self, input_shape: Shape) -> None:
        self._windows.counts(self.name, input_shape)
        shape = (*self.kernel_size, self.known_features(input_shape), self.filters)
        self.kernel = self.add_weight("kernel", shape, **self.chosen("kernel"))
        self.bias = self.build_bias()

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], *self._windows.counts(self.name, input_shape), self.filters)

    def output_lengths(self, lengths: Lengths) -> Lengths | None:
        return self._windows.lengths(lengths)

    def _run(
        self, x: NDArray[Any], activation: Activation, mask: NDArray[Any] | None, tape: Tape
    ) -> NDArray[Any]:
        windows = self._windows.of(self.name, without_padding(x, mask, tape), tape)
        counts, numbers = windows.shape[1 : self.rank + 1], windows.shape[self.rank + 1 :]
        rows = tape.take("rows", (len(x), *counts, int(np.prod(numbers))), x.dtype)
        rows.reshape(windows.shape)[...] = windows
        y = super()._run(rows, activation, None, tape)
        if tape.recording:
            tape.saved = (tape.saved, x.shape, mask)
        return y

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        tape.saved, shape, mask = tape.saved
        drows = super().backward(tape, dy, need_dx=need_dx)
        if drows is None:
            return None
        dx = tape.take("dx of x", shape, drows.dtype)
        dx.fill(0)
        self._windows.add_up(drows, dx)
        return clear_padding(dx, mask)
