"""Functions of arrays under Keras' names, mostly NumPy's own.

Keras programs use them in metrics. They take arrays and have no gradients; to write a loss,
subclass `rnncore.losses.Loss`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

_OF_NUMPY = """
abs absolute add all any arange argmax argmin argsort array average clip concatenate cos
count_nonzero cumsum diff divide dot equal exp expand_dims expm1 floor full full_like greater
greater_equal isfinite isnan less less_equal log log1p logical_and logical_not logical_or matmul max
maximum mean median min minimum mod multiply nan_to_num not_equal ones ones_like power prod ravel
repeat reshape round shape sign sin size sort sqrt square squeeze stack std subtract sum take tanh
tile transpose var where zeros zeros_like
"""


def cast(x: ArrayLike, dtype: DTypeLike) -> NDArray[Any]:
    """Return `x` as an array of another dtype.

    Examples
    --------
    >>> from rnncore import ops
    >>> ops.cast([0.2, 1.7], "int32")
    array([0, 1], dtype=int32)
    """
    return np.asarray(x).astype(dtype)


def convert_to_numpy(x: Any) -> NDArray[Any]:
    """Return numbers, or an object that holds some, as a new array.

    Examples
    --------
    >>> from rnncore import ops
    >>> ops.convert_to_numpy([1.0, 2.0])
    array([1., 2.])
    """
    return np.array(x)


def convert_to_tensor(x: Any, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """Return numbers as an array; here tensors are arrays.

    Examples
    --------
    >>> from rnncore import ops
    >>> ops.convert_to_tensor([1, 2], dtype="float32")
    array([1., 2.], dtype=float32)
    """
    return np.asarray(x, dtype)


def divide_no_nan(x1: ArrayLike, x2: ArrayLike) -> NDArray[Any]:
    """Return ``x1 / x2``, 0 where `x2` is 0.

    Examples
    --------
    >>> from rnncore import ops
    >>> ops.divide_no_nan([1.0, 2.0], [0.0, 4.0])
    array([0. , 0.5])
    """
    a, b = np.broadcast_arrays(x1, x2)
    kind = np.result_type(a, b, np.float32)
    return np.divide(a, b, out=np.zeros(a.shape, kind), where=b != 0)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in _OF_NUMPY.split()},
    **{own.__name__: own for own in (cast, convert_to_numpy, convert_to_tensor, divide_no_nan)},
}
