"""normalize: arrays of vectors of length 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def normalize(x: ArrayLike, axis: int = -1, order: int = 2) -> NDArray[Any]:
    """Divide by the norms along an axis; vectors of zeros stay.

    Parameters
    ----------
    x : array_like
    axis : int, default -1
    order : int, default 2
        Of the norm: 2 for the length, 1 for the sum of absolute values.

    Returns
    -------
    ndarray, of the shape of `x`
        Of one axis, a row is put before it, as in Keras.

    Raises
    ------
    ValueError
        For an axis that is not there.

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
