"""Adamax."""

from __future__ import annotations

import numpy as np

from rnncore.optimizers.base import Array, ByMoments
from rnncore.optimizers.blockwise import BlockwiseOptimizer


class Adamax(ByMoments, BlockwiseOptimizer):
    """Adam with a running maximum of the gradient instead of its root mean square.

    ``m += (1 - beta_1) * (g - m)``, ``u = max(beta_2 * u, |g|)``, and in step ``t``
    ``p -= lr / (1 - beta_1**t) * m / (u + epsilon)``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    beta_1 : float, default 0.9
        At least 0 and below 1.
    beta_2 : float, default 0.999
        At least 0 and below 1.
    epsilon : float, default 1e-7
    weight_decay, clipnorm, clipvalue, global_clipnorm : float, optional
        As in :class:`~rnncore.optimizers.Optimizer`.

    Examples
    --------
    >>> from rnncore.optimizers import Adamax
    >>> Adamax().beta_2
    0.999
    """

    _slot_order = ("momentum", "norm")

    def _prepare(self, rate: float) -> None:
        self._rate = rate / (1 - self.beta_1 ** (self.iterations + 1))

    def _update_block(self, grad: Array, slots: list[Array], spare: list[Array]) -> Array:
        (momentum, norm), (step, size) = slots, spare
        np.subtract(grad, momentum, out=step)
        step *= 1 - self.beta_1
        momentum += step
        norm *= self.beta_2
        np.maximum(norm, np.abs(grad, out=size), out=norm)
        np.multiply(momentum, self._rate, out=step)
        np.add(norm, self.epsilon, out=size)
        step /= size
        return step
