"""RMSprop."""

from __future__ import annotations

from rnncore import _core
from rnncore.optimizers.base import Flat, Optimizer
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
