"""What callbacks that monitor a quantity share."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rnncore.callbacks.base import Callback
from rnncore.utils._checks import check_number, warn

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
    if mode in ("min", "max"):
        return mode == "max"
    if mode != "auto":
        raise ValueError(f"{owner}: mode: expected 'auto', 'min' or 'max', got {mode!r}")
    # As in "val_tags_accuracy", or "accuracy_1", which a second metric of the name becomes.
    words = monitor.lower().removeprefix("val_").split("_")
    while words and words[-1].isdigit():
        words.pop()
    last = words[-1] if words else ""
    if last in _DOWN or "error" in words or "crossentropy" in words:
        return False
    if last in _UP or "accuracy" in words:
        return True
    raise ValueError(
        f"{owner}: mode: expected 'min' or 'max', since the name {monitor!r} does not say whether "
        "less or more is better, got 'auto'"
    )
