"""Pooling over windows of images and over whole images."""

from __future__ import annotations

from rnncore.layers.pooling.global_pooling import GlobalAveragePooling, GlobalMaxPooling
from rnncore.layers.pooling.pooling1d import AveragePooling, MaxPooling


class MaxPooling2D(MaxPooling):
    """Maximum of each feature in every window of rows and columns.

    Parameters
    ----------
    pool_size : int or tuple of 2 ints, default 2
        Rows and columns of a window; one number applies to both.
    strides : int or tuple of 2 ints, optional
        Rows and columns between the starts of neighbouring windows; default: `pool_size`.
    padding : {"valid", "same"}, default "valid"
        "valid": windows lie within the image. "same": one output for each `strides`
        rows and columns.
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown or out of range, or an image is smaller than a window.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import MaxPooling2D
    >>> image = np.array([[[1.0], [3.0]], [[2.0], [0.0]]])
    >>> MaxPooling2D(2)(image[None]).ravel()
    array([3.], dtype=float32)
    """

    rank = 2


class AveragePooling2D(AveragePooling):
    """Mean of each feature in every window of rows and columns.

    Parameters
    ----------
    pool_size : int or tuple of 2 ints, default 2
        Rows and columns of a window; one number applies to both.
    strides : int or tuple of 2 ints, optional
        Rows and columns between the starts of neighbouring windows; default: `pool_size`.
    padding : {"valid", "same"}, default "valid"
        "valid": windows lie within the image. "same": one output for each `strides` rows and
        columns, the mean of the elements of its window that exist.
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown or out of range, or an image is smaller than a window.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import AveragePooling2D
    >>> image = np.array([[[1.0], [3.0]], [[2.0], [0.0]]])
    >>> AveragePooling2D(2)(image[None]).ravel()
    array([1.5], dtype=float32)
    """

    rank = 2


class GlobalMaxPooling2D(GlobalMaxPooling):
    """Maximum of each feature over a whole image.

    Parameters
    ----------
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    keepdims : bool, default False
        Whether the output is ``(B, 1, 1, F)`` instead of ``(B, F)``.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown or out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import GlobalMaxPooling2D
    >>> GlobalMaxPooling2D()(np.array([[[[1.0], [3.0]], [[2.0], [0.0]]]]))
    array([[3.]], dtype=float32)
    """

    rank = 2


class GlobalAveragePooling2D(GlobalAveragePooling):
    """Mean of each feature over a whole image.

    Parameters
    ----------
    data_format : {None, "channels_last"}
        Only features on the last axis are supported so far.
    keepdims : bool, default False
        Whether the output is ``(B, 1, 1, F)`` instead of ``(B, F)``.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown or out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import GlobalAveragePooling2D
    >>> GlobalAveragePooling2D()(np.array([[[[1.0], [3.0]], [[2.0], [0.0]]]]))
    array([[1.5]], dtype=float32)
    """

    rank = 2
