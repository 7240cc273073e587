"""Optimizers that divide each step by the size of earlier gradients."""

from __future__ import annotations

import numpy as np

from rnncore import _core
from rnncore.optimizers.base import Array, BlockwiseOptimizer, Flat, Optimizer
from rnncore.optimizers.schedules import LearningRateSchedule
from rnncore.utils._checks import check_flag, check_number


class RMSprop(Optimizer):
    """Steps divided by a running root mean square of the gradient.

    ``v = rho * v + (1 - rho) * g**2`` and ``d = lr * g / sqrt(v + epsilon)``; ``centered``
    subtracts the square of the running mean of ``g`` from ``v`` under the root. Then ``p -= d``, or
    with momentum ``m = momentum * m + d`` and ``p -= m``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    rho : float, default 0.9
        From 0 to 1.
    momentum : float, default 0.0
        From 0 to 1.
    epsilon : float, default 1e-7
    centered : bool, default False
    weight_decay, clipnorm, clipvalue, global_clipnorm : float, optional
        As in :class:`~rnncore.optimizers.Optimizer`.

    Examples
    --------
    >>> from rnncore.optimizers import RMSprop
    >>> RMSprop(clipnorm=1.0).rho
    0.9
    """

    _slot_order = ("velocity", "momentum", "average_gradient")

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm)
        self.rho = check_number("RMSprop", "rho", rho, low=0.0, high=1.0)
        self.momentum = check_number("RMSprop", "momentum", momentum, low=0.0, high=1.0)
        self.epsilon = check_number("RMSprop", "epsilon", epsilon, low=0.0)
        self.centered = check_flag("RMSprop", "centered", centered)

    def _has_slot(self, name: str) -> bool:
        return {"momentum": self.momentum > 0, "average_gradient": self.centered}.get(name, True)

    def _update(self, rate: float, flat: Flat, clip: float) -> None:
        _core.optimizer_step(
            "rmsprop",
            *flat,
            rate,
            self.momentum,
            beta_2=self.rho,
            epsilon=self.epsilon,
            clip=clip,
        )


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
