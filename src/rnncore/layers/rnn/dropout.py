"""Dropout in recurrent layers: one draw for all steps of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import _core
from rnncore.utils.random import new_rng


class RecurrentDropout:
    """Factors, 0 or ``1 / (1 - rate)``, determined by a key and the number of the draw.

    Shallow copies of a layer share it, so that each draws different factors.
    """

    def __init__(self, seed: int | None) -> None:
        self.seed = seed
        self.key: int | None = None
        self.calls = 0

    def draw_seeds(self) -> None:
        """Choose a key if there is none yet."""
        if self.key is None:
            rng = new_rng() if self.seed is None else np.random.default_rng(self.seed)
            self.key = int(rng.integers(2**64, dtype=np.uint64))

    def factors(self, out: NDArray[Any], rate: float) -> NDArray[Any]:
        """Fill `out` with the factors of the next draw."""
        self.draw_seeds()
        self.calls = (self.calls + 1) % 2**32
        out.fill(1)
        _core.dropout(out, out, rate, self.key or 0, self.calls)
        return out
