"""The state of training in one file: weights, optimizer, random generators, epoch."""

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

    The file is that of `model.save`, with or without its sections, plus the epoch and the states of
    stateful layers; see docs/model-files.md.

    Parameters
    ----------
    path : str or path
    model : Model
        Built, and compiled unless `weights_only`.
    epoch : int
        The epoch to resume with.
    weights_only : bool, default False
        Whether to leave out the state of optimizer, shuffling, dropout and stateful layers.
    whole_model : bool, default False
        Whether to include the model's structure, for `load_model`.
    extra : mapping, optional
        Further content for the JSON.
    arrays : mapping of str to ndarray, optional
        Further arrays.

    Raises
    ------
    OSError
        If the file cannot be written; an existing file is kept.
    """
    beside = serialize({"epoch": epoch, "extra": dict(extra or {})})
    metadata, sections = model_sections(model, not weights_only, structure=whole_model)
    metadata["checkpoint"] = to_text("extra", beside)
    sections["callbacks"] = dict(arrays or {})
    if not weights_only:
        sections["states"] = state_arrays(model)
    write_file(path, metadata, sections)


class Checkpoint:
    """The content of a file of `save_checkpoint`; the constructor reads and checks it.

    Parameters
    ----------
    path : str or path

    Attributes
    ----------
    epoch : int
        The epoch to resume with.
    extra : dict
    arrays : dict of str to ndarray

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not a checkpoint, is damaged, or has a newer major version.
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
        """Restore the state of a model.

        Raises
        ------
        ValueError
            If the file is of a different model or optimizer. Nothing has been changed then.
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
    """Restore the state of a model from a file of `ModelCheckpoint`.

    Parameters
    ----------
    model : Model
        Built and, unless the file only holds weights, compiled with the same kind of optimizer.
    path : str or path

    Returns
    -------
    int
        The epoch to resume with, the `initial_epoch` of `fit`.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If the file is not a checkpoint, is damaged, or is of a different model. Nothing has been
        changed then.

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
