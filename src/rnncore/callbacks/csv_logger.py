"""CSVLogger."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from rnncore.callbacks.base import Callback, Logs
from rnncore.utils._checks import check_flag


class CSVLogger(Callback):
    """Write the results of every epoch to a file of comma-separated values.

    The columns are the epoch, counted from 0, and the logs of the first epoch in alphabetical
    order; ``NA`` stands where an epoch lacks one. A row is written in one piece when its epoch
    ends, and the file is open only meanwhile: whatever ends the program leaves whole rows.

    Parameters
    ----------
    filename : str or path
    separator : str, default ","
        One character.
    append : bool, default False
        Whether to go on below what the file holds; else it is emptied first.

    Raises
    ------
    TypeError, ValueError
        For arguments of another kind; `fit` raises OSError when the file cannot be written.

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

    def on_train_begin(self, logs: Logs = None) -> None:
        self.keys = None
        # Shows before anything is trained whether the file can be written.
        with open(self.filename, "a" if self.append else "w", encoding="utf-8"):
            pass

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        logs = {} if logs is None else logs
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):
                self.keys += [f"val_{key}" for key in self.keys]
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self.sep)
        if Path(self.filename).stat().st_size == 0:
            writer.writerow(["epoch", *self.keys])
        writer.writerow([epoch, *(_cell(logs.get(key, "NA")) for key in self.keys)])
        with open(self.filename, "a", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())


def _cell(value: Any) -> Any:
    if isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value) > 0:
        return f'"[{", ".join(map(str, value))}]"'
    return value
