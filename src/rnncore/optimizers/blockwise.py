"""Optimizers in NumPy, a block of the parameters at a time: those that have no kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncore.optimizers.base import Array, Optimizer
from rnncore.optimizers.clipping import Piece
from rnncore.optimizers.schedules import LearningRateSchedule
from rnncore.utils._checks import check_number

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
        raise NotImplementedError(f"{type(self).__name__}: expected a method _update_block")

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_scratch": None}


class BlockwiseByMoments(BlockwiseOptimizer):
    """Base of those with a running mean of the gradient and one of its size."""

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm)
        self.beta_1 = check_number(self.name, "beta_1", beta_1, low=0.0, high=1.0, open_high=True)
        self.beta_2 = check_number(self.name, "beta_2", beta_2, low=0.0, high=1.0, open_high=True)
        self.epsilon = check_number(self.name, "epsilon", epsilon, low=0.0)
