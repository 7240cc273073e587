"""Convolution over images."""

from __future__ import annotations

from typing import ClassVar

from rnncore.layers.convolutional.conv import Conv


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
