"""Masks that know the lengths of their rows, so that layers can pass these on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.tape import Tape

Lengths = NDArray[np.intp]


class LengthMask(np.ndarray[Any, np.dtype[np.bool_]]):
    """A mask (B, T), True for the first ``lengths[i]`` steps of row i.

    Arrays that NumPy derives from one, as by ``&`` or ``[:, ::-1]``, have no lengths.
    """

    lengths: Lengths | None = None


def mask_of(lengths: Lengths, steps: int, out: NDArray[np.bool_] | None = None) -> LengthMask:
    """Return the mask (B, steps) of rows of these lengths."""
    mask = np.less(np.arange(steps), lengths[:, None], out=out).view(LengthMask)
    mask.lengths = lengths
    return mask


def lengths_of(mask: Any) -> Lengths | None:
    """Return the lengths of the rows, or None for any other mask."""
    return mask.lengths if isinstance(mask, LengthMask) else None


def narrowed_mask(mask: NDArray[np.bool_] | None, real: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where both are True; the mask itself if `real` removes nothing from it."""
    if mask is None:
        return real
    return mask if not (mask & ~real).any() else mask & real


def joint_mask(masks: Sequence[NDArray[np.bool_] | None]) -> LengthMask | None:
    """Return the mask of the longest rows, or None if one of the masks has no lengths."""
    given = [mask for mask in masks if mask is not None]
    lengths = [found for mask in given if (found := lengths_of(mask)) is not None]
    if not given or len(lengths) < len(given):
        return None
    return mask_of(np.maximum.reduce(lengths), max(mask.shape[1] for mask in given))


def clear_padding(x: NDArray[Any], mask: Any, value: float = 0.0) -> NDArray[Any]:
    """Write `value` past the end of each row and return x; without lengths nothing changes.

    Copies rather than multiplies, since the padding may hold NaN.
    """
    if lengths_of(mask) is not None:
        np.copyto(x, value, where=~beside(mask, x))
    return x


def beside(mask: NDArray[Any], x: NDArray[Any]) -> NDArray[Any]:
    """Return a mask, which has the leading axes of x, with as many axes as x."""
    return mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim))


def without_padding(x: NDArray[Any], mask: Any, tape: Tape, value: float = 0.0) -> NDArray[Any]:
    """Return x, or if the mask has lengths a copy with `value` past the end of each row."""
    if lengths_of(mask) is None:
        return x
    return clear_padding(tape.copied("without padding", x), mask, value)
