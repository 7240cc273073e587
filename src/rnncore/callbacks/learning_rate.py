"""Callbacks that set the learning rate: ReduceLROnPlateau and LearningRateScheduler."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from rnncore.callbacks.base import Callback, Logs
from rnncore.callbacks.monitors import MonitorCallback, say
from rnncore.utils._checks import check_number, check_type


class _SetsRate(Callback):
    """Base of the callbacks that set the learning rate."""

    adds = ("learning_rate",)

    def expect_use(self, names: Collection[str] | None) -> None:
        super().expect_use(names)
        optimizer = self.model.optimizer
        try:
            optimizer.learning_rate = optimizer.learning_rate  # fails if a schedule decides it
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}: {error}") from None

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class ReduceLROnPlateau(_SetsRate, MonitorCallback):
    """Lower the learning rate when a monitored quantity stops improving.

    Adds ``"learning_rate"``, the rate used in the epoch, to the logs.

    Parameters
    ----------
    monitor : str, default "val_loss"
    factor : float, default 0.1
        Factor by which to multiply the learning rate; below 1.
    patience : int, default 10
        Epochs without improvement before the rate is lowered.
    verbose : int, default 0
        1 prints a message.
    mode : {"auto", "min", "max"}, default "auto"
    min_delta : float, default 1e-4
        Smallest change that counts as an improvement.
    cooldown : int, default 0
        Epochs to ignore after a reduction.
    min_lr : float, default 0.0
        Lower bound of the learning rate.

    Raises
    ------
    TypeError, ValueError
        See `MonitorCallback`. `fit` raises TypeError at its start if a schedule decides the
        learning rate.

    Warns
    -----
    RuntimeWarning
        If the logs lack the quantity.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.callbacks import ReduceLROnPlateau
    >>> from rnncore.layers import Dense
    >>> model = Sequential([Dense(1, input_shape=(2,))])
    >>> model.compile("sgd", "mse")
    >>> x, y = np.zeros((4, 2)), np.zeros((4, 1))  # a loss of 0 from the start
    >>> reduce = ReduceLROnPlateau("loss", factor=0.5, patience=2)
    >>> model.fit(x, y, epochs=5, verbose=0, callbacks=[reduce]).history["learning_rate"]
    [0.01, 0.01, 0.01, 0.005, 0.005]
    """

    kept = ("best", "cooldown_counter", "wait")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, None, min_delta)
        owner = "ReduceLROnPlateau"
        self.factor = check_number(owner, "factor", factor, low=0, high=1, open_high=True)
        self.patience = check_number(owner, "patience", patience, low=0)
        self.verbose = verbose
        self.cooldown = int(check_number(owner, "cooldown", cooldown, low=0))
        self.min_lr = check_number(owner, "min_lr", min_lr, low=0)
        self.cooldown_counter = 0
        self.wait = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        super().on_epoch_end(epoch, logs)
        current = self.current(logs or {}, "this epoch does not count")
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def in_cooldown(self) -> bool:
        """Whether epochs are currently ignored."""
        return self.cooldown_counter > 0

    def _reduce(self, epoch: int) -> None:
        optimizer = self.model.optimizer
        if optimizer.learning_rate <= self.min_lr:
            return
        optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
        if self.verbose:
            say(f"\nEpoch {epoch + 1}: reducing the learning rate to {optimizer.learning_rate:g}")
        self.cooldown_counter = self.cooldown
        self.wait = 0


class LearningRateScheduler(_SetsRate):
    """Set the learning rate before every epoch by a function.

    Adds ``"learning_rate"`` to the logs.

    Parameters
    ----------
    schedule : callable
        ``f(epoch, learning_rate)`` or ``f(epoch)``, returns the learning rate as a float. Epochs
        count from 0.
    verbose : int, default 0
        1 prints a message.

    Raises
    ------
    TypeError
        If `schedule` cannot be called with one or two arguments; at the start of `fit`, if a
        schedule of the optimizer decides the learning rate; in `fit`, if `schedule` does not return
        a float.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.callbacks import LearningRateScheduler
    >>> from rnncore.layers import Dense
    >>> model = Sequential([Dense(1, input_shape=(2,))])
    >>> model.compile("sgd", "mse")
    >>> halve = LearningRateScheduler(lambda epoch, rate: rate / 2)
    >>> history = model.fit(
    ...     np.ones((4, 2)), np.ones((4, 1)), epochs=3, verbose=0, callbacks=[halve]
    ... )
    >>> history.history["learning_rate"]
    [0.005, 0.0025, 0.00125]
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule = check_type(
            "LearningRateScheduler", "schedule", schedule, Callable, "a function"
        )
        self.verbose = verbose
        self._takes_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        optimizer = self.model.optimizer
        arguments = (epoch, optimizer.learning_rate) if self._takes_rate else (epoch,)
        rate = self.schedule(*arguments)
        expected, kinds = "a function that returns a float", (float, np.floating)
        check_type("LearningRateScheduler", "schedule", rate, kinds, expected)
        optimizer.learning_rate = rate
        if self.verbose:
            say(f"\nEpoch {epoch + 1}: setting the learning rate to {rate:g}")


def _takes_two(function: Callable[..., Any]) -> bool:
    try:
        signature = inspect.signature(function)
    except ValueError:  # a C function without a signature
        return True
    for arguments in ((0, 0.0), (0,)):
        with contextlib.suppress(TypeError):
            signature.bind(*arguments)
            return len(arguments) == 2
    raise TypeError(
        "LearningRateScheduler: schedule: expected a function of (epoch, learning_rate) or "
        f"(epoch), got one of {signature}"
    )
