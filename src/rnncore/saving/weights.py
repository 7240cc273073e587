"""The weights of a model in a file, under names derived from its structure."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore._version import __version__
from rnncore.layers.layer import Layer
from rnncore.layers.parameter import Parameter
from rnncore.saving.archive import Archive, First, read_archive, write_archive
from rnncore.utils._checks import warn
from rnncore.utils._names import free_name, snake_case

FORMAT = "rnncore"
VERSION = (1, 0)
# Arrays by section and name.
Sections = Mapping[str, Mapping[str, NDArray[Any]]]
_OF_KERAS = (".keras", ".h5", ".hdf5")


def checked_path(owner: str, path: str | os.PathLike[str], overwrite: bool = True) -> str:
    """Return a path to write to.

    Raises
    ------
    FileExistsError
        If the file exists and `overwrite` is False.

    Warns
    -----
    UserWarning
        If the name has the ending of a Keras format. Keras programs run unchanged, but the files
        are not in that format.
    """
    name = os.fspath(path)
    if name.lower().endswith(_OF_KERAS):
        warn(
            f"{owner}: filepath: {name!r} will be a file of rnncore, which Keras cannot read; use "
            "a name such as 'model.rnnc'",
        )
    if not overwrite and os.path.exists(name):
        raise FileExistsError(f"{owner}: filepath: expected a new file, got {name!r}, which exists")
    return name


def write_file(
    path: str | os.PathLike[str],
    metadata: Mapping[str, str],
    sections: Sections,
    first: tuple[str, First] | None = None,
) -> None:
    """Write a file of this library whole or not at all; see `write_archive`."""
    version = ".".join(map(str, VERSION))
    header = {"format": FORMAT, "version": version, "writer": f"rnncore {__version__}"}
    arrays = {
        f"{section}/{name}": array
        for section, found in sections.items()
        for name, array in found.items()
    }
    write_archive(path, header | dict(metadata), arrays, first)


def read_file(path: str | os.PathLike[str]) -> Archive:
    """Read a file of rnncore.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not such a file, is damaged, or has a different major version.
    """
    archive = read_archive(path)
    name = os.fspath(path)
    found = archive.metadata.get("format")
    if found != FORMAT:
        raise ValueError(f"{name}: expected a file of rnncore, got one of {found or 'no format'}")
    version = archive.metadata.get("version", "")
    major, _, minor = version.partition(".")
    numbers = all(part.isascii() and part.isdigit() and len(part) < 10 for part in (major, minor))
    if not numbers or int(major) != VERSION[0]:
        raise ValueError(
            f"{name}: expected format version {VERSION[0]}.x, got {version!r}"
            + (": written by a newer rnncore" if numbers and int(major) > VERSION[0] else "")
        )
    return archive


def named_weights(layer: Layer) -> dict[str, Parameter]:
    """Return the weights, each once, by their names in files.

    A name is the path to the weight, such as ``bidirectional/lstm_1/kernel``: the classes of the
    layers in snake case, numbered within the enclosing layer. The names of layers are not used, so
    a model made again by the same code can load the weights.
    """
    found: dict[Parameter, str] = {}
    for name, parameter in _walk(layer, ""):
        found.setdefault(parameter, name)
    return {name: parameter for parameter, name in found.items()}


def _walk(layer: Layer, prefix: str) -> Iterator[tuple[str, Parameter]]:
    taken: set[str] = set()

    def own(name: str) -> str:
        free = free_name(name, taken)
        taken.add(free)
        return prefix + free

    for parameter in layer._parameters:
        yield own(parameter.short_name), parameter
    for child in layer.children:
        yield from _walk(child, own(snake_case(type(child).__name__)) + "/")


def weight_arrays(model: Any) -> dict[str, NDArray[Any]]:
    """Return the weights as stored in a file."""
    return {name: weight.value for name, weight in named_weights(model).items()}


def fitting_weights(
    path: str,
    model: Any,
    found: Mapping[str, NDArray[Any]],
    *,
    skip_mismatch: bool = False,
) -> list[tuple[Parameter, NDArray[Any]]]:
    """Return each weight of a model with its array in a file.

    Raises
    ------
    ValueError
        If the model has no weights yet, the dtype of the weights cannot hold a number, or names or
        shapes differ (with `skip_mismatch` only a warning).
    """
    if not model.built:
        raise ValueError(f"{path}: expected a model with weights, got {model.name!r}: build it")
    weights = named_weights(model)
    problems = []
    fitting = []
    for name, weight in weights.items():
        array = found.get(name)
        if array is None:
            problems.append(f"{name} is not in the file")
        elif array.shape != weight.shape or array.dtype.kind != "f":
            problems.append(
                f"{name} has shape {weight.shape}, in the file {array.shape} of {array.dtype}"
            )
        else:
            fitting.append((weight, weight.converted(array, f"{path}: {name}")))
    problems += [f"{name} is not in the model" for name in found if name not in weights]
    if problems:
        listed = "; ".join(problems[:5]) + ("; ..." if len(problems) > 5 else "")
        text = f"{path}: expected the weights of {model.name!r}, got others: {listed}"
        if not skip_mismatch:
            raise ValueError(text)
        warn(f"{text}; these are left as they are")
    return fitting


def assign(fitting: list[tuple[Parameter, NDArray[Any]]]) -> None:
    """Copy arrays into the weights they were matched with."""
    for weight, array in fitting:
        np.copyto(weight.value, array)
