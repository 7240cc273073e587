"""Callbacks that record a training: in memory, in a file, and the norms of its gradients."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncore import _core
from rnncore.callbacks.base import Callback, Logs
from rnncore.utils._checks import check_choice, check_flag, check_type
from rnncore.utils._files import expect_writable, locked, plot_module, replacing, save_figure

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
        names = [name for name in self.history if not name.startswith("val_")]
        size = (4.8 * len(names), 3.6)
        # Use pyplot, which needs a display, only to show the figure.
        name = "matplotlib.pyplot" if path is None else "matplotlib.figure"
        module = plot_module("History.plot", name)
        figure = (module.figure if path is None else module.Figure)(figsize=size)
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


class CSVLogger(Callback):
    """Write the results of every epoch to a file of comma-separated values.

    The columns are the epoch, counted from 0, and the logs of the first epoch in alphabetical
    order; a missing value is ``NA``. Each row is written in one piece when its epoch ends, so a
    killed program leaves only complete rows. If two trainings write to one path at the same time,
    the file of the one that began last remains; with `append` it has the rows of both.

    Parameters
    ----------
    filename : str or path
    separator : str, default ","
        One character.
    append : bool, default False
        Whether to append to an existing file; otherwise a new file replaces it.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type. `fit` raises OSError before training if the file cannot
        be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.callbacks import CSVLogger
    >>> from rnncore.layers import Dense
    >>> model = Sequential([Dense(1, input_shape=(2,))])
    >>> model.compile("sgd", "mse")
    >>> x, y = np.zeros((4, 2)), np.zeros((4, 1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "log.csv"
    ...     _ = model.fit(x, y, epochs=2, verbose=0, callbacks=[CSVLogger(path)])
    ...     print(path.read_text())
    epoch,loss,val_loss
    0,0.0,NA
    1,0.0,NA
    <BLANKLINE>
    """

    _file: Any = None  # on the class, for __del__ after the constructor has raised

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        self.filename = os.fspath(filename)
        self.sep = check_type("CSVLogger", "separator", separator, str, "a character")
        if len(separator) != 1:
            raise ValueError(f"CSVLogger: separator: expected one character, got {separator!r}")
        self.append = check_flag("CSVLogger", "append", append)
        self.keys: list[str] | None = None

    def expect_use(self, names: Collection[str] | None) -> None:
        if not self.append:
            expect_writable("CSVLogger: filename", self.filename)

    def on_train_begin(self, logs: Logs = None) -> None:
        self.keys = None
        self._close()
        if self.append:
            self._file = io.FileIO(self.filename, "a")
            return
        # A new file instead of truncating the old one, so that another training writing to this
        # path does not mix its rows with these.
        with replacing(self.filename) as file:
            self._file = io.FileIO(file.name, "a")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        logs = {} if logs is None else logs
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):
                self.keys += [f"val_{key}" for key in self.keys]
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self.sep)
        with locked(self._file):
            if os.fstat(self._file.fileno()).st_size == 0:
                writer.writerow(["epoch", *self.keys])
            writer.writerow([epoch, *(_cell(logs.get(key, "NA")) for key in self.keys)])
            self._file.write(text.getvalue().encode())

    def on_train_end(self, logs: Logs = None) -> None:
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    __del__ = _close


def _cell(value: Any) -> Any:
    if isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value) > 0:
        return f'"[{", ".join(map(str, value))}]"'
    return value


class GradientNorms(Callback):
    """Record the norm of every layer's gradient.

    Norms that shrink towards 0 from layer to layer indicate vanishing gradients, norms that jump
    exploding ones. They are taken over a layer's whole gradient, before any clipping.

    Parameters
    ----------
    per : {"epoch", "batch"}, default "epoch"
        Whether to keep the mean over the batches of an epoch, or the norm of every batch.

    Attributes
    ----------
    norms : dict of str to list of float
        By layer name, one entry per epoch or batch. Layers without trainable weights are left out.
        `fit` starts with empty lists.

    Raises
    ------
    ValueError
        If `per` has any other value.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.callbacks import GradientNorms
    >>> from rnncore.layers import LSTM, Dense
    >>> model = Sequential([LSTM(4, input_shape=(5, 2)), Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> monitor = GradientNorms()
    >>> _ = model.fit(
    ...     np.ones((8, 5, 2)), np.ones((8, 1)), epochs=3, verbose=0, callbacks=[monitor]
    ... )
    >>> [len(norms) for norms in monitor.norms.values()]  # of each layer
    [3, 3]
    """

    kept = ("norms",)

    def __init__(self, per: str = "epoch") -> None:
        self.per = check_choice("GradientNorms", "per", per, ("epoch", "batch"))
        self.norms: dict[str, list[float]] = {}
        self._epoch: dict[str, list[float]] = {}

    def on_train_begin(self, logs: Logs = None) -> None:
        self.norms = {}

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = {}

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        kept = self.norms if self.per == "batch" else self._epoch
        for layer in self.model.layers:
            norms = [_core.norm(weight.grad.reshape(-1)) for weight in layer.trainable_weights]
            if norms:
                kept.setdefault(layer.name, []).append(math.hypot(*norms))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        for name, norms in self._epoch.items():
            self.norms.setdefault(name, []).append(sum(norms) / len(norms))
