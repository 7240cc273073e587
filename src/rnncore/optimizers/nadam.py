"""Nadam."""

from __future__ import annotations

import math

import numpy as np

from rnncore.optimizers.base import Array, ByMoments
from rnncore.optimizers.blockwise import BlockwiseOptimizer


class Nadam(ByMoments, BlockwiseOptimizer):
    """Adam that looks ahead along its momentum, as Nesterov does.

    With ``m`` and ``v`` of :class:`Adam`, ``u_t = beta_1 * (1 - 0.96**t / 2)`` and ``U_t`` the
    product of ``u_1`` to ``u_t``, step ``t`` is ``p -= lr * n / (sqrt(v / (1 - beta_2**t)) +
    epsilon)`` with ``n = u_{t+1} / (1 - U_{t+1}) * m + (1 - u_t) / (1 - U_t) * g``.

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
    >>> from rnncore.optimizers import Nadam
    >>> Nadam(0.01).learning_rate
    0.01
    """

    _slot_order = ("momentum", "velocity")
    # A step, and the product of the shares up to it.
    _product = (0, 1.0)

    def _prepare(self, rate: float) -> None:
        t = self.iterations + 1
        before, done = self._product
        if before != t - 1:  # resumed from a file
            done = math.prod(self._share(n) for n in range(1, t))
        done *= self._share(t)
        self._product = (t, done)
        ahead = self._share(t + 1)
        self._ahead = rate * ahead / (1 - done * ahead)
        self._now = rate * (1 - self._share(t)) / (1 - done)
        self._correction = 1 / (1 - self.beta_2**t)

    def _share(self, t: int) -> float:
        return self.beta_1 * (1 - 0.5 * 0.96**t)

    def _update_block(self, grad: Array, slots: list[Array], spare: list[Array]) -> Array:
        (momentum, velocity), (step, size) = slots, spare
        np.subtract(grad, momentum, out=step)
        step *= 1 - self.beta_1
        momentum += step
        np.square(grad, out=step)
        step -= velocity
        step *= 1 - self.beta_2
        velocity += step
        np.multiply(momentum, self._ahead, out=step)
        grad *= self._now
        step += grad
        np.multiply(velocity, self._correction, out=size)
        np.sqrt(size, out=size)
        size += self.epsilon
        step /= size
        return step
