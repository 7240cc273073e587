"""Convolution over images."""

from __future__ import annotations

from typing import ClassVar

from rnncore.layers.convolutional.conv import Conv


class Conv2D(Conv):
    """A fully connected layer on windows that slide over rows and columns.

    Parameters
    ----------
    filters : int
        Size of the output's last axis.
    kernel_size : int or tuple of 2 ints
        Rows and columns of a window; here and below one number stands for both.
    strides : int or tuple of 2 ints, default 1
        Rows and columns from the start of a window to that of the next.
    padding : {"valid", "same"}, default "valid"
        "valid": windows lie within the image. "same": zeros on all sides, one output for each
        `strides` rows and columns.
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    dilation_rate : int or tuple of 2 ints, default 1
        Distance of the rows and columns in a window. Only one of it and `strides` may be above 1.
    groups : int, default 1
        Only 1 is supported so far.
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
        Applied to the weights after each step; see `rnncore.constraints`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        For an argument that is unknown, out of range or not supported yet, and when called on
        images that are smaller than a window has to be.

    Notes
    -----
    Weights: kernel ``(rows, columns, F, filters)``, bias ``(filters,)``. The input is
    ``(B, H, W, F)``; for image sequences ``(B, T, H, W, F)`` put it into a `TimeDistributed`.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Conv2D
    >>> Conv2D(8, 3, padding="same")(np.zeros((2, 16, 12, 3))).shape
    (2, 16, 12, 8)
    """

    rank: ClassVar[int] = 2
