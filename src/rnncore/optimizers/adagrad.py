"""Adagrad."""

from __future__ import annotations

import numpy as np

from rnncore.optimizers.base import Array
from rnncore.optimizers.blockwise import BlockwiseOptimizer
from rnncore.optimizers.schedules import LearningRateSchedule
from rnncore.utils._checks import check_number


class Adagrad(BlockwiseOptimizer):
    """Steps divided by the root of the sum of all squared gradients so far.

    ``a += g**2`` and ``p -= lr * g / sqrt(a + epsilon)``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    initial_accumulator_value : float, default 0.1
        Initial value of the sum.
    epsilon : float, default 1e-7
    weight_decay, clipnorm, clipvalue, global_clipnorm : float, optional
        As in :class:`~rnncore.optimizers.Optimizer`.

    Examples
    --------
    >>> from rnncore.optimizers import Adagrad
    >>> Adagrad(0.1).initial_accumulator_value
    0.1
    """

    _slot_order = ("accumulator",)

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm)
        self.initial_accumulator_value = self._initial = check_number(
            "Adagrad", "initial_accumulator_value", initial_accumulator_value, low=0.0
        )
        self.epsilon = check_number("Adagrad", "epsilon", epsilon, low=0.0)

    def _update_block(self, grad: Array, slots: list[Array], spare: list[Array]) -> Array:
        (accumulator,), (root, _) = slots, spare
        accumulator += np.square(grad, out=root)
        np.add(accumulator, self.epsilon, out=root)
        np.sqrt(root, out=root)
        grad *= self._rate
        grad /= root
        return grad
