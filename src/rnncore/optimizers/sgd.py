"""Gradient descent."""

from __future__ import annotations

from rnncore import _core
from rnncore.optimizers.base import Flat, Optimizer
from rnncore.optimizers.schedules import LearningRateSchedule
from rnncore.utils._checks import check_flag, check_number


class SGD(Optimizer):
    """Gradient descent, optionally with momentum.

    ``p -= lr * g``; with momentum ``m = momentum * m - lr * g`` and ``p += m``, or, with
    ``nesterov``, ``p += momentum * m - lr * g``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.01
    momentum : float, default 0.0
        From 0 to 1.
    nesterov : bool, default False
    weight_decay, clipnorm, clipvalue, global_clipnorm : float, optional
        As in :class:`~rnncore.optimizers.Optimizer`.

    Examples
    --------
    >>> from rnncore.optimizers import SGD
    >>> SGD(0.1, momentum=0.9)
    SGD(learning_rate=0.1, momentum=0.9, nesterov=False)
    """

    _slot_order = ("momentum",)

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm)
        self.momentum = check_number("SGD", "momentum", momentum, low=0.0, high=1.0)
        self.nesterov = check_flag("SGD", "nesterov", nesterov)

    def _has_slot(self, name: str) -> bool:
        return self.momentum > 0

    def _update(self, rate: float, flat: Flat, clip: float) -> None:
        _core.optimizer_step("sgd", *flat, rate, self.momentum, self.nesterov, clip=clip)
