"""Sequences of different lengths as one array, and batches of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._arguments import numeric_array
from rnncore.layers._lengths import mask_of
from rnncore.layers.tape import Buffers
from rnncore.utils._arrays import RAGGED, room_for

Array = NDArray[Any]


class Ragged:
    """N sequences, concatenated in one array.

    Parameters
    ----------
    values : ndarray, shape (steps + 1, ...)
        All steps, then a row of zeros that pads batches.
    starts, lengths : ndarray of int, shape (N,)
        Where each sequence begins in `values`, and how many steps it has.
    """

    def __init__(self, values: Array, starts: NDArray[np.intp], lengths: NDArray[np.intp]) -> None:
        self.values = values
        self.starts = starts
        self.lengths = lengths

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def shape(self) -> tuple[Any, ...]:
        """``(N, None, ...)``."""
        return (len(self), None, *self.values.shape[1:])

    def __getitem__(self, rows: slice) -> Ragged:
        return Ragged(self.values, self.starts[rows], self.lengths[rows])

    def converted(self, argument: str, convert: Callable[[Array], Array]) -> Ragged:
        """Return the sequences with their values converted, in a single call of `convert`.

        If only some sequences are wrong, the error names the place.
        """
        try:
            values = np.ascontiguousarray(convert(self.values[None])[0])
        except (TypeError, ValueError) as of_all:

            def error(start: int, steps: int) -> TypeError | ValueError | None:
                try:
                    convert(self.values[None, start : start + steps])
                except (TypeError, ValueError) as found:
                    return found
                return None

            ends = list(zip(self.starts.tolist(), self.lengths.tolist(), strict=True))
            wrong = [steps > 0 and error(start, steps) is not None for start, steps in ends]
            if all(wrong) or not any(wrong):
                raise
            row = wrong.index(True)
            start, steps = ends[row]
            errors = ((step, error(start + step, 1)) for step in range(steps))
            step, found = next(((step, one) for step, one in errors if one), (0, of_all))
            place, text = f"{argument}[{row}][{step}]", str(found).removesuffix(" at [0, 0]")
            inside = re.sub(rf"(^|: ){re.escape(argument)}: ", rf"\1{place}: ", text, count=1)
            raise type(found)(inside if inside != text else f"{place}: {text}") from None
        return Ragged(values, self.starts, self.lengths)

    def padded(
        self, rows: Array | slice, buffers: Buffers, name: str
    ) -> tuple[Array, NDArray[np.bool_] | None]:
        """Return some sequences ``(B, T, ...)`` with zeros behind, and which steps are real.

        `T` is the longest of their lengths. Both lie in `buffers`; the mask is None where all
        steps are real.
        """
        lengths = self.lengths[rows]
        steps = max(1, int(lengths.max()))
        shape = (len(lengths), steps)
        out = buffers.take(name, (*shape, *self.values.shape[1:]), self.values.dtype)
        index = buffers.take(f"{name} index", shape, np.intp)
        mask = buffers.take(f"{name} mask", shape, np.bool_)
        step = np.arange(steps)
        np.add(self.starts[rows][:, None], step, out=index)
        np.greater_equal(step, lengths[:, None], out=mask)
        np.copyto(index, len(self.values) - 1, where=mask)
        # mode="clip" writes straight into out; the default buffers it to undo errors.
        np.take(self.values, index, axis=0, out=out, mode="clip")
        if int(lengths.min()) == steps:
            return out, None
        return out, mask_of(lengths, steps, out=mask)


def is_ragged(value: Any) -> bool:
    """Whether `value` is a list of sequences that are not all of one length."""
    if not isinstance(value, (list, tuple)):
        return False
    try:
        lengths = {len(item) for item in value if not isinstance(item, (str, bytes, dict))}
    except TypeError:  # numbers, or arrays without an axis
        return False
    return len(lengths) > 1


def array_or_ragged(argument: str, value: Any) -> Array | Ragged:
    """Return `value` as a numeric array, or as sequences if their lengths differ.

    Raises
    ------
    TypeError, ValueError
        If something is not numeric, or steps differ in shape.
    """
    if str(getattr(value, "dtype", "")) == "object" and value.ndim == 1:
        value = list(value)  # an array of lists, or a pandas column of them
    if not is_ragged(value):
        return numeric_array(argument, value)
    parts = [
        numeric_array(f"{argument}[{index}]", item) if len(item) else np.empty(0)
        for index, item in enumerate(value)
    ]
    step = next(part.shape[1:] for part in parts if len(part))
    for index, part in enumerate(parts):
        if len(part) and part.shape[1:] != step:
            raise ValueError(
                f"{argument}[{index}]: expected steps of shape {step}, as in the first sequence, "
                f"got {part.shape[1:]}"
            )
    lengths = np.array([len(part) for part in parts], np.intp)
    real = [part for part in parts if len(part)]
    dtype = np.result_type(*{part.dtype for part in real})
    total = int(lengths.sum())
    with room_for(argument, f"{total} steps", (total + 1, *step), dtype.itemsize):
        # As result_type has chosen the dtype, nothing is lost.
        values = np.concatenate([*real, np.zeros((1, *step))], dtype=dtype, casting="unsafe")
    return Ragged(values, np.cumsum(lengths) - lengths, lengths)


def each(argument: str, array: Array | Ragged, convert: Callable[[Array], Array]) -> Array | Ragged:
    """Return `array` converted; `convert` gets all steps of sequences as one sample."""
    return array.converted(argument, convert) if isinstance(array, Ragged) else convert(array)


def rectangular(argument: str, parts: Sequence[Array | Ragged]) -> tuple[Array, ...]:
    """Return arrays, or raise ValueError if there are sequences of different lengths."""
    arrays = tuple(part for part in parts if not isinstance(part, Ragged))
    if len(arrays) < len(parts):
        raise ValueError(f"{argument}: expected a rectangular array, got {RAGGED}")
    return arrays
