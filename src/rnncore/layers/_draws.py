"""The random numbers that a layer draws in training."""

from __future__ import annotations

import numpy as np

from rnncore.utils.random import new_rng

Draw = tuple[int, int]  # a key and the number of the draw, which determine what is drawn


class Draws:
    """Draws that follow from a key and their number, so that training can resume from both.

    Shallow copies of a layer share them, so that each draws different numbers.
    """

    def __init__(self, seed: int | None) -> None:
        self.seed = seed
        self.key: int | None = None
        self.calls = 0

    def choose_key(self) -> int:
        """Return the key, which is chosen if there is none yet."""
        if self.key is None:
            rng = new_rng() if self.seed is None else np.random.default_rng(self.seed)
            self.key = int(rng.integers(2**64, dtype=np.uint64))
        return self.key

    def next(self) -> Draw:
        """Count one more draw and return it."""
        self.calls = (self.calls + 1) % 2**32
        return self.choose_key(), self.calls
