"""Convolutions over time and over images, and the transposed one over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rnncore import _core
from rnncore.activations import Activation
from rnncore.layers._arguments import SEQUENCE, expect_channels_last, one_for_each
from rnncore.layers._lengths import clear_padding, without_padding
from rnncore.layers._windows import PADDINGS, Windows, padding_name
from rnncore.layers.core.dense import Dense
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.nodes import Nodes
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

    def output_windows(self) -> tuple[int, int, int] | None:
        return self._windows.of_lengths()

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        return self.infer_windows(f, "conv", x, mask)

    def infer_windows(self, f: Nodes, kind: str, x: Any, mask: Any) -> Any:
        """Return the output of a convolution over steps."""
        if self.rank > 1:
            # This raises. Dense would write a node that takes a matrix, not the kernel of an image.
            return Layer.infer(self, f, x, mask)
        if mask is not None:  # the padding of ragged rows
            x = f.node("fill", [x, mask], attributes=[1])
        windows = [self.strides[0], self.dilation_rate[0], PADDINGS[self.padding]]
        return self.infer_product(f, kind, x, windows)

    def _run(
        self, x: NDArray[Any], activation: Activation, mask: NDArray[Any] | None, tape: Tape
    ) -> NDArray[Any]:
        if self.rank == 1 and not tape.recording and activation is self.activation:
            self._windows.counts(self.name, x.shape)  # raises if there are too few steps
            return self.inferred(x, mask)[0]
        windows = self._windows.of(self.name, without_padding(x, mask, tape), tape)
        counts, numbers = windows.shape[1 : self.rank + 1], windows.shape[self.rank + 1 :]
        rows = tape.copied("rows", windows).reshape(len(x), *counts, int(np.prod(numbers)))
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


class Conv1D(Conv):
    """A dense layer applied to windows that slide over the time steps.

    Parameters
    ----------
    filters : int
        Size of the output's last axis.
    kernel_size : int
        Number of steps in a window.
    strides : int, default 1
        Steps between the starts of neighbouring windows.
    padding : {"valid", "same", "causal"}, default "valid"
        "valid": windows lie within the sequence. "same": zeros on both sides, one output for each
        `strides` steps. "causal": zeros in front only, so that no output depends on later steps.
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    dilation_rate : int, default 1
        Distance between the steps of a window. It and `strides` cannot both be above 1.
    groups : int, default 1
        Only 1 is supported so far.
    activation : str or Activation, optional
        Any name that `rnncore.activations.get` knows; default linear.
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
    bias_initializer : default "zeros"
    kernel_regularizer, bias_regularizer : optional
        Penalties on the weights; see `rnncore.regularizers`.
    activity_regularizer : optional
        Penalty on the output, divided by the number of samples.
    kernel_constraint, bias_constraint : optional
        Applied to the weights after each step; see `rnncore.constraints`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown, out of range or not supported yet, or a sequence is shorter than
        a window.

    Notes
    -----
    Weights: kernel ``(kernel_size, F, filters)``, bias ``(filters,)``. The input is ``(B, T, F)``.
    A mask ends here with a warning, as in Keras: masked steps are treated like any others. The
    lengths of ragged sequences are passed on; see `Model.fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Conv1D
    >>> layer = Conv1D(1, 2, kernel_initializer="ones", padding="causal")
    >>> layer(np.array([[[1.0], [2.0], [3.0]]])).ravel()
    array([1., 3., 5.], dtype=float32)
    """

    rank: ClassVar[int] = 1
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same", "causal")


class Conv2D(Conv):
    """A dense layer applied to windows that slide over rows and columns.

    Parameters
    ----------
    filters : int
        Size of the output's last axis.
    kernel_size : int or tuple of 2 ints
        Rows and columns of a window; here and below one number applies to both.
    strides : int or tuple of 2 ints, default 1
        Rows and columns between the starts of neighbouring windows.
    padding : {"valid", "same"}, default "valid"
        "valid": windows lie within the image. "same": zeros on all sides, one output for each
        `strides` rows and columns.
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    dilation_rate : int or tuple of 2 ints, default 1
        Distance between the rows and columns of a window. It and `strides` cannot both be above 1.
    groups : int, default 1
        Only 1 is supported so far.
    activation : str or Activation, optional
        Any name that `rnncore.activations.get` knows; default linear.
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
    bias_initializer : default "zeros"
    kernel_regularizer, bias_regularizer : optional
        Penalties on the weights; see `rnncore.regularizers`.
    activity_regularizer : optional
        Penalty on the output, divided by the number of samples.
    kernel_constraint, bias_constraint : optional
        Applied to the weights after each step; see `rnncore.constraints`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown, out of range or not supported yet, or an image is smaller than a
        window.

    Notes
    -----
    Weights: kernel ``(rows, columns, F, filters)``, bias ``(filters,)``. The input is ``(B, H, W,
    F)``; for image sequences ``(B, T, H, W, F)`` wrap the layer in `TimeDistributed`.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Conv2D
    >>> Conv2D(8, 3, padding="same")(np.zeros((2, 16, 12, 3))).shape
    (2, 16, 12, 8)
    """

    rank: ClassVar[int] = 2


class Conv1DTranspose(Conv):
    """Transposed convolution: each input step adds a window of steps to the output.

    Parameters
    ----------
    filters : int
        Size of the output's last axis.
    kernel_size : int
        Number of steps in a window.
    strides : int, default 1
        Steps between the starts of neighbouring windows, and so the factor by which the output is
        longer.
    padding : {"valid", "same"}, default "valid"
        "valid": the output holds all windows. "same": ``strides`` steps for each input step; what
        reaches beyond them on either side is cut off.
    output_padding : None
        Only None is supported so far.
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    dilation_rate : int, default 1
        Distance between the steps of a window. It and `strides` cannot both be above 1.
    activation : str or Activation, optional
        Any name that `rnncore.activations.get` knows; default linear.
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
    bias_initializer : default "zeros"
    kernel_regularizer, bias_regularizer : optional
        Penalties on the weights; see `rnncore.regularizers`.
    activity_regularizer : optional
        Penalty on the output, divided by the number of samples.
    kernel_constraint, bias_constraint : optional
        Applied to the weights after each step; see `rnncore.constraints`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown, out of range or not supported yet, or the input is not ``(B, T,
        F)``.

    Notes
    -----
    Weights: kernel ``(kernel_size, filters, F)``, bias ``(filters,)``. The input is ``(B, T, F)``.
    A mask ends here with a warning, as in Keras: masked steps are treated like any others. The
    lengths of ragged sequences are passed on; see `Model.fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Conv1DTranspose
    >>> layer = Conv1DTranspose(1, 3, strides=2, kernel_initializer="ones")
    >>> layer(np.array([[[1.0], [10.0]]])).ravel()
    array([ 1.,  1., 11., 10., 10.], dtype=float32)
    """

    not_configured = frozenset({"groups"})
    unsupported: Mapping[str, Any] = {**Conv.unsupported, "output_padding": None}
    input_axes = SEQUENCE
    rank: ClassVar[int] = 1

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
        super().__init__(**passed_on(locals()))
        reach = self._windows.reaches[0] if self.padding == "valid" else 0
        # How many steps the last window adds beyond `strides` for each step of the input.
        self._beyond = max(reach - self.strides[0], 0)

    def build(self, input_shape: Shape) -> None:
        shape = (*self.kernel_size, self.filters, self.known_features(input_shape))
        self.kernel = self.add_weight("kernel", shape, **self.chosen("kernel"))
        self.bias = self.build_bias()

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        steps = input_shape[1]
        length = None if steps is None else steps * self.strides[0] + self._beyond
        return (input_shape[0], length, self.filters)

    def output_windows(self) -> tuple[int, int, int]:
        return self.strides[0], 1 - self._beyond, 1

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        return self.infer_windows(f, "conv_transpose", x, mask)

    def _run(
        self, x: NDArray[Any], activation: Activation, mask: NDArray[Any] | None, tape: Tape
    ) -> NDArray[Any]:
        x = np.ascontiguousarray(without_padding(x, mask, tape))
        # A column for each number that a step adds.
        matrix = tape.copied("matrix", self.kernel.value.reshape(-1, x.shape[2]).T)
        rows = tape.take("rows", (*x.shape[:2], matrix.shape[1]), x.dtype)
        _core.dense_forward(x, matrix, None, rows, "linear", tape.scratch)
        shape: Any = self.compute_output_shape(x.shape)
        z = tape.take("z", shape, x.dtype)
        z[...] = 0 if self.bias is None else self.bias.value
        self._windows.add_up(rows, z)
        y = activation.forward(z, tape.take("y", shape, x.dtype))
        kept = z if activation.from_input else y
        tape.saved = (x, matrix, rows, kept, activation, mask)
        return y

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        x, matrix, rows, kept, activation, mask = self.used(tape)
        dz = activation.backward_into(kept, dy, tape.take("dz", dy.shape, dy.dtype))
        if self.bias is not None:
            dz.sum(axis=(0, 1), out=self.bias.grad)
        drows = tape.copied("drows", self._windows.of(self.name, dz, tape)).reshape(rows.shape)
        dx = tape.take("dx", x.shape, x.dtype) if need_dx else None
        dmatrix = tape.take("dmatrix", matrix.shape, matrix.dtype)
        _core.dense_backward(x, matrix, rows, drows, dx, dmatrix, None, "linear", tape.scratch)
        self.kernel.grad.reshape(-1, x.shape[2])[...] = dmatrix.T
        return None if dx is None else clear_padding(dx, mask)
