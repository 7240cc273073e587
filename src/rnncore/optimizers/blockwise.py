"""Optimizers in NumPy, a block of the parameters at a time: those that have no kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncore.optimizers.base import Array, Optimizer
from rnncore.optimizers.clipping import Piece

# Elements of parameters, gradient and state that are worked on at once: they stay in the cache.
BLOCK = 1 << 13


class BlockwiseOptimizer(Optimizer):
    """Base of the optimizers that give their equation as `_update_block`."""

    _scratch: Array | None = None

    def _update(self, params: Array, grads: Array, pieces: list[Piece]) -> None:
        self._prepare()
        if self._scratch is None:
            self._scratch = np.empty((3, BLOCK), params.dtype)
        with np.errstate(all="ignore"):  # what is not finite shows in the loss
            for start, stop, scale, decay in pieces:
                for first in range(start, stop, BLOCK):
                    part = slice(first, min(first + BLOCK, stop))
                    grad, *spare = self._scratch[:, : part.stop - first]
                    grad[...] = grads[part]
                    if self.clipvalue is not None:
                        np.clip(grad, -self.clipvalue, self.clipvalue, out=grad)
                    if scale != 1.0:
                        grad *= scale
                    param = params[part]
                    if decay:
                        np.subtract(param, np.multiply(param, decay, out=spare[0]), out=param)
                    slots = [slot[part] for slot in self.slots.values()]
                    param -= self._update_block(grad, slots, spare)

    def _prepare(self) -> None:
        """Compute what all blocks of the step have in common."""

    def _update_block(self, grad: Array, slots: list[Array], spare: list[Array]) -> Array:
        """Renew the slots, return what is taken off the parameters; `grad` may be overwritten.

        `slots` come in the order of `_slot_names`; `spare` are two arrays to work in.
        """
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_scratch": None}
