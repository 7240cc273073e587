"""The state of a training in one file: weights, optimizer, random generators, epoch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from rnncore.saving.model_file import model_sections
from rnncore.saving.state import fitting_state, fitting_states, state_arrays
from rnncore.saving.text import from_text, to_text
from rnncore.saving.weights import assign, fitting_weights, read_file, write_file
from rnncore.utils._config import serialize


def save_checkpoint(
    path: str | os.PathLike[str],
    model: Any,
    epoch: int,
    *,
    weights_only: bool = False,
    whole_model: bool = False,
    extra: Mapping[str, Any] | None = None,
    arrays: Mapping[str, NDArray[Any]] | None = None,
) -> None:
    """Write the state of a model in training; `path` is replaced as a whole.

    The file is one of `model.save`, with or without its sections, and has the epoch and the states
    of stateful layers beside; see docs/model-files.md.

    Parameters
    ----------
    path : str or path
    model : Model
        Built, and compiled unless `weights_only`.
    epoch : int
        Number of the epoch to go on with.
    weights_only : bool, default False
        Whether the state of optimizer, shuffling, dropout and stateful layers is left out.
    whole_model : bool, default False
        Whether the file says, too, what the model is, so that `load_model` makes it.
    extra : mapping, optional
        What else JSON is to hold.
    arrays : mapping of str to ndarray, optional
        What else is to be kept.

    Raises
    ------
    OSError
        When the file cannot be written; what was there is there still.
    """
    beside = serialize({"epoch": epoch, "extra": dict(extra or {})})
    metadata, sections = model_sections(model, not weights_only, structure=whole_model)
    metadata["checkpoint"] = to_text("extra", beside)
    sections["callbacks"] = dict(arrays or {})
    if not weights_only:
        sections["states"] = state_arrays(model)
    write_file(path, metadata, sections)


class Checkpoint:
    """What a file of `save_checkpoint` holds; making one reads and checks it.

    Parameters
    ----------
    path : str or path

    Attributes
    ----------
    epoch : int
        Number of the epoch to go on with.
    extra : dict
    arrays : dict of str to ndarray

    Raises
    ------
    OSError
        When it cannot be read.
    ValueError
        When it is no checkpoint, broken, or of a newer major version.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._archive = read_file(path)
        metadata = self._archive.metadata
        if "checkpoint" not in metadata:
            raise ValueError(f"{self._path}: expected a checkpoint, got a file without an epoch")
        try:
            found = from_text(metadata["checkpoint"])
            self._state = from_text(metadata["training"]) if "training" in metadata else None
            self.epoch: int = found["epoch"]
            self.extra: dict[str, Any] = found["extra"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{self._path}: the checkpoint is broken: {error!r}") from None
        if not isinstance(self.epoch, int) or self.epoch < 0 or not isinstance(self.extra, dict):
            raise ValueError(f"{self._path}: the checkpoint is broken: its epoch is {self.epoch!r}")
        callbacks = self._archive.section("callbacks")
        self.arrays = {name: array.copy() for name, array in callbacks.items()}

    def restore(self, model: Any) -> None:
        """Give a model the state of the file.

        Raises
        ------
        ValueError
            When the file is of another model or optimizer; nothing was changed then.
        """
        section = self._archive.section
        fitting = fitting_weights(self._path, model, section("weights"))
        states = fitting_states(self._path, model, section("states"))
        restore_state = None
        if self._state is not None:
            slots = section("optimizer")
            restore_state = fitting_state(self._path, model, self._state, slots)
        assign(fitting)
        if restore_state is not None:
            restore_state()
        for layer, arrays in states:
            layer.reset_state(arrays)


def load_checkpoint(model: Any, path: str | os.PathLike[str]) -> int:
    """Give a model the state of a file of `ModelCheckpoint`.

    Parameters
    ----------
    model : Model
        Built, and compiled with the same kind of optimizer unless the file holds weights only.
    path : str or path

    Returns
    -------
    int
        The epoch to go on with: the `initial_epoch` of `fit`.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        When the file is no checkpoint, broken, or of another model; nothing was changed then.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.callbacks import ModelCheckpoint, load_checkpoint
    >>> from rnncore.layers import Dense
    >>> model = Sequential([Dense(1, input_shape=(2,))])
    >>> model.compile("adam", "mse")
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.rnnc")
    ...     _ = model.fit(x, y, epochs=3, verbose=0, callbacks=[ModelCheckpoint(path)])
    ...     load_checkpoint(model, path)
    3
    """
    checkpoint = Checkpoint(path)
    checkpoint.restore(model)
    return checkpoint.epoch
