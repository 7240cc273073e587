"""Convolution over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.activations import Activation
from rnncore.layers._shapes import expect_channels_last, expect_steps
from rnncore.layers._windows import Windows, one_count, padding_name
from rnncore.layers.base import Shape
from rnncore.layers.dense import Dense
from rnncore.utils._checks import check_count


class Conv1D(Dense):
    """A fully connected layer on windows that slide over the time steps.

    Parameters
    ----------
    filters : int
        Size of the output's last axis.
    kernel_size : int
        Number of steps in a window.
    strides : int, default 1
        Steps from the start of a window to that of the next.
    padding : {"valid", "same", "causal"}, default "valid"
        "valid": windows lie within the sequence. "same": zeros on both sides, one output for each
        `strides` steps. "causal": zeros in front only, no output depends on later steps.
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    dilation_rate : int, default 1
        Distance of the steps in a window. Only one of it and `strides` may be above 1.
    groups : int, default 1
        Only 1 is supported so far.
    activation : str or Activation, optional
        By default linear: any name that `rnncore.activations.get` knows.
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
    bias_initializer : default "zeros"
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and the like: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        For an argument that is unknown, out of range or not supported yet, and when called on
        sequences that are shorter than a window has to be.

    Notes
    -----
    Weights: kernel ``(kernel_size, F, filters)``, bias ``(filters,)``. The input is ``(B, T, F)``.
    A mask ends here, as in Keras: masked steps are read like others.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Conv1D
    >>> layer = Conv1D(1, 2, kernel_initializer="ones", padding="causal")
    >>> layer(np.array([[[1.0], [2.0], [3.0]]])).ravel()
    array([1., 3., 5.], dtype=float32)
    """

    unsupported: Mapping[str, Any] = {**Dense.unsupported, "groups": 1, "lora_alpha": None}
    size_arguments: tuple[str, ...] = ("filters", "kernel_size")

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int],
        strides: int | tuple[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int] = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        self.filters = check_count("Conv1D", "filters", filters)
        super().__init__(
            filters,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            groups=groups,
            **kwargs,
        )
        expect_channels_last("Conv1D", data_format)
        self.windows = Windows(
            one_count("Conv1D", "kernel_size", kernel_size),
            one_count("Conv1D", "strides", strides),
            one_count("Conv1D", "dilation_rate", dilation_rate),
            padding_name("Conv1D", padding, ("valid", "same", "causal")),
        )
        self.kernel_size = self.windows.size
        if self.windows.stride > 1 and self.windows.dilation > 1:
            raise ValueError(
                "Conv1D: dilation_rate: expected 1 where strides is above 1, "
                f"got {dilation_rate} with strides {strides}"
            )

    def build(self, input_shape: Shape) -> None:
        expect_steps(self.name, input_shape)
        features = self.known_features(input_shape)
        self.windows.count(self.name, input_shape[1])
        shape = (self.kernel_size, features, self.filters)
        self.kernel = self.add_weight("kernel", shape, self.kernel_initializer)
        self.bias = self.build_bias()

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.windows.count(self.name, input_shape[1]), self.filters)

    def compute_mask(self, x: NDArray[Any], mask: NDArray[Any] | None) -> NDArray[Any] | None:
        return None

    def _run(self, x: NDArray[Any], activation: Activation, training: bool) -> NDArray[Any]:
        windows = self.windows.of(self.name, x)
        batch, count, size, features = windows.shape
        shape = (batch, count, size * features)
        rows = self._buffers.take("rows", shape, x.dtype) if training else np.empty(shape, x.dtype)
        rows.reshape(windows.shape)[...] = windows
        y = super()._run(rows, activation, training)
        if training:
            self._saved = (self._saved, x.shape)
        return y

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        self._saved, (batch, steps, features) = self._saved
        drows = super().backward(dy, need_dx=need_dx)
        if drows is None:
            return None
        return self.windows.add_up(drows.reshape(batch, -1, self.kernel_size, features), steps)
