"""Conversions of data, under Keras' names: pad_sequences, to_categorical and normalize."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

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
    if isinstance(sequences, (str, bytes)) or not hasattr(sequences, "__iter__"):
        raise TypeError(
            "pad_sequences: sequences: expected a list of sequences, "
            f"got {type(sequences).__name__}"
        )
    try:
        target: np.dtype[Any] = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"pad_sequences: dtype: expected a dtype, got {dtype!r}") from None
    arrays = [_as_array(item, target, index) for index, item in enumerate(sequences)]
    if not arrays:
        raise ValueError("pad_sequences: sequences: expected at least one sequence, got none")
    length = max(map(len, arrays))
    if maxlen is not None:
        length = check_count("pad_sequences", "maxlen", maxlen, "a positive integer or None")
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
        start = length - len(array) if padding == "pre" else 0
        result[index, start : start + len(array)] = array
    return result


def _as_array(item: Any, target: np.dtype[Any], index: int) -> NDArray[Any]:
    name = f"sequences[{index}]"
    sized = isinstance(item, Sized) and not isinstance(item, (str, bytes))
    if not sized or getattr(item, "ndim", 1) == 0:  # an array without axes counts as sized
        raise TypeError(f"pad_sequences: {name}: expected a sequence of numbers, got {item!r}")
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
