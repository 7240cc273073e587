"""Learning rates that depend on the number of steps done."""

from __future__ import annotations

import bisect
import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any

from rnncore.utils._checks import check_flag, check_name, check_number, check_optional_number
from rnncore.utils._config import Configurable


class LearningRateSchedule(Configurable):
    """Base of the schedules: a subclass defines ``__call__`` and ``get_config``.

    Every optimizer takes one as its `learning_rate` and evaluates it before each step.
    """

    def __call__(self, step: int) -> float:
        """Return the learning rate after `step` steps."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method __call__")

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.own_arguments().items() if k != "name")
        return f"{type(self).__name__}({arguments})"


class _Falling(LearningRateSchedule):
    """Base of the schedules that fall over a number of steps."""

    def __init__(self, initial_learning_rate: float, decay_steps: float, name: Any) -> None:
        owner = type(self).__name__
        check = functools.partial(check_number, owner, low=0)
        self.initial_learning_rate = check("initial_learning_rate", initial_learning_rate)
        self.decay_steps = check("decay_steps", decay_steps, open_low=True)
        self.name = check_name(owner, name, owner)


class _InStages(_Falling):
    """Base of the schedules that may fall in stages."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        owner = type(self).__name__
        super().__init__(initial_learning_rate, decay_steps, name)
        self.decay_rate = check_number(owner, "decay_rate", decay_rate, low=0)
        self.staircase = check_flag(owner, "staircase", staircase)

    def _share(self, step: int) -> float:
        share = step / self.decay_steps
        return math.floor(share) if self.staircase else share


