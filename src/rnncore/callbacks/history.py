"""The history as a callback."""

from __future__ import annotations

from typing import Any

from rnncore.callbacks.base import Callback, Logs
from rnncore.training import history


class History(history.History, Callback):
    """Loss and metrics of every epoch of a `fit`; what `fit` returns is one.

    Given to `fit` as a callback it keeps them too, those of several trainings one after the other.

    Parameters
    ----------
    params : dict, optional
        What is known of the run; see `Callback`.

    Attributes
    ----------
    history : dict of str to list of float
        One list a quantity, one entry an epoch: ``"loss"``, the metrics, and each with the
        prefix ``"val_"`` where there was validation.
    epoch : list of int
        Numbers of the epochs of the last training, from 0.
    validation_epoch : list of int
        Those after which there was validation.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.callbacks import History
    >>> from rnncore.layers import Dense
    >>> model = Sequential([Dense(1, input_shape=(2,))])
    >>> model.compile("sgd", "mse")
    >>> seen, x, y = History(), np.ones((4, 2)), np.ones((4, 1))
    >>> returned = model.fit(x, y, epochs=3, verbose=0, callbacks=[seen])
    >>> seen.history == returned.history, isinstance(returned, History)
    (True, True)
    """

    def __init__(self, params: dict[str, Any] | None = None) -> None:
        super().__init__(params)

    def on_train_begin(self, logs: Logs = None) -> None:
        self.epoch, self.validation_epoch = [], []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self.add(epoch, {name: float(value) for name, value in (logs or {}).items()})
