"""The weights of a model in a file, under names that follow from its structure."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore._version import __version__
from rnncore.layers.layer import Layer
from rnncore.layers.parameter import Parameter
from rnncore.saving.archive import Archive, read_archive, write_archive
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
        When there is a file and `overwrite` is False.

    Warns
    -----
    UserWarning
        For a name that says a format of Keras: programs for Keras run as they are, and their files
        are not of that format.
    """
    name = os.fspath(path)
    if name.lower().endswith(_OF_KERAS):
        warn(
            f"{owner}: filepath: {name!r} will be a file of rnncore, which Keras cannot read; a "
            "name such as 'model.rnnc' would say so",
        )
    if not overwrite and os.path.exists(name):
        raise FileExistsError(f"{owner}: filepath: expected a new file, got {name!r}, which exists")
    return name


def write_file(
    path: str | os.PathLike[str], metadata: Mapping[str, str], sections: Sections
) -> None:
    """Write a file of this library whole or not at all; see `write_archive`."""
    version = ".".join(map(str, VERSION))
    header = {"format": FORMAT, "version": version, "writer": f"rnncore {__version__}"}
    arrays = {
        f"{section}/{name}": array
        for section, found in sections.items()
        for name, array in found.items()
    }
    write_archive(path, header | dict(metadata), arrays)


def read_file(path: str | os.PathLike[str]) -> Archive:
    """Read a file of this library.

    Raises
    ------
    OSError
        When it cannot be read.
    ValueError
        When it is none, broken, or of another major version.
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
    """Return the weights, each once, by the names that they have in files.

    A name is the way to the weight, such as ``bidirectional/lstm_1/kernel``: classes of layers
    in snake case, numbered in their order within the layer around them. The names that layers were
    given do not count, so that a model that is made by the same lines again takes the weights.
    """
    found: dict[str, Parameter] = {}
    known: set[int] = set()
    for name, parameter in _walk(layer, ""):
        if id(parameter) not in known:
            known.add(id(parameter))
            found[name] = parameter
    return found


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
    """Return the weights as they go into a file."""
    return {name: weight.value for name, weight in named_weights(model).items()}


def fitting_weights(
    path: str,
    model: Any,
    found: Mapping[str, NDArray[Any]],
    *,
    skip_mismatch: bool = False,
) -> list[tuple[Parameter, NDArray[Any]]]:
    """Return each weight of a model with the array of a file that it is to get.

    Raises
    ------
    ValueError
        When the model has no weights yet; unless `skip_mismatch`, which warns instead, when names
        or shapes are others; and for numbers that the dtype of the weights cannot hold.
    """
    if not model.built:
        raise ValueError(f"{path}: expected a model with weights, got {model.name!r}: build it")
    weights = named_weights(model)
    problems = []
    fitting = []
    for name, weight in weights.items():
        array = found.get(name)
        if array is None:
            continue
        if array.shape != weight.shape or array.dtype.kind != "f":
            problems.append(
                f"{name} has shape {weight.shape}, in the file {array.shape} of {array.dtype}"
            )
        else:
            fitting.append((weight, weight.converted(array, f"{path}: {name}")))
    problems += [f"{name} is not in the file" for name in weights if name not in found]
    problems += [f"{name} is not in the model" for name in found if name not in weights]
    if problems:
        listed = "; ".join(problems[:5]) + ("; ..." if len(problems) > 5 else "")
        text = f"{path}: expected the weights of {model.name!r}, got others: {listed}"
        if not skip_mismatch:
            raise ValueError(text)
        warn(f"{text}; these are left as they are")
    return fitting


def assign(fitting: list[tuple[Parameter, NDArray[Any]]]) -> None:
    """Copy arrays into the weights that they were found to fit."""
    for weight, array in fitting:
        np.copyto(weight.value, array)
