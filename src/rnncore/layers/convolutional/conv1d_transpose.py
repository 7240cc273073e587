"""Conv1DTranspose: from few time steps to more, what the gradient of a Conv1D does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import _core, activations
from rnncore.layers._lengths import Lengths, clear_padding, without_padding
from rnncore.layers._shapes import expect_channels_last, expect_steps
from rnncore.layers._windows import one_for_each_axis, padding_name
from rnncore.layers.core.dense import Dense
from rnncore.layers.layer import Shape
from rnncore.utils._checks import check_count


class Conv1DTranspose(Dense):
    """Every step of the input adds a window of steps to the output.

    Parameters
    ----------
    filters : int
        Size of the output's last axis.
    kernel_size : int
        Number of steps in a window.
    strides : int, default 1
        Steps from the start of a window to that of the next: the output is so many times as long.
    padding : {"valid", "same"}, default "valid"
        "valid": the output holds all windows. "same": ``strides`` steps for each of the input,
        what reaches beyond them on both sides is left out.
    output_padding : None
        Only None is supported so far.
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    dilation_rate : int, default 1
        Distance of the steps in a window. Only one of it and `strides` may be above 1.
    activation : str or Activation, optional
        By default linear: any name that `rnncore.activations.get` knows.
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
    bias_initializer : default "zeros"
    kernel_regularizer, bias_regularizer : optional
        Penalties on the weights; see `rnncore.regularizers`.
    activity_regularizer : optional
        Penalty on the output, divided by the number of samples.
    kernel_constraint, bias_constraint : optional
        Projections of the weights after each step; see `rnncore.constraints`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and the like: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        For an argument that is unknown, out of range or not supported yet, and when called on
        something else than sequences.

    Notes
    -----
    Weights: kernel ``(kernel_size, filters, F)``, bias ``(filters,)``. The input is ``(B, T, F)``.
    A mask ends here with a warning, as in Keras: masked steps are read like others. Sequences of
    different lengths go on, see `Model.fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Conv1DTranspose
    >>> layer = Conv1DTranspose(1, 3, strides=2, kernel_initializer="ones")
    >>> layer(np.array([[[1.0], [10.0]]])).ravel()
    array([ 1.,  1., 11., 10., 10.], dtype=float32)
    """

    size_arguments = ("filters", "kernel_size")
    supports_masking = False

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int],
        strides: int | tuple[int] = 1,
        padding: str = "valid",
        output_padding: None = None,
        data_format: str | None = None,
        dilation_rate: int | tuple[int] = 1,
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
        owner = type(self).__name__
        self.filters = check_count(owner, "filters", filters)
        super().__init__(
            filters,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )
        if output_padding is not None:
            raise ValueError(
                f"{owner}: output_padding: expected None (no other value is supported yet), "
                f"got {output_padding!r}"
            )
        self.output_padding = output_padding
        expect_channels_last(owner, data_format)
        self.kernel_size = one_for_each_axis(owner, "kernel_size", kernel_size, 1)
        self.strides = one_for_each_axis(owner, "strides", strides, 1)
        self.dilation_rate = one_for_each_axis(owner, "dilation_rate", dilation_rate, 1)
        self.padding = padding_name(owner, padding, ("valid", "same"))
        if self.strides[0] > 1 and self.dilation_rate[0] > 1:
            raise ValueError(
                f"{owner}: dilation_rate: expected 1 where strides is above 1, "
                f"got {dilation_rate} with strides {strides}"
            )

    def build(self, input_shape: Shape) -> None:
        expect_steps(self.name, input_shape)
        shape = (*self.kernel_size, self.filters, self.known_features(input_shape))
        self.kernel = self.add_weight("kernel", shape, **self.chosen("kernel"))
        self.bias = self.build_bias()

    @property
    def _beyond(self) -> int:
        """How many steps a window reaches beyond the start of the next."""
        reach = (self.kernel_size[0] - 1) * self.dilation_rate[0] + 1
        return max(reach - self.strides[0], 0)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        steps = input_shape[1]
        more = self._beyond if self.padding == "valid" else 0
        length = None if steps is None else steps * self.strides[0] + more
        return (input_shape[0], length, self.filters)

    def output_lengths(self, lengths: Lengths) -> Lengths:
        return lengths * self.strides[0] + (self._beyond if self.padding == "valid" else 0)

    def _places(self, steps: int, length: int) -> Iterator[tuple[slice, slice, slice]]:
        """Yield for each step of a window: its columns, the inputs it is of, where it comes."""
        stride, first = self.strides[0], self._beyond // 2 if self.padding == "same" else 0
        for number in range(self.kernel_size[0]):
            offset = number * self.dilation_rate[0] - first
            low = max(0, -(offset // stride))
            high = min(steps, (length - 1 - offset) // stride + 1)
            columns = slice(number * self.filters, (number + 1) * self.filters)
            start = low * stride + offset
            yield columns, slice(low, high), slice(start, start + (high - low) * stride, stride)

    def _run(
        self,
        x: NDArray[Any],
        activation: activations.Activation,
        mask: NDArray[Any] | None,
        training: bool,
    ) -> NDArray[Any]:
        memory = self._buffers.when(training)
        x = np.ascontiguousarray(without_padding(x, mask, memory))
        matrix = memory.take("matrix", (x.shape[2], self.kernel.size // x.shape[2]), x.dtype)
        matrix[...] = self._rows_of(self.kernel.value).T
        rows = memory.take("rows", (*x.shape[:2], matrix.shape[1]), x.dtype)
        scratch = self._scratch.take()
        _core.dense_forward(x, matrix, None, rows, "linear", scratch)
        self._scratch.give_back(scratch)
        shape: Any = self.compute_output_shape(x.shape)
        z = memory.take("z", shape, x.dtype)
        z[...] = 0 if self.bias is None else self.bias.value
        for columns, inputs, steps in self._places(x.shape[1], z.shape[1]):
            z[:, steps] += rows[:, inputs, columns]
        y = activation.forward(z, memory.take("y", shape, x.dtype))
        if training:
            self._saved = (x, matrix, rows, z if activation.from_input else y, activation, mask)
        return y

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        (x, matrix, rows, kept, activation, mask), self._saved = self._saved, None
        dz = activation.backward_into(kept, dy, self._buffers.take("dz", dy.shape, dy.dtype))
        if self.bias is not None:
            dz.sum(axis=(0, 1), out=self.bias.grad)
        drows = self._buffers.take("drows", rows.shape, rows.dtype)
        drows.fill(0)
        for columns, inputs, steps in self._places(x.shape[1], dz.shape[1]):
            drows[:, inputs, columns] = dz[:, steps]
        dx = self._buffers.take("dx", x.shape, x.dtype) if need_dx else None
        dmatrix = self._buffers.take("dmatrix", matrix.shape, matrix.dtype)
        scratch = self._scratch.take()
        _core.dense_backward(x, matrix, rows, drows, dx, dmatrix, None, "linear", scratch)
        self._scratch.give_back(scratch)
        self._rows_of(self.kernel.grad)[...] = dmatrix.T
        return None if dx is None else clear_padding(dx, mask)

    @staticmethod
    def _rows_of(kernel: NDArray[Any]) -> NDArray[Any]:
        """Return a view of the kernel with one row for each number that a step adds."""
        return kernel.reshape(-1, kernel.shape[2])
