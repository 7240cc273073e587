"""The state of a training in one file: weights, optimizer, random generators, epoch."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.base import Layer
from rnncore.utils._atomic import replacing

_FORMAT = "rnncore checkpoint"
_VERSION = 1
_LARGEST_HEADER = 2**26
_BROKEN = (OSError, ValueError, KeyError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error)


def save_checkpoint(
    path: str | os.PathLike[str],
    model: Any,
    epoch: int,
    *,
    weights_only: bool = False,
    extra: Mapping[str, Any] | None = None,
    arrays: Mapping[str, NDArray[Any]] | None = None,
) -> None:
    """Write the state of a model in training; `path` is replaced as a whole.

    The file is an ``.npz`` archive of NumPy, whatever its name: an array ``header`` holds JSON as
    bytes, the others are the weights, ``weights/0`` and so on, and the state of the optimizer,
    ``slots/<name>``.

    Parameters
    ----------
    path : str or path
    model : Model
        Built, and compiled unless `weights_only`.
    epoch : int
        Number of the epoch to go on with.
    weights_only : bool, default False
    extra : mapping, optional
        What else goes into the header, JSON only.
    arrays : mapping of str to ndarray, optional
        What else is to be kept, under names that do not begin as the ones above.

    Raises
    ------
    OSError
        When the file cannot be written; what was there is there still.
    """
    header: dict[str, Any] = {
        "format": _FORMAT,
        "version": _VERSION,
        "epoch": epoch,
        "weights": [[w.name, list(w.shape), w.dtype.name] for w in model.weights],
        "extra": dict(extra or {}),
    }
    found: dict[str, Any] = dict(arrays or {})
    found |= {f"weights/{i}": weight.value for i, weight in enumerate(model.weights)}
    if not weights_only:
        optimizer = model.optimizer
        rate = optimizer.get_config()["learning_rate"]
        header["optimizer"] = {
            "name": optimizer.name,
            "iterations": optimizer.iterations,
            "learning_rate": rate if isinstance(rate, float) else None,
            "slots": list(optimizer.slots),
        }
        header["shuffle"] = model.shuffle_rng.bit_generator.state
        header["layers"] = [_numbers_of(layer) for layer in _all_layers(model.layers)]
        found |= {f"slots/{name}": slot for name, slot in optimizer.slots.items()}
    text = np.frombuffer(json.dumps(header, default=float).encode(), np.uint8)
    with replacing(path) as file:
        np.savez(file, header=text, **found)


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
    FileNotFoundError
        When there is none.
    ValueError
        When it is no checkpoint, broken, or of a newer version.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        try:
            self._header, self.arrays = _read(self._path)
            found = (self._header["format"], self._header["version"])
            if found == (_FORMAT, _VERSION):
                _check(self._header)
        except FileNotFoundError:
            raise
        except (*_BROKEN, AttributeError, TypeError, RecursionError) as error:
            raise ValueError(
                f"{self._path}: expected a checkpoint, got a file that is none or is broken "
                f"({type(error).__name__}: {error})"
            ) from None
        if found != (_FORMAT, _VERSION):
            raise ValueError(
                f"{self._path}: expected {_FORMAT} of version {_VERSION}, got {found[0]} of "
                f"version {found[1]}"
            )

        self.epoch: int = self._header["epoch"]
        self.extra: dict[str, Any] = self._header["extra"]

    def restore(self, model: Any) -> None:
        """Give a model the state of the file.

        Raises
        ------
        ValueError
            When the file is of another model or optimizer; nothing was changed then.
        """
        weights, header = model.weights, self._header
        optimizer = model.optimizer if "optimizer" in header else None
        self._expect("weights", [[list(w.shape), w.dtype.name] for w in weights], self._weights())
        if optimizer is None:
            for index, weight in enumerate(weights):
                weight.value[...] = self.arrays[f"weights/{index}"]
            return
        optimizer.build(sum(weight.size for weight in weights), model.dtype)
        layers = list(_all_layers(model.layers))
        saved = header["optimizer"]
        self._expect("optimizer", optimizer.name, saved["name"])
        self._expect("state of the optimizer", sorted(optimizer.slots), sorted(saved["slots"]))
        self._expect(
            "layers with random numbers",
            [sorted(_numbers_of(layer)) for layer in layers],
            [sorted(numbers) for numbers in header["layers"]],
        )
        slots = {name: self.arrays.get(f"slots/{name}", np.empty(0)) for name in saved["slots"]}
        for name, slot in optimizer.slots.items():
            self._expect(f"size of {name}", slot.shape, slots[name].shape)
        try:
            np.random.default_rng(0).bit_generator.state = header["shuffle"]
        except (TypeError, ValueError, KeyError) as error:
            raise ValueError(f"{self._path}: the state of the generator is broken") from error
        for index, weight in enumerate(weights):
            weight.value[...] = self.arrays[f"weights/{index}"]
        for name, slot in optimizer.slots.items():
            slot[...] = slots[name]
        optimizer.iterations = int(saved["iterations"])
        if (
            isinstance(optimizer.get_config()["learning_rate"], float)
            and saved["learning_rate"] is not None
        ):
            optimizer.learning_rate = saved["learning_rate"]
        model.shuffle_rng.bit_generator.state = header["shuffle"]
        for layer, numbers in zip(layers, header["layers"], strict=True):
            for name, value in numbers.items():
                setattr(layer, name, value)

    def _weights(self) -> list[Any]:
        count = len(self._header["weights"])
        arrays = [self.arrays.get(f"weights/{i}") for i in range(count)]
        return [None if a is None else [list(a.shape), a.dtype.name] for a in arrays]

    def _expect(self, what: str, expected: Any, got: Any) -> None:
        if expected != got:
            raise ValueError(
                f"{self._path}: expected a checkpoint of this model, whose {what}: {expected}, "
                f"got {got}"
            )


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
    FileNotFoundError
        When there is none.
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
    ...     path = os.path.join(folder, "model.npz")
    ...     _ = model.fit(x, y, epochs=3, verbose=0, callbacks=[ModelCheckpoint(path)])
    ...     load_checkpoint(model, path)
    3
    """
    checkpoint = Checkpoint(path)
    checkpoint.restore(model)
    return checkpoint.epoch


