"""Adam and its variants."""

from __future__ import annotations

import math

import numpy as np

from rnncore import _core
from rnncore.optimizers.base import Array, BlockwiseOptimizer, ByMoments, Flat
from rnncore.optimizers.schedules import LearningRateSchedule
from rnncore.utils._checks import check_flag
from rnncore.utils._config import passed_on


class Adam(ByMoments):
    """Steps from running means of the gradient and of its square.

    ``m += (1 - beta_1) * (g - m)``, ``v += (1 - beta_2) * (g**2 - v)``, and in step ``t`` ``p -= lr
    * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)``; with ``amsgrad`` the last
    term uses the largest ``v`` so far.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    beta_1 : float, default 0.9
        At least 0 and below 1.
    beta_2 : float, default 0.999
        At least 0 and below 1.
    epsilon : float, default 1e-7
    amsgrad : bool, default False
    weight_decay, clipnorm, clipvalue, global_clipnorm : float, optional
        As in :class:`~rnncore.optimizers.Optimizer`.

    Examples
    --------
    >>> from rnncore.optimizers import Adam
    >>> optimizer = Adam(0.01, global_clipnorm=1.0)
    >>> optimizer.learning_rate
    0.01
    """

    _slot_order = ("momentum", "velocity", "velocity_max")

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
    ) -> None:
        super().__init__(**passed_on(locals(), "amsgrad"))
        self.amsgrad = check_flag(self.name, "amsgrad", amsgrad)

    def _has_slot(self, name: str) -> bool:
        return self.amsgrad or name != "velocity_max"

    def _update(self, rate: float, flat: Flat, clip: float) -> None:
        t = self.iterations + 1
        params, grads, slots, pieces = flat  # a call with * takes longer
        _core.optimizer_step(
            "adam",
            params,
            grads,
            slots,
            pieces,
            rate * (math.sqrt(1.0 - self.beta_2**t) / (1.0 - self.beta_1**t)),
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            clip=clip,
        )


class AdamW(Adam):
    """Adam with decoupled weight decay.

    Before the update of :class:`Adam`, ``p -= learning_rate * weight_decay * p`` for the weights
    that decay.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    weight_decay : float, default 0.004
    beta_1, beta_2, epsilon, amsgrad
        As in :class:`Adam`.
    clipnorm, clipvalue, global_clipnorm : float, optional
        As in :class:`~rnncore.optimizers.Optimizer`.

    Examples
    --------
    >>> from rnncore.optimizers import AdamW
    >>> AdamW().weight_decay
    0.004
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
    ) -> None:
        if weight_decay is None:
            raise ValueError("AdamW: weight_decay: expected a finite number >= 0, got None")
        super().__init__(**passed_on(locals()))


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
