"""Masks of rows of different lengths: they know the lengths, so that layers can carry them on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.tape import Tape

Lengths = NDArray[np.intp]


class LengthMask(np.ndarray[Any, np.dtype[np.bool_]]):
    """A mask (B, T), True for the first steps of each row, so many as `lengths` says.

    What NumPy makes of one, as by ``&`` or ``[:, ::-1]``, knows no lengths.
    """

    lengths: Lengths | None = None


def mask_of(lengths: Lengths, steps: int, out: NDArray[np.bool_] | None = None) -> LengthMask:
    """Return the mask (B, steps) of rows of these lengths."""
    mask = np.less(np.arange(steps), lengths[:, None], out=out).view(LengthMask)
    mask.lengths = lengths
    return mask


def lengths_of(mask: Any) -> Lengths | None:
    """Return the lengths of the rows, None for a mask that was made otherwise."""
    return mask.lengths if isinstance(mask, LengthMask) else None


def narrowed_mask(mask: NDArray[np.bool_] | None, real: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where both are True; the mask itself where `real` takes nothing away from it."""
    if mask is None:
        return real
    return mask if not (mask & ~real).any() else mask & real


def joint_mask(masks: Sequence[NDArray[np.bool_] | None]) -> LengthMask | None:
    """Return the mask of the longest rows, None where a mask that is given knows no lengths."""
    given = [mask for mask in masks if mask is not None]
    lengths = [found for mask in given if (found := lengths_of(mask)) is not None]
    if not given or len(lengths) < len(given):
        return None
    return mask_of(np.maximum.reduce(lengths), max(mask.shape[1] for mask in given))


def clear_padding(x: NDArray[Any], mask: Any, value: float = 0.0) -> NDArray[Any]:
    """Write `value` behind the end of each row and return x; a mask without lengths changes none.

    By a copy and not by a product, as NaN may stand there.
    """
    if lengths_of(mask) is not None:
        np.copyto(x, value, where=~mask.reshape(mask.shape + (1,) * (x.ndim - 2)))
    return x


def without_padding(x: NDArray[Any], mask: Any, tape: Tape, value: float = 0.0) -> NDArray[Any]:
    """Return x, or a copy with `value` behind the end of each row where the mask has lengths."""
    if lengths_of(mask) is None:
        return x
    copy = tape.take("without padding", x.shape, x.dtype)
    copy[...] = x
    return clear_padding(copy, mask, value)
