"""TerminateOnNaN."""

from __future__ import annotations

import math

from rnncore.callbacks.base import Callback, Logs
from rnncore.callbacks.monitor import say
from rnncore.utils._checks import check_flag


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
