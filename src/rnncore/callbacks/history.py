"""What `fit` returns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncore.callbacks.base import Callback, Logs
from rnncore.utils._atomic import save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class History(Callback):
    """Loss and metrics of every epoch, as returned by `fit`.

    It is also a callback, which then collects the results of several trainings.

    Parameters
    ----------
    params : dict, optional
        Parameters of the run; see `Callback`.

    Attributes
    ----------
    history : dict of str to list of float
        One list per quantity, with one entry per epoch: ``"loss"``, the metrics, and with
        validation each of them with the prefix ``"val_"``.
    epoch : list of int
        Epochs of the last training, counted from 0.
    validation_epoch : list of int
        Those followed by a validation.

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
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []
        self.validation_epoch: list[int] = []
        self.params = dict(params or {})

    def on_train_begin(self, logs: Logs = None) -> None:
        self.epoch, self.validation_epoch = [], []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self.add(epoch, {name: float(value) for name, value in (logs or {}).items()})

    def add(self, epoch: int, logs: dict[str, float]) -> None:
        """Append the results of an epoch."""
        self.epoch.append(epoch)
        if any(name.startswith("val_") for name in logs):
            self.validation_epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def plot(self, path: str | Path | None = None) -> Figure:
        """Draw every quantity over the epochs, training and validation together.

        Parameters
        ----------
        path : str or Path, optional
            File to write; its suffix determines the format.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is no epoch to draw.
        """
        if not self.epoch:
            raise ValueError("History.plot: expected at least one finished epoch, got none")
        try:
            from matplotlib import pyplot
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ImportError(
                "History.plot needs matplotlib: pip install 'rnncore[plot]'"
            ) from error
        names = [name for name in self.history if not name.startswith("val_")]
        size = (4.8 * len(names), 3.6)
        # Use pyplot, which needs a display, only to show the figure.
        figure = pyplot.figure(figsize=size) if path is None else Figure(figsize=size)
        for number, name in enumerate(names, start=1):
            axes = figure.add_subplot(1, len(names), number)
            for key, label, epochs in (
                (name, "training", self.epoch),
                (f"val_{name}", "validation", self.validation_epoch),
            ):
                if key in self.history:
                    axes.plot([epoch + 1 for epoch in epochs], self.history[key], label=label)
            axes.set_xlabel("epoch")
            axes.set_ylabel(name)
            axes.legend()
        figure.tight_layout()
        if path is not None:
            save_figure(figure, path)
        return figure

    def __repr__(self) -> str:
        return f"<History epochs={len(self.epoch)} keys={list(self.history)}>"
