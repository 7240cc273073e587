"""Small conversions of arrays, under Keras' names: to_categorical and normalize."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.utils._arrays import plain_array, room_for
from rnncore.utils._checks import check_count

_LARGEST = 2**62  # below the largest int64, and far above any number of classes


def to_categorical(x: ArrayLike, num_classes: int | None = None) -> NDArray[np.float64]:
    """Turn class numbers into one-hot vectors.

    Parameters
    ----------
    x : array_like of int, any shape
        Class numbers from 0 to ``num_classes - 1``. A last axis of length 1 is dropped when there
        is another one before it.
    num_classes : int, optional
        Length of the vectors. Default: the largest class number plus one.

    Returns
    -------
    ndarray, float64, shape ``x.shape + (num_classes,)``

    Raises
    ------
    TypeError
        If ``x`` is not numeric, is a masked array or not in native byte order, or ``num_classes``
        is not an integer.
    ValueError
        If ``x`` holds fractions, NaN, negative numbers or numbers from ``num_classes`` up, is empty
        while ``num_classes`` is not given, or the result is too large to address.
    MemoryError
        If there is not enough memory for the result.

    Examples
    --------
    >>> from rnncore.utils import to_categorical
    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    """
    labels = _as_labels(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if num_classes is None:
        if labels.size == 0:
            raise ValueError(
                "to_categorical: num_classes: expected an integer when x is empty, got None"
            )
        classes = int(labels.max()) + 1
    else:
        classes = check_count("to_categorical", "num_classes", num_classes)
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        wrong = labels[(labels < 0) | (labels >= classes)][0]
        raise ValueError(
            f"to_categorical: x: expected class numbers from 0 to {classes - 1}, got {wrong}"
        )
    flat = labels.reshape(-1)
    argument, got = ("x", classes - 1) if num_classes is None else ("num_classes", classes)
    with room_for(f"to_categorical: {argument}", got, (flat.size, classes)):
        result = np.zeros((flat.size, classes))
    result[np.arange(flat.size), flat] = 1.0
    return result.reshape(*labels.shape, classes)


def _as_labels(x: ArrayLike) -> NDArray[np.int64]:
    array = plain_array("to_categorical: x", x)
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"to_categorical: x: expected integers, got dtype {array.dtype}")
    if array.dtype.kind == "f":
        whole = np.isfinite(array) & (array == np.trunc(array))
        if not whole.all():
            wrong = array[~whole].reshape(-1)[0]
            raise ValueError(f"to_categorical: x: expected whole numbers, got {wrong}")
    for extreme in (array.min(), array.max()):
        if abs(extreme) > _LARGEST:
            raise ValueError(
                f"to_categorical: x: expected class numbers from 0 to {_LARGEST}, got {extreme}"
            )
    return array.astype(np.int64)


def normalize(x: ArrayLike, axis: int = -1, order: int = 2) -> NDArray[Any]:
    """Divide by the norms along an axis; zero vectors stay zero.

    Parameters
    ----------
    x : array_like
    axis : int, default -1
    order : int, default 2
        Of the norm: 2 for the length, 1 for the sum of absolute values.

    Returns
    -------
    ndarray, of the shape of `x`
        An input with one axis becomes a single row, as in Keras.

    Raises
    ------
    ValueError
        If there is no such axis.

    Examples
    --------
    >>> from rnncore.utils import normalize
    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    array = np.atleast_1d(x)
    if not -array.ndim <= axis < array.ndim:
        raise ValueError(f"normalize: axis: expected one of {array.ndim} axes, got {axis}")
    norms = np.atleast_1d(np.linalg.norm(array, order, axis))
    norms[norms == 0] = 1
    quotient: NDArray[Any] = array / np.expand_dims(norms, axis)
    return quotient
