"""Optimizers without a kernel, in NumPy, one block of parameters at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rnncore.optimizers.base import Array, Flat, Optimizer

# Number of elements per block, chosen so that parameters, gradient and state stay in the cache.
BLOCK = 1 << 13


class BlockwiseOptimizer(Optimizer):
    """Base of the optimizers that define their equation in `_update_block`."""

    _scratch: Array | None = None

    def _update(self, rate: float, flat: Flat, clip: float) -> None:
        params, grads, slots, pieces = flat
        self._prepare(rate)
        if self._scratch is None:
            self._scratch = np.empty((3, BLOCK), params.dtype)
        with np.errstate(all="ignore"):  # anything not finite shows in the loss
            for start, stop, scale, decay in pieces:
                for first in range(start, stop, BLOCK):
                    part = slice(first, min(first + BLOCK, stop))
                    grad, *spare = self._scratch[:, : part.stop - first]
                    grad[...] = grads[part]
                    if clip < math.inf:
                        np.clip(grad, -clip, clip, out=grad)
                    if scale != 1.0:
                        grad *= scale
                    param = params[part]
                    if decay:
                        np.subtract(param, np.multiply(param, decay, out=spare[0]), out=param)
                    parts = [slot[part] for slot in slots if slot is not None]
                    param -= self._update_block(grad, parts, spare)

    def _prepare(self, rate: float) -> None:
        """Compute what all blocks of a step of size `rate` have in common."""
        self._rate = rate

    def _update_block(self, grad: Array, slots: list[Array], spare: list[Array]) -> Array:
        """Update the slots and return what to subtract from the parameters; may overwrite `grad`.

        `spare` are two arrays to work in.
        """
        raise NotImplementedError(f"{type(self).__name__}: expected a method _update_block")

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_scratch": None}
