"""CSVLogger."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Collection
from typing import Any

import numpy as np

from rnncore.callbacks.base import Callback, Logs
from rnncore.utils._atomic import expect_writable, locked, replacing
from rnncore.utils._checks import check_flag


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
        if not isinstance(separator, str):
            raise TypeError(f"CSVLogger: separator: expected a character, got {separator!r}")
        if len(separator) != 1:
            raise ValueError(f"CSVLogger: separator: expected one character, got {separator!r}")
        self.sep = separator
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
