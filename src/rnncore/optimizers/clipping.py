"""Norms of gradients and the factors that clip them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Stretch = tuple[int, int]
# Start, stop and the factor for the gradient in between.
Piece = tuple[int, int, float]


def clip_scales(
    grads: Array,
    weights: list[Stretch],
    runs: list[Stretch],
    clipnorm: float | None,
    global_clipnorm: float | None,
) -> list[Piece]:
    """Return the stretches to update, each with the factor for its gradient.

    ``clipnorm`` needs one factor for each of ``weights``; everything else has one for all and goes
    over the longer ``runs``.
    """
    if clipnorm is not None:
        return [(start, stop, _scale(norm(grads[start:stop]), clipnorm)) for start, stop in weights]
    scale = 1.0
    if global_clipnorm is not None:
        total = math.hypot(*(norm(grads[start:stop]) for start, stop in runs))
        # An infinite norm makes NaN of all gradients, so that no weight seems fine.
        scale = _scale(total, global_clipnorm) if math.isfinite(total) else math.nan
    return [(start, stop, scale) for start, stop in runs]


def norm(values: Array) -> float:
    """Return the Euclidean norm of a flat array, also where its squares overflow."""
    squares = _sum_of_squares(values)
    if math.isfinite(squares):
        return math.sqrt(squares)
    largest = max(float(values.max()), -float(values.min()))
    if not math.isfinite(largest):
        return largest
    return largest * math.sqrt(_sum_of_squares(values / largest))


def _sum_of_squares(values: Array) -> float:
    # BLAS splits longer vectors among its threads, and then the result depends on their number.
    blocks = (values[start : start + 8192] for start in range(0, values.size, 8192))
    return sum(float(np.vdot(block, block)) for block in blocks)


def _scale(size: float, limit: float) -> float:
    """Return ``limit / max(size, limit)``; NaN for NaN."""
    return limit / size if not size <= limit else 1.0
