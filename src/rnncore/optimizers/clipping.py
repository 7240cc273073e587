"""Norms of gradients and the factors that clip them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from rnncore import _core

Array = NDArray[Any]
# Start and stop of weights, and whether they decay.
Stretch = tuple[int, int, bool]
# Start, stop, gradient factor, and the fraction by which weights decay.
Piece = tuple[int, int, float, float]


def clip_scales(
    grads: Array,
    stretches: Sequence[Stretch],
    clipnorm: float | None,
    global_clipnorm: float | None,
) -> list[float]:
    """Return the gradient factor of each stretch: its own with ``clipnorm``, else a common one."""
    norms = (_core.norm(grads[start:stop]) for start, stop, _ in stretches)
    if clipnorm is not None:
        return [_scale(size, clipnorm) for size in norms]
    scale = 1.0
    if global_clipnorm is not None:
        total = math.hypot(*norms)
        # An infinite norm turns all gradients into NaN, so that no weight looks fine.
        scale = _scale(total, global_clipnorm) if math.isfinite(total) else math.nan
    return [scale] * len(stretches)


def _scale(size: float, limit: float) -> float:
    """Return ``limit / max(size, limit)``; NaN for NaN."""
    return limit / size if not size <= limit else 1.0
