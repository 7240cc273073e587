"""Adam, and Adam with decoupled weight decay."""

from __future__ import annotations

import math

from rnncore import _core
from rnncore.optimizers.base import ByMoments, Flat
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
        _core.optimizer_step(
            "adam",
            *flat,
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