class ExponentialDecay(_InStages):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : float
        Number of steps after which the rate has been multiplied by `decay_rate` once; above 0.
    decay_rate : float
    staircase : bool, default False
        Whether to round the exponent down, so that the rate falls in stages.
    name : str, default "ExponentialDecay"

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or is out of range.

    Examples
    --------
    >>> from rnncore.optimizers import Adam
    >>> from rnncore.optimizers.schedules import ExponentialDecay
    >>> schedule = ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)
    >>> schedule(0), schedule(200)
    (0.1, 0.025)
    >>> Adam(schedule).learning_rate
    0.1
    """

    def __call__(self, step: int) -> float:
        return self.initial_learning_rate * self.decay_rate ** self._share(step)


class PiecewiseConstantDecay(LearningRateSchedule):
    """A constant rate in each of several ranges of steps.

    Parameters
    ----------
    boundaries : sequence of int
        Ascending. ``values[0]`` holds up to and including step ``boundaries[0]``, ``values[1]`` up
        to ``boundaries[1]``, and the last one after the last boundary.
    values : sequence of float
        One more than boundaries.
    name : str, default "PiecewiseConstant"

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or length, or is out of range.

    Examples
    --------
    >>> from rnncore.optimizers.schedules import PiecewiseConstantDecay
    >>> schedule = PiecewiseConstantDecay([100, 200], [0.1, 0.05, 0.01])
    >>> schedule(100), schedule(101), schedule(1000)
    (0.1, 0.05, 0.01)
    """

    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"
    ) -> None:
        owner = "PiecewiseConstantDecay"
        check = functools.partial(check_number, owner)
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"{owner}: values: expected one more than boundaries, {len(boundaries) + 1}, "
                f"got {len(values)}"
            )
        self.boundaries = [check(f"boundaries[{i}]", value) for i, value in enumerate(boundaries)]
        if any(low >= high for low, high in itertools.pairwise(self.boundaries)):
            raise ValueError(f"{owner}: boundaries: expected rising numbers, got {boundaries!r}")
        self.values = [check(f"values[{i}]", value, low=0) for i, value in enumerate(values)]
        self.name = check_name(owner, name, "PiecewiseConstant")

    def __call__(self, step: int) -> float:
        return self.values[bisect.bisect_left(self.boundaries, step)]


class CosineDecay(_Falling):
    """A rate that falls along half a cosine, optionally after a linear rise.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : float
        Number of steps of the fall, without those of the rise; above 0.
    alpha : float, default 0.0
        Final rate, as a fraction of the rate it falls from.
    name : str, default "CosineDecay"
    warmup_target : float, optional
        Rate at the end of a linear rise from `initial_learning_rate`; None for no rise.
    warmup_steps : float, default 0
        Number of steps of that rise.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or is out of range.

    Examples
    --------
    >>> from rnncore.optimizers.schedules import CosineDecay
    >>> schedule = CosineDecay(0.0, decay_steps=100, warmup_target=0.5, warmup_steps=10)
    >>> [round(schedule(step), 3) for step in (0, 5, 10, 60, 110, 1000)]
    [0.0, 0.25, 0.5, 0.25, 0.0, 0.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        owner = "CosineDecay"
        super().__init__(initial_learning_rate, decay_steps, name)
        self.alpha = check_number(owner, "alpha", alpha, low=0)
        self.warmup_target = check_optional_number(owner, "warmup_target", warmup_target, low=0)
        self.warmup_steps = check_number(owner, "warmup_steps", warmup_steps, low=0)

    def __call__(self, step: int) -> float:
        start, done = self.initial_learning_rate, float(step)
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return start + (self.warmup_target - start) * (step / self.warmup_steps)
            start, done = self.warmup_target, step - self.warmup_steps
        share = min(done / self.decay_steps, 1.0)
        fallen = 0.5 * (1.0 + math.cos(math.pi * share))
        return start * ((1.0 - self.alpha) * fallen + self.alpha)


class PolynomialDecay(_Falling):
    """A rate that falls along a power of the remaining fraction of the steps.

    ``(initial_learning_rate - end_learning_rate) * (1 - step / decay_steps)**power +
    end_learning_rate``; constant after `decay_steps`.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : float
        Above 0.
    end_learning_rate : float, default 0.0001
    power : float, default 1.0
        1: a straight line.
    cycle : bool, default False
        Whether to continue with the smallest multiple of `decay_steps` that is at least the step,
        instead of staying constant.
    name : str, default "PolynomialDecay"

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or is out of range.

    Examples
    --------
    >>> from rnncore.optimizers.schedules import PolynomialDecay
    >>> schedule = PolynomialDecay(0.5, decay_steps=100, end_learning_rate=0.25)
    >>> schedule(0), schedule(50), schedule(1000)
    (0.5, 0.375, 0.25)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        owner = "PolynomialDecay"
        super().__init__(initial_learning_rate, decay_steps, name)
        self.end_learning_rate = check_number(owner, "end_learning_rate", end_learning_rate, low=0)
        self.power = check_number(owner, "power", power)
        self.cycle = check_flag(owner, "cycle", cycle)

    def __call__(self, step: int) -> float:
        whole = self.decay_steps
        if self.cycle:
            whole *= max(1, math.ceil(step / self.decay_steps))
        left = 1.0 - min(step, whole) / whole
        fall = self.initial_learning_rate - self.end_learning_rate
        return fall * left**self.power + self.end_learning_rate


class InverseTimeDecay(_InStages):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : float
        Above 0.
    decay_rate : float
    staircase : bool, default False
        Whether to round ``step / decay_steps`` down, so that the rate falls in stages.
    name : str, default "InverseTimeDecay"

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or is out of range.

    Examples
    --------
    >>> from rnncore.optimizers.schedules import InverseTimeDecay
    >>> schedule = InverseTimeDecay(0.5, decay_steps=10, decay_rate=1.0)
    >>> schedule(0), schedule(10), schedule(30)
    (0.5, 0.25, 0.125)
    """

    def __call__(self, step: int) -> float:
        return self.initial_learning_rate / (1 + self.decay_rate * self._share(step))


class CosineDecayRestarts(LearningRateSchedule):
    """A rate that falls along half a cosine repeatedly, each time for longer.

    Parameters
    ----------
    initial_learning_rate : float
    first_decay_steps : float
        Number of steps of the first fall; above 0.
    t_mul : float, default 2.0
        Ratio of the length of each fall to the one before; at least 1.
    m_mul : float, default 1.0
        Ratio of the starting rate of each fall to the one before.
    alpha : float, default 0.0
        The lowest rate, as a fraction of the initial one.
    name : str, default "SGDRDecay"

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or is out of range.

    Examples
    --------
    >>> from rnncore.optimizers.schedules import CosineDecayRestarts
    >>> schedule = CosineDecayRestarts(0.5, first_decay_steps=10)
    >>> [round(schedule(step), 3) for step in (0, 5, 10, 20, 30)]
    [0.5, 0.25, 0.5, 0.25, 0.5]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        owner = "CosineDecayRestarts"
        check = functools.partial(check_number, owner, low=0)
        self.initial_learning_rate = check("initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = check("first_decay_steps", first_decay_steps, open_low=True)
        self.t_mul = check("t_mul", t_mul, low=1)
        self.m_mul = check("m_mul", m_mul)
        self.alpha = check("alpha", alpha)
        self.name = check_name(owner, name, "SGDRDecay")

    def __call__(self, step: int) -> float:
        share = step / self.first_decay_steps
        if self.t_mul == 1:
            falls = math.floor(share)
            share -= falls
        else:
            # Number of completed falls: as many as fit, their lengths being 1 + t_mul + ...
            falls = math.floor(math.log(1 - share * (1 - self.t_mul)) / math.log(self.t_mul))
            before = (1 - self.t_mul**falls) / (1 - self.t_mul)
            share = (share - before) / self.t_mul**falls
        fallen = 0.5 * self.m_mul**falls * (1.0 + math.cos(math.pi * share))
        return self.initial_learning_rate * ((1.0 - self.alpha) * fallen + self.alpha)
