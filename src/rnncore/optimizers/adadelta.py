"""Adadelta."""

from __future__ import annotations

import numpy as np

from rnncore.optimizers.base import Array
from rnncore.optimizers.blockwise import BlockwiseOptimizer
from rnncore.optimizers.schedules import LearningRateSchedule
from rnncore.utils._checks import check_number


class Adadelta(BlockwiseOptimizer):
    """Steps scaled by the ratio of recent steps to recent gradients.

    ``a = rho * a + (1 - rho) * g**2``, ``d = sqrt(b + epsilon) / sqrt(a + epsilon) * g``,
    ``b = rho * b + (1 - rho) * d**2`` and ``p -= lr * d``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    rho : float, default 0.95
        From 0 to 1.
    epsilon : float, default 1e-7
    weight_decay, clipnorm, clipvalue, global_clipnorm : float, optional
        As in :class:`~rnncore.optimizers.Optimizer`.

    Examples
    --------
    >>> from rnncore.optimizers import Adadelta
    >>> Adadelta(1.0).rho
    0.95
    """

    _slot_order = ("accumulated_grad", "accumulated_delta_var")

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm)
        self.rho = check_number("Adadelta", "rho", rho, low=0.0, high=1.0)
        self.epsilon = check_number("Adadelta", "epsilon", epsilon, low=0.0)

    def _update_block(self, grad: Array, slots: list[Array], spare: list[Array]) -> Array:
        (squares, deltas), (one, other) = slots, spare
        squares *= self.rho
        np.square(grad, out=one)
        squares += np.multiply(one, 1 - self.rho, out=one)
        np.sqrt(np.add(deltas, self.epsilon, out=one), out=one)
        np.sqrt(np.add(squares, self.epsilon, out=other), out=other)
        grad *= one
        grad /= other
        deltas *= self.rho
        np.square(grad, out=one)
        deltas += np.multiply(one, 1 - self.rho, out=one)
        grad *= self._rate
        return grad
