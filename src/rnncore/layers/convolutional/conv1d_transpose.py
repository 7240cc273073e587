"""Conv1DTranspose: the gradient of a Conv1D as a layer, which gives more steps than it gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rnncore import _core
from rnncore.activations import Activation
from rnncore.layers._lengths import Lengths, clear_padding, without_padding
from rnncore.layers._shapes import SEQUENCE
from rnncore.layers.convolutional.conv import Conv
from rnncore.layers.layer import Shape
from rnncore.layers.tape import Tape
from rnncore.utils._config import passed_on


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

    def build(self, input_shape: Shape) -> None:
        shape = (*self.kernel_size, self.filters, self.known_features(input_shape))
        self.kernel = self.add_weight("kernel", shape, **self.chosen("kernel"))
        self.bias = self.build_bias()

    @property
    def _beyond(self) -> int:
        """How many steps a window overlaps the next one."""
        reach = (self.kernel_size[0] - 1) * self.dilation_rate[0] + 1
        return max(reach - self.strides[0], 0)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        steps = input_shape[1]
        more = self._beyond if self.padding == "valid" else 0
        length = None if steps is None else steps * self.strides[0] + more
        return (input_shape[0], length, self.filters)

    def output_lengths(self, lengths: Lengths) -> Lengths:
        return lengths * self.strides[0] + (self._beyond if self.padding == "valid" else 0)

    def _run(
        self, x: NDArray[Any], activation: Activation, mask: NDArray[Any] | None, tape: Tape
    ) -> NDArray[Any]:
        x = np.ascontiguousarray(without_padding(x, mask, tape))
        matrix = tape.take("matrix", (x.shape[2], self.kernel.size // x.shape[2]), x.dtype)
        matrix[...] = self._rows_of(self.kernel.value).T
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
        drows = tape.take("drows", rows.shape, rows.dtype)
        windows = self._windows.of(self.name, dz, tape)
        drows.reshape(windows.shape)[...] = windows
        dx = tape.take("dx", x.shape, x.dtype) if need_dx else None
        dmatrix = tape.take("dmatrix", matrix.shape, matrix.dtype)
        _core.dense_backward(x, matrix, rows, drows, dx, dmatrix, None, "linear", tape.scratch)
        self._rows_of(self.kernel.grad)[...] = dmatrix.T
        return None if dx is None else clear_padding(dx, mask)

    @staticmethod
    def _rows_of(kernel: NDArray[Any]) -> NDArray[Any]:
        """Return a view of the kernel with one row for each number that a step adds."""
        return kernel.reshape(-1, kernel.shape[2])