def _read(path: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    size = os.path.getsize(path)
    with np.load(path, allow_pickle=False) as archive:
        for member in archive.zip.infolist():
            # Nothing is compressed: no member can be larger than the file.
            if member.file_size > size or member.compress_type != zipfile.ZIP_STORED:
                raise ValueError("a member is larger than the file")
        if archive.zip.getinfo("header.npy").file_size > _LARGEST_HEADER:
            raise ValueError("the header is too large")
        header = json.loads(bytes(archive["header"]))
        arrays = {name: archive[name] for name in archive.files if name != "header"}
    if not isinstance(header, dict):
        raise ValueError("the header is no object")
    return header, arrays


def _check(header: dict[str, Any]) -> None:
    """Raise for a header that lacks something, or holds something else there."""
    kinds: dict[str, type] = {"epoch": int, "weights": list, "extra": dict}
    if "optimizer" in header:
        kinds |= {"optimizer": dict, "shuffle": dict, "layers": list}
    for name, kind in kinds.items():
        if not isinstance(header[name], kind):
            raise ValueError(f"{name}: expected {kind.__name__}")
    if header["epoch"] < 0:
        raise ValueError("epoch: expected a number of at least 0")
    if "optimizer" not in header:
        return
    saved = header["optimizer"]
    names = [saved["name"], *saved["slots"]]
    rate = saved["learning_rate"]
    numbers = [saved["iterations"], *(n for layer in header["layers"] for n in layer.values())]
    if not (
        all(isinstance(name, str) for name in names)
        and all(number is None or isinstance(number, int) for number in numbers)
        and (rate is None or isinstance(rate, float))
    ):
        raise ValueError("expected names and numbers")


def _all_layers(layers: Iterable[Layer]) -> Iterator[Layer]:
    for layer in layers:
        yield layer
        yield from _all_layers(layer.children)


def _numbers_of(layer: Layer) -> dict[str, int | None]:
    return {name: getattr(layer, name) for name in layer.random_numbers}
