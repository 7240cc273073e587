"""EarlyStopping."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from numpy.typing import NDArray

from rnncore.callbacks.base import Logs
from rnncore.callbacks.monitor import MonitorCallback, say
from rnncore.utils._checks import check_flag, check_number, warn


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
