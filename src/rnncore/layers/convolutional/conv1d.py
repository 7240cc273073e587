"""Convolution over time."""

from __future__ import annotations

from typing import ClassVar

from rnncore.layers.convolutional.conv import Conv


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
