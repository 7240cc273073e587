"""Callbacks that save a model, and the state of its training."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.callbacks.base import Callback, Logs
from rnncore.callbacks.monitors import MonitorCallback, available, say
from rnncore.saving.model_file import Checkpoint, check_storable, save_checkpoint
from rnncore.saving.weights import checked_path
from rnncore.utils._checks import check_count, check_flag
from rnncore.utils._files import expect_writable


class ModelCheckpoint(MonitorCallback):
    """Save the model after every epoch, or only the best so far.

    The file is that of ``model.save`` plus the epoch. `rnncore.models.load_model` rebuilds the
    model from it, ``model.load_weights`` reads its weights, and :func:`load_checkpoint` restores
    the whole state of an existing model. It is replaced as a whole, so if the program is killed the
    last good file remains. A `fit` resumed from the end of an epoch takes the same steps, bit for
    bit, as an uninterrupted one.

    Parameters
    ----------
    filepath : str or path
        May contain :meth:`str.format` fields: ``epoch``, counted from 1, and the keys of the logs,
        as in ``"{epoch:03d}-{val_loss:.2f}.rnnc"``. Missing folders are made.
    monitor : str, default "val_loss"
        Only used with `save_best_only`, like `mode` and `initial_value_threshold`.
    verbose : int, default 0
        1 prints a message.
    save_best_only : bool, default False
    save_weights_only : bool, default False
        Whether to save only the weights.
    mode : {"auto", "min", "max"}, default "auto"
    save_freq : "epoch" or int, default "epoch"
        An integer saves every so many batches. Such a file has the unfinished epoch as its epoch,
        and training resumed from it starts that epoch again.
    initial_value_threshold : float, optional
        Value that the first one has to beat.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type. At the start of `fit`: if ``model.save`` would refuse the
        model or, with `save_best_only`, the logs will not have `monitor`; KeyError if `filepath`
        has an unknown field; OSError if the file cannot be written.

    Warns
    -----
    RuntimeWarning
        If the logs lack the quantity; the model is saved then.

    Examples
    --------
    >>> from rnncore.callbacks import ModelCheckpoint
    >>> ModelCheckpoint("best.rnnc", save_best_only=True).monitor
    'val_loss'
    """

    kept = ("best", "_batches")

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        owner = "ModelCheckpoint"
        self.save_best_only = check_flag(owner, "save_best_only", save_best_only)
        if not self.save_best_only and mode == "auto":
            mode = "min"  # not used, so a name that says nothing is not an error
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = checked_path(owner, filepath)
        self.verbose = verbose
        self.save_weights_only = check_flag(owner, "save_weights_only", save_weights_only)
        if save_freq != "epoch":
            check_count(owner, "save_freq", save_freq, "'epoch' or a positive integer")
        self.save_freq = save_freq
        self._epoch = 0
        self._batches = 0

    def expect_use(self, names: Collection[str] | None) -> None:
        found: dict[str, Any] = dict.fromkeys(names or (), 1.0)
        if self.save_freq != "epoch":
            found = {"batch": 1} | {key: 1.0 for key in found if not key.startswith("val_")}
        if self.save_best_only:
            super().expect_use(None if names is None else found)
        if not self.save_weights_only:
            check_storable(self.model)
        try:
            path = self._path({key: one for key, one in found.items() if key not in self.of_some})
        except KeyError:
            if names is not None:
                raise
        else:
            expect_writable("ModelCheckpoint: filepath", path, makes_folders=True)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self.save_freq == "epoch":
            return
        self._batches += 1
        if self._batches % int(self.save_freq) == 0:
            self._save(self._epoch, {"batch": batch + 1} | (logs or {}))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch + 1, logs or {})

    def _path(self, logs: dict[str, Any]) -> str:
        try:
            return self.filepath.format(**{"epoch": self._epoch + 1} | logs)
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: filepath: expected fields out of epoch, {available(logs)}, "
                f"got {error} in {self.filepath!r}"
            ) from None
        except (IndexError, ValueError) as error:
            raise ValueError(f"ModelCheckpoint: filepath: {error}, in {self.filepath!r}") from None

    def _save(self, next_epoch: int, logs: dict[str, Any]) -> None:
        path = self._path(logs)
        if self.save_best_only:
            current = self.current(logs, "saving")
            if current is not None:
                if not self.is_improvement(current, self.best):
                    return
                self.best = current
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        whole = not self.save_weights_only
        save_checkpoint(path, self.model, next_epoch, weights_only=not whole, whole_model=whole)
        if self.verbose:
            say(f"\nEpoch {self._epoch + 1}: saved {path}")


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
        saved = checkpoint.extra.get("callbacks", [])
        try:
            states = [  # the callbacks that resume, each with its saved state
                (peer, _with_arrays(state, index, checkpoint.arrays))
                for index, (peer, (name, state)) in enumerate(zip(self.peers, saved, strict=False))
                if type(peer).__name__ == name and set(state) == set(peer.get_state())
            ]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{self.path}: the states of callbacks are broken: {error!r}"
            ) from None
        checkpoint.restore(self.model)
        stopped = checkpoint.extra.get("stopped", False)
        self.model.first_epoch = self.params["epochs"] if stopped else checkpoint.epoch
        for peer, state in states:
            peer.set_state(state)

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
    """Move lists of arrays to `arrays`, and keep their length."""
    plain: dict[str, Any] = {}
    for key, value in state.items():
        plain[key] = {"value": value}
        if isinstance(value, list) and any(isinstance(item, np.ndarray) for item in value):
            arrays.update({f"callbacks/{index}/{key}/{i}": item for i, item in enumerate(value)})
            plain[key] = {"arrays": len(value)}
    return plain


def _with_arrays(
    plain: dict[str, Any], index: int, arrays: dict[str, NDArray[Any]]
) -> dict[str, Any]:
    return {
        key: [arrays[f"callbacks/{index}/{key}/{i}"] for i in range(entry["arrays"])]
        if "arrays" in entry
        else entry["value"]
        for key, entry in plain.items()
    }
