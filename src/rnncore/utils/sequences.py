"""Pad sequences of different lengths to one array."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rnncore.utils._arrays import narrowed, plain_array, room_for
from rnncore.utils._checks import check_choice, check_count


def pad_sequences(
    sequences: Iterable[Any],
    maxlen: int | None = None,
    dtype: DTypeLike = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> NDArray[Any]:
    """Pad and cut sequences to one common length.

    Parameters
    ----------
    sequences : iterable of N sequences
        Each has shape ``(T_i,)`` or, if a step is an array, ``(T_i, ...)`` with a common trailing
        shape. Empty sequences are allowed.
    maxlen : int, optional
        Length of the result. Default: that of the longest sequence.
    dtype : dtype, default "int32"
        Use ``"float32"`` for real values; an integer dtype refuses fractions.
    padding : {"pre", "post"}, default "pre"
        Where a short sequence is padded.
    truncating : {"pre", "post"}, default "pre"
        Where a long sequence is cut.
    value : scalar or array of the shape of a step, default 0.0
        What to pad with.

    Returns
    -------
    ndarray of ``dtype``, shape ``(N, maxlen, ...)``

    Raises
    ------
    TypeError
        If ``sequences`` or an item has no length, an item is a masked array, not in native byte
        order or complex, ``maxlen`` is not an integer or ``dtype`` not a dtype.
    ValueError
        If there are no sequences, ``maxlen`` is below 1, ``padding`` or ``truncating`` is unknown,
        steps differ in shape, ``dtype`` cannot hold a value, or the result is too large to address.
    MemoryError
        If there is not enough memory for the result.

    Examples
    --------
    >>> from rnncore.utils import pad_sequences
    >>> pad_sequences([[1], [2, 3], [4, 5, 6]])
    array([[0, 0, 1],
           [0, 2, 3],
           [4, 5, 6]], dtype=int32)
    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2, padding="post")
    array([[1, 0],
           [2, 3],
           [5, 6]], dtype=int32)
    """
    check_choice("pad_sequences", "padding", padding, ("pre", "post"))
    check_choice("pad_sequences", "truncating", truncating, ("pre", "post"))
    items = _as_list(sequences)
    if not items:
        raise ValueError("pad_sequences: sequences: expected at least one sequence, got none")
    length = max(map(len, items))
    if maxlen is not None:
        length = check_count("pad_sequences", "maxlen", maxlen, "a positive integer or None")
    try:
        target: np.dtype[Any] = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"pad_sequences: dtype: expected a dtype, got {dtype!r}") from None
    arrays = [_as_array(item, target, index) for index, item in enumerate(items)]
    step_shape = next((array.shape[1:] for array in arrays if len(array)), ())

    fill = _cast(plain_array("pad_sequences: value", value), target, "value")
    if fill.ndim and fill.shape != step_shape:
        raise ValueError(
            f"pad_sequences: value: expected a scalar or shape {step_shape}, got shape {fill.shape}"
        )
    shape = (len(arrays), length, *step_shape)
    with room_for("pad_sequences: maxlen", length, shape, target.itemsize):
        result = np.empty(shape, target)
    result[...] = fill
    for index, array in enumerate(arrays):
        if not len(array):
            continue
        if array.shape[1:] != step_shape:
            raise ValueError(
                f"pad_sequences: sequences[{index}]: expected steps of shape {step_shape}, as in "
                f"the first sequence, got {array.shape[1:]}"
            )
        if len(array) > length:
            array = array[len(array) - length :] if truncating == "pre" else array[:length]
        if padding == "pre":
            result[index, length - len(array) :] = array
        else:
            result[index, : len(array)] = array
    return result


def _as_list(sequences: Iterable[Any]) -> list[Any]:
    if isinstance(sequences, (str, bytes)) or not hasattr(sequences, "__iter__"):
        raise TypeError(
            "pad_sequences: sequences: expected a list of sequences, "
            f"got {type(sequences).__name__}"
        )
    items = list(sequences)
    for index, item in enumerate(items):
        sized = isinstance(item, Sized) and not isinstance(item, (str, bytes))
        if not sized or getattr(item, "ndim", 1) == 0:  # an array without axes counts as sized
            raise TypeError(
                f"pad_sequences: sequences[{index}]: expected a sequence of numbers, got {item!r}"
            )
    return items


def _as_array(item: Any, target: np.dtype[Any], index: int) -> NDArray[Any]:
    name = f"sequences[{index}]"
    if len(item) == 0:
        return np.empty((0,), target)
    try:
        array = plain_array(f"pad_sequences: {name}", item)
    except ValueError:
        raise ValueError(
            f"pad_sequences: {name}: expected steps of one shape, got steps that differ"
        ) from None
    return _cast(array, target, name)


def _cast(array: NDArray[Any], target: np.dtype[Any], name: str) -> NDArray[Any]:
    """Convert to ``target``; refuse values that would be truncated, wrap around or overflow."""
    if array.dtype.kind == "c" and target.kind in "biuf":
        raise TypeError(f"pad_sequences: {name}: expected real numbers, got dtype {array.dtype}")
    if target.kind == "f" and array.dtype.kind in "biuf":
        return narrowed(f"pad_sequences: {name}", array, target)
    try:
        with np.errstate(invalid="ignore", over="ignore"):
            converted = array.astype(target)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"pad_sequences: {name}: expected values that fit {target}, got dtype {array.dtype}"
        ) from None
    if target.kind in "iu" and not np.array_equal(converted, array):
        wrong = np.asarray(array)[converted != array].reshape(-1)[0]
        raise ValueError(
            f"pad_sequences: {name}: expected values that fit {target}, got {wrong} "
            "(for real values pass dtype='float32')"
        )
    return converted
