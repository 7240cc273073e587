"""Callbacks that watch a training and step in: they end it, or set its learning rate."""

from __future__ import annotations

import contextlib
import inspect
import math
import re
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.callbacks.base import Callback, Logs
from rnncore.utils._checks import check_choice, check_flag, check_number, check_type, warn

_UP = ("acc", "accuracy", "auc", "precision", "recall", "f1", "score", "r2")
_DOWN = ("loss", "error", "crossentropy", "mse", "mae", "rmse", "huber", "divergence", "perplexity")


class MonitorCallback(Callback):
    """Base of the callbacks that monitor a quantity in the logs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        Its name in the logs.
    mode : {"auto", "min", "max"}, default "auto"
        Whether less or more is better. "auto" goes by the name: less for losses and errors, more
        for accuracies and scores.
    baseline : float, optional
        Value that the first one has to beat.
    min_delta : float, default 0
        Smallest change that counts as an improvement. The sign does not matter.

    Attributes
    ----------
    best : float or None
        The best value so far.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type, or "auto" does not know the name. At the start of `fit`,
        if the logs will not have the quantity (unless your own callbacks may add it).
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        baseline: float | None = None,
        min_delta: float = 0,
    ) -> None:
        owner = type(self).__name__
        if not isinstance(monitor, str) or not monitor:
            raise TypeError(f"{owner}: monitor: expected a name in the logs, got {monitor!r}")
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(check_number(owner, "min_delta", min_delta))
        self.best = None if baseline is None else check_number(owner, "baseline", baseline)
        self._rises = _rises(owner, monitor, mode)

    def expect_use(self, names: Collection[str] | None) -> None:
        if names is not None and self.monitor not in names:
            raise ValueError(
                f"{type(self).__name__}: monitor: expected one of {available(names)}, "
                f"got {self.monitor!r}"
            )

    def current(self, logs: dict[str, Any], otherwise: str) -> Any:
        """Return the quantity, or None with a warning that says what happens instead."""
        if self.monitor not in logs:
            warn(
                f"{type(self).__name__}: monitor: expected one of {available(logs)}, "
                f"got {self.monitor!r}; {otherwise}",
                RuntimeWarning,
            )
        return logs.get(self.monitor)

    def is_improvement(self, value: float, reference: float | None) -> bool:
        """Whether `value` is better than `reference` by more than ``min_delta``."""
        if reference is None:
            return True
        if self._rises:
            return bool(value - self.min_delta > reference)
        return bool(value + self.min_delta < reference)


def available(logs: Collection[str]) -> str:
    """Return the names in the logs, for warnings."""
    return ", ".join(logs) or "none"


def say(message: str) -> None:
    """Print a message of a callback with ``verbose=1``."""
    print(message, flush=True)


def _rises(owner: str, monitor: str, mode: str) -> bool:
    if check_choice(owner, "mode", mode, ("auto", "min", "max")) != "auto":
        return mode == "max"
    # As in "val_tags_accuracy", or "accuracy_1", which a second metric of the name becomes.
    words = re.sub(r"(_\d+)*$", "", monitor.lower().removeprefix("val_")).split("_")
    if words[-1] in _DOWN or "error" in words or "crossentropy" in words:
        return False
    if words[-1] in _UP or "accuracy" in words:
        return True
    raise ValueError(
        f"{owner}: mode: expected 'min' or 'max', since the name {monitor!r} does not say whether "
        "less or more is better, got 'auto'"
    )


class EarlyStopping(MonitorCallback):
    """Stop when a monitored quantity stops improving.

    Parameters
    ----------
    monitor : str, default "val_loss"
    min_delta : float, default 0
        Smallest change that counts as an improvement.
    patience : int, default 0
        Epochs without improvement after which training stops.
    verbose : int, default 0
        1 prints a message.
    mode : {"auto", "min", "max"}, default "auto"
    baseline : float, optional
        Value to beat; epochs that improve without beating it count as waiting.
    restore_best_weights : bool, default False
        Whether to restore the weights of the best epoch at the end.
    start_from_epoch : int, default 0
        Epochs before this one are ignored.

    Attributes
    ----------
    stopped_epoch : int
        Index of the last epoch; 0 if training was not stopped.
    best_epoch : int
    best, wait
        Best value so far, and epochs since then.

    Raises
    ------
    TypeError, ValueError
        See `MonitorCallback`.

    Warns
    -----
    RuntimeWarning
        If the logs lack the quantity, or `fit` ends before `start_from_epoch`.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.callbacks import EarlyStopping
    >>> from rnncore.layers import Dense
    >>> model = Sequential([Dense(1, input_shape=(2,))])
    >>> model.compile("sgd", "mse")
    >>> x, y = np.zeros((4, 2)), np.zeros((4, 1))  # a loss of 0 from the start
    >>> stop = EarlyStopping("loss", patience=3)
    >>> len(model.fit(x, y, epochs=100, verbose=0, callbacks=[stop]).epoch)
    4
    """

    kept = ("wait", "stopped_epoch", "best_epoch", "best", "best_weights")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, None, min_delta)
        owner = "EarlyStopping"
        self.patience = check_number(owner, "patience", patience, low=0)
        self.verbose = verbose
        self.baseline = None if baseline is None else check_number(owner, "baseline", baseline)
        self.restore_best_weights = check_flag(owner, "restore_best_weights", restore_best_weights)
        self.start_from_epoch = check_number(owner, "start_from_epoch", start_from_epoch, low=0)
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best: float | None = None
        self.best_weights: list[NDArray[Any]] | None = None

    def expect_use(self, names: Collection[str] | None) -> None:
        super().expect_use(names)
        if self.start_from_epoch >= self.params["epochs"]:
            warn(
                f"EarlyStopping: start_from_epoch: expected less than the {self.params['epochs']} "
                f"epochs of fit, got {self.start_from_epoch:g}; no epoch counts",
                RuntimeWarning,
            )

    def on_train_begin(self, logs: Logs = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        current = self.current(logs or {}, "this epoch does not count")
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._remember(epoch)
        self.wait += 1
        if self.is_improvement(current, self.best):
            self.best = current
            self._remember(epoch)
            if self.baseline is None or self.is_improvement(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs = None) -> None:
        if self.verbose and self.stopped_epoch:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                say(f"Restoring the weights of epoch {self.best_epoch + 1}, the best")
            self.model.set_weights(self.best_weights)

    def _remember(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()


class TerminateOnNaN(Callback):
    """Stop as soon as the loss is NaN or infinite.

    Parameters
    ----------
    raise_error : bool, default False
        Whether to raise RuntimeError instead of stopping; `on_train_end` is not called then.

    Examples
    --------
    >>> from rnncore.callbacks import TerminateOnNaN
    >>> TerminateOnNaN().raise_error
    False
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = check_flag("TerminateOnNaN", "raise_error", raise_error)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"TerminateOnNaN: the loss is {loss} at batch {batch}")
        say(f"Batch {batch}: the loss is {loss}, training stops")
        self.model.stop_training = True


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
