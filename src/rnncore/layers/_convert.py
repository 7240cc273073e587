"""Convert what a user passes to the arrays that a layer takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.layers.graph.symbolic import SymbolicTensor
from rnncore.utils._arrays import RAGGED, plain_array


def numeric_array(argument: str, value: ArrayLike, *, scalar: bool = False) -> NDArray[Any]:
    """Return `value` as a real numeric array with at least one axis, or any if `scalar`.

    Raises
    ------
    TypeError
        For strings, objects, complex numbers, dates, masked arrays and non-native byte order.
    ValueError
        For sequences of different lengths and for a single number.
    """
    array = plain_array(argument, value)
    if array.dtype == object and hasattr(value, "dtypes"):
        array = _of_columns(argument, value)
    if array.dtype == object and array.ndim == 0:
        raise TypeError(f"{argument}: expected a numeric array, got {type(value).__name__}")
    if array.dtype == object and any(np.ndim(item) for item in array.flat):
        raise ValueError(f"{argument}: expected a rectangular array, got {RAGGED}")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{argument}: expected a numeric array, got dtype {array.dtype}")
    if array.ndim == 0 and not scalar:
        raise ValueError(f"{argument}: expected an array of samples, got the number {array[()]}")
    return array


def _of_columns(argument: str, table: Any) -> NDArray[Any]:
    """Return a pandas frame or column, whose numbers may have several dtypes, as one array."""
    dtypes = list(table.dtypes) if table.ndim > 1 else [table.dtypes]
    if any(getattr(dtype, "kind", "O") not in "biuf" for dtype in dtypes):
        raise TypeError(
            f"{argument}: expected numeric columns, got dtypes {', '.join(map(str, dtypes))}; "
            "df.astype(float) converts columns that hold numbers"
        )
    if all(isinstance(dtype, np.dtype) for dtype in dtypes):
        return np.asarray(table, np.result_type(*dtypes))
    array: NDArray[Any] = table.to_numpy(np.float64, na_value=np.nan)  # dtypes of pandas' own
    return array


def check_mask(owner: str, mask: Any, shape: tuple[int | None, ...]) -> Any:
    """Return `mask`, a bool array or a symbolic tensor, checked against an input of `shape`.

    Its axes are the leading ones of the input, at least (B, T), without the features.
    """
    array = mask if isinstance(mask, SymbolicTensor) else plain_array(f"{owner}: mask", mask)
    if not isinstance(mask, SymbolicTensor) and array.dtype != np.bool_:
        raise TypeError(f"{owner}: mask: expected dtype bool, got {array.dtype}")
    rank = len(array.shape)
    fits = len(shape) >= 2 and 2 <= rank <= max(2, len(shape) - 1)
    if not fits or not all(
        a is None or b is None or a == b for a, b in zip(array.shape, shape, strict=False)
    ):
        raise ValueError(f"{owner}: mask: expected shape {shape[:2]}, got {array.shape}")
    return array
