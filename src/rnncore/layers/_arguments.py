"""Checks of the layers' arguments, arrays, shapes and axes."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.layers.graph.symbolic import SymbolicTensor
from rnncore.utils._arrays import RAGGED, plain_array
from rnncore.utils._checks import check_count
from rnncore.utils._config import constructor_arguments, unknown_argument

# Arguments that steer only how Keras computes, never what: any value gives the same network.
_WITHOUT_EFFECT = frozenset({"implementation", "use_cudnn"})
# Arguments of Keras' Dense and Embedding that are not there yet.
ADAPTED: dict[str, Any] = {"lora_rank": None, "lora_alpha": None, "quantization_config": None}


def reject_unsupported(cls: type, arguments: Mapping[str, Any], neutral: Mapping[str, Any]) -> None:
    """Raise for every extra argument of the class `cls` that would change the result.

    `neutral` maps each argument that Keras has and this library lacks to the one value that changes
    nothing. Any other argument is unknown.
    """
    owner = cls.__name__
    for argument, value in arguments.items():
        if argument in _WITHOUT_EFFECT and argument in neutral:
            continue
        if argument not in neutral:
            raise unknown_argument(owner, argument, constructor_arguments(cls), neutral)
        expected = neutral[argument]
        same = value is expected if expected is None else value == expected
        if not same:
            raise ValueError(
                f"{owner}: {argument}: expected {expected!r} (no other value is supported yet), "
                f"got {value!r}"
            )


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
    return table.to_numpy(np.float64, na_value=np.nan)  # dtypes of pandas' own


def check_mask(owner: str, mask: Any, shape: tuple[int | None, ...]) -> Any:
    """Return `mask`, a bool array or a symbolic tensor, checked against an input of `shape`.

    Its axes are the leading ones of the input, at least (B, T), without the features.
    """
    array = mask if isinstance(mask, SymbolicTensor) else plain_array(f"{owner}: mask", mask)
    if not isinstance(mask, SymbolicTensor) and array.dtype != np.bool_:
        raise TypeError(f"{owner}: mask: expected dtype bool, got {array.dtype}")
    rank = len(array.shape)
    fits = len(shape) >= 2 and 2 <= rank <= max(2, len(shape) - 1)
    if not fits or not all(map(may_equal, array.shape, shape)):
        raise ValueError(f"{owner}: mask: expected shape {shape[:2]}, got {array.shape}")
    return array


def expect_constant(owner: str, constant: Any, shape: tuple[int | None, ...]) -> None:
    """Raise ValueError unless a constant broadcasts to an array of a shape, batch axis included.

    The constant has no batch axis, or one of size 1.
    """
    sizes = np.shape(constant)
    missing = len(shape) - len(sizes)
    full = (*(1,) * missing, *sizes)
    fits = missing >= 0 and full[:1] in ((), (1,))
    if not fits or any(n not in (1, m) and m is not None for n, m in zip(full, shape, strict=True)):
        raise ValueError(
            f"{owner}: x: expected an array that a constant of shape {sizes} fits, got shape "
            f"{tuple(shape)}"
        )


def feature_shape(owner: str, argument: str, value: Any) -> tuple[int | None, ...]:
    """Return a shape without its batch axis: positive ints, None where the size may vary."""
    if not isinstance(value, (tuple, list)) or not value:
        raise TypeError(
            f"{owner}: {argument}: expected a tuple such as (timesteps, features), got {value!r}"
        )
    return tuple(
        None if size is None else check_count(owner, f"{argument}[{axis}]", size)
        for axis, size in enumerate(value)
    )


def declared_shape(
    owner: str, input_shape: Any, batch_input_shape: Any, input_dim: Any, input_length: Any
) -> tuple[int | None, tuple[int | None, ...] | None]:
    """Return the batch size and the shape of a sample, in whichever spelling they were given."""
    given = {
        "input_shape": input_shape,
        "batch_input_shape": batch_input_shape,
        "input_dim": input_dim,
    }
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise ValueError(f"{owner}: expected one of {', '.join(names)}, got all of them")
    if input_length is not None and names != ["input_dim"]:
        raise ValueError(f"{owner}: input_length: expected together with input_dim only")
    if input_shape is not None:
        return None, feature_shape(owner, "input_shape", input_shape)
    if batch_input_shape is not None:
        return split_batch(owner, "batch_input_shape", batch_input_shape)
    if input_dim is None:
        return None, None
    features = check_count(owner, "input_dim", input_dim)
    if input_length is None:
        return None, (features,)
    return None, (check_count(owner, "input_length", input_length), features)


def split_batch(owner: str, argument: str, shape: Any) -> tuple[int | None, tuple[int | None, ...]]:
    """Return the batch size (None for any) and the shape of a sample."""
    if not isinstance(shape, (tuple, list)) or len(shape) < 2:
        raise ValueError(
            f"{owner}: {argument}: expected a batch size or None in front of the sizes of a "
            f"sample, got {shape!r}"
        )
    sizes = feature_shape(owner, argument, shape)
    return sizes[0], sizes[1:]


# The axes of sequences.
SEQUENCE = ("batch", "timesteps", "features")


def compatible(expected: tuple[int | None, ...], shape: tuple[int | None, ...]) -> bool:
    """Whether a shape has the declared sizes after the batch; None matches any.

    A declared batch size only applies to stateful layers, as in Keras.
    """
    return len(expected) == len(shape) and all(map(may_equal, expected[1:], shape[1:]))


def may_equal(one: int | None, other: int | None) -> bool:
    """Whether two sizes are equal; None matches any."""
    return one is None or other is None or one == other


def expect_axes(owner: str, shape: tuple[int | None, ...], axes: tuple[str, ...]) -> None:
    """Raise ValueError unless `shape` has the named axes."""
    if len(shape) != len(axes):
        flat = axes == SEQUENCE and len(shape) == 2
        hint = "; a recurrent layer below needs return_sequences=True" if flat else ""
        raise ValueError(
            f"{owner}: x: expected {len(axes)} axes ({', '.join(axes)}), got shape {shape}{hint}"
        )


def expect_channels_last(owner: str, data_format: Any) -> None:
    """Raise ValueError unless the features are on the last axis."""
    if data_format not in (None, "channels_last"):
        raise ValueError(
            f"{owner}: data_format: expected 'channels_last' or None (no other value is "
            f"supported yet), got {data_format!r}"
        )


def listed_axes(owner: str, axis: Any, name: str = "axis") -> tuple[int, ...]:
    """Return an axis, or a list of them, as a tuple of integers."""
    listed = axis if isinstance(axis, (list, tuple)) else [axis]
    if listed and not any(isinstance(one, (bool, np.bool_)) for one in listed):
        with contextlib.suppress(TypeError):
            return tuple(operator.index(one) for one in listed)
    raise TypeError(f"{owner}: {name}: expected an integer or a list of integers, got {axis!r}")


def axes_behind_batch(
    owner: str, axes: tuple[int, ...], shape: tuple[int | None, ...]
) -> tuple[int, ...]:
    """Return the axes sorted and non-negative; ValueError unless `shape` has known sizes there."""
    rank = len(shape)
    found = tuple(sorted(axis + rank if axis < 0 else axis for axis in axes))
    if found[0] < 1 or found[-1] >= rank or len(set(found)) < len(found):
        raise ValueError(
            f"{owner}: axis: expected different axes behind the batch of an input of shape "
            f"{shape}, got {', '.join(map(str, axes))}"
        )
    if any(shape[axis] is None for axis in found):
        raise ValueError(f"{owner}: x: expected known sizes of the axes {found}, got shape {shape}")
    return found


def one_for_each(
    owner: str, name: str, value: Any, count: int, *, least: int = 1
) -> tuple[int, ...]:
    """Return `count` integers from `least` up; one integer stands for all."""
    expected = f"{'a positive integer' if least else 'an integer >= 0'} or a tuple of {count}"
    values = value if isinstance(value, (tuple, list)) else [value] * count
    if len(values) != count:
        raise ValueError(f"{owner}: {name}: expected {expected}, got {value!r}")
    return tuple(check_count(owner, name, one, expected, least=least) for one in values)
