"""BackupAndRestore."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.callbacks.base import Callback, Logs
from rnncore.saving.checkpoint import Checkpoint, save_checkpoint
from rnncore.utils._atomic import expect_writable
from rnncore.utils._checks import check_flag


class BackupAndRestore(Callback):
    """Resume training where a killed program stopped.

    Saves the state of the training after every epoch. A `fit` that finds it continues with the next
    epoch and ends with the same weights, bit for bit, as without the interruption. rnncore's other
    callbacks resume too; use the same callbacks and the same arguments of `fit`. The history starts
    with the first epoch that the resumed program trains.

    Parameters
    ----------
    backup_dir : str or path
        A folder used only by this training; made if missing.
    save_freq : "epoch", default "epoch"
        The only supported value, since the order of batches within an epoch is not saved.
    double_checkpoint : bool, default False
        Without effect: files are replaced as a whole, so the last one is always good.
    delete_checkpoint : bool, default True
        Whether to delete the file when `fit` is finished.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type. `fit` raises ValueError if the file is damaged or of a
        different model, and OSError if it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.callbacks import BackupAndRestore
    >>> from rnncore.layers import Dense
    >>> model = Sequential([Dense(1, input_shape=(2,))])
    >>> model.compile("adam", "mse")
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     backup = BackupAndRestore(folder, delete_checkpoint=False)
    ...     first = model.fit(x, y, epochs=2, verbose=0, callbacks=[backup])
    ...     model.fit(x, y, epochs=5, verbose=0, callbacks=[backup]).epoch
    [2, 3, 4]
    """

    comes_last = True

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        owner = "BackupAndRestore"
        self.backup_dir = os.fspath(backup_dir)
        if not self.backup_dir:
            raise ValueError(f"{owner}: backup_dir: expected a folder, got {backup_dir!r}")
        if save_freq != "epoch":
            raise ValueError(
                f"{owner}: save_freq: expected 'epoch' (no other value is supported), "
                f"got {save_freq!r}"
            )
        self.save_freq = save_freq
        self.double_checkpoint = check_flag(owner, "double_checkpoint", double_checkpoint)
        self.delete_checkpoint = check_flag(owner, "delete_checkpoint", delete_checkpoint)

    @property
    def path(self) -> str:
        """The file."""
        return os.path.join(self.backup_dir, "latest.rnnc")

    def expect_use(self, names: Collection[str] | None) -> None:
        expect_writable("BackupAndRestore: backup_dir", self.path, makes_folders=True)

    def on_train_begin(self, logs: Logs = None) -> None:
        os.makedirs(self.backup_dir, exist_ok=True)
        if not os.path.exists(self.path):
            return
        checkpoint = Checkpoint(self.path)
        try:
            states = self._states(checkpoint)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{self.path}: the states of callbacks are broken: {error!r}"
            ) from None
        checkpoint.restore(self.model)
        stopped = checkpoint.extra.get("stopped", False)
        self.model.first_epoch = self.params["epochs"] if stopped else checkpoint.epoch
        for peer, state in states:
            peer.set_state(state)

    def _states(self, checkpoint: Checkpoint) -> list[tuple[Callback, dict[str, Any]]]:
        """Return the callbacks that resume, each with its saved state."""
        saved = checkpoint.extra.get("callbacks", [])
        return [
            (peer, _with_arrays(state, checkpoint.arrays))
            for peer, (name, state) in zip(self.peers, saved, strict=False)
            if type(peer).__name__ == name and set(state) == set(peer.get_state())
        ]

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        arrays: dict[str, NDArray[Any]] = {}
        states = [
            [type(peer).__name__, _without_arrays(peer.get_state(), index, arrays)]
            for index, peer in enumerate(self.peers)
        ]
        extra = {"callbacks": states, "stopped": self.model.stop_training}
        save_checkpoint(self.path, self.model, epoch + 1, extra=extra, arrays=arrays)

    def on_train_end(self, logs: Logs = None) -> None:
        if self.delete_checkpoint:
            with contextlib.suppress(OSError):
                os.unlink(self.path)
                os.rmdir(self.backup_dir)  # unless it holds something else


def _without_arrays(
    state: dict[str, Any], index: int, arrays: dict[str, NDArray[Any]]
) -> dict[str, Any]:
    """Move lists of arrays to `arrays`; their names there stay."""
    plain: dict[str, Any] = {}
    for key, value in state.items():
        plain[key] = {"value": value}
        if isinstance(value, list) and any(isinstance(item, np.ndarray) for item in value):
            names = [f"{index}/{key}/{i}" for i in range(len(value))]
            arrays.update(zip(names, value, strict=True))
            plain[key] = {"arrays": names}
    return plain


def _with_arrays(plain: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    return {
        key: [arrays[name] for name in entry["arrays"]] if "arrays" in entry else entry["value"]
        for key, entry in plain.items()
    }
