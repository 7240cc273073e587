"""Files that the C library runs: those of `save`, with the program of the model in front."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import _core
from rnncore.layers.parameter import Parameter
from rnncore.networks.program import Program, program_of
from rnncore.saving.archive import RESERVED, archive_parts
from rnncore.saving.weights import named_weights

PROGRAM = f"{RESERVED}program"
_CONSTANTS = f"{RESERVED}constants"


class RuntimeProgram:
    """The program of a model, and the names in the file of what it reads.

    Parameters
    ----------
    model : Model
        Built.

    Attributes
    ----------
    constants : dict of str to ndarray
        What it reads besides the weights, by their names in the file.
    sections : dict of str to dict
        The same, as `write_file` takes them.
    nbytes : int

    Raises
    ------
    ValueError
        If the model has a layer that only Python can run.
    """

    def __init__(self, model: Any) -> None:
        self._program: Program = program_of(model)
        names = {id(weight): f"weights/{name}" for name, weight in named_weights(model).items()}
        self._names: list[str] = []
        self.constants: dict[str, NDArray[Any]] = {}
        for tensor in self._program.tensors:
            if isinstance(tensor, Parameter) and id(tensor) in names:
                self._names.append(names[id(tensor)])
                continue
            name = f"{_CONSTANTS}/{len(self.constants)}"
            self.constants[name] = tensor.value if isinstance(tensor, Parameter) else tensor
            self._names.append(name)
        self.nbytes = self._program.nbytes

    @property
    def sections(self) -> dict[str, dict[str, NDArray[Any]]]:
        """The constants as a section of a file."""
        named = {name.rpartition("/")[2]: array for name, array in self.constants.items()}
        return {_CONSTANTS: named} if named else {}

    def obstacle(self, node: int) -> str:
        """Return why the model cannot stream, from `_core.Model.blocking_node`."""
        if node < 0:
            return "inputs or outputs without steps"
        layer = self._program.layers[node]
        return f"{layer}, which needs the whole sequence or changes the number of steps"

    def to_bytes(self, offsets: Mapping[str, int], size: int) -> bytes:
        """Return the program as it stands in a file; see `archive.First`."""
        return self._program.to_bytes([offsets[name] for name in self._names], size)


def runtime_bytes(model: Any) -> bytes:
    """Return a file with nothing but the program of a model and what it reads."""
    return _bytes_of(model, RuntimeProgram(model))


def streaming_model(model: Any) -> _core.Model:
    """Return what runs a model step by step.

    Raises
    ------
    ValueError
        If it has a layer that only Python can run, or that needs the whole sequence.
    """
    program = RuntimeProgram(model)
    found = _core.Model(_bytes_of(model, program))
    if found.can_stream:
        return found
    raise ValueError(
        f"{model.name}: stream: expected layers that need only past steps, got "
        f"{program.obstacle(found.blocking_node)}"
    )


def _bytes_of(model: Any, program: RuntimeProgram) -> bytes:
    weights = {f"weights/{name}": w.value for name, w in named_weights(model).items()}
    arrays = {name: np.asarray(array) for name, array in {**weights, **program.constants}.items()}
    return b"".join(archive_parts("stream", {}, arrays, (PROGRAM, program)))
