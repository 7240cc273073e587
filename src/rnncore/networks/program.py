"""The program of a model: what it computes in inference, as nodes that the C library runs."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnncore.layers._members import members
from rnncore.layers.graph.symbolic import SymbolicTensor, leaves, replaced
from rnncore.layers.layer import Layer
from rnncore.layers.nodes import AT_ONCE, KINDS, MOST_INPUTS, Nodes, Value, is_ids, rank_of
from rnncore.layers.parameter import Parameter
from rnncore.networks.graph import Graph, Step
from rnncore.utils._registry import in_library

MAGIC = b"RNNCPROG"  # the first bytes of a program
# The records of csrc/runtime/program.h.
_VERSION = 1
_HEADER = struct.Struct("<8sIIQQIIIIIIQ")
_INPUT = struct.Struct("<Iiii8q")
_OUTPUT = struct.Struct("<Iiii")
_TENSOR = struct.Struct("<Qii8q")
_NODE = struct.Struct("<iiiiIi12q3d")
_FLOATS = {np.dtype(np.float32): 0, np.dtype(np.float64): 1}
_IDS = 2
_ITEM_SIZES = (4, 8, 4)  # by type: float32, float64, token ids
_MOST_AXES = 8
_ALIGNMENT = 64


class Program:
    """Nodes, written down in the order in which they run.

    Parameters
    ----------
    dtype : numpy.dtype
        Of all numbers.

    Attributes
    ----------
    tensors : list of Parameter or ndarray
        The constants that the nodes name, each once.
    layer : str
        Name of the layer that writes nodes down.
    layers : list of str
        The same for each node.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.tensors: list[Any] = []
        self.layer = ""
        self.layers: list[str] = []
        self._numbers: dict[int, int] = {}  # of the tensors, by their identity
        self._inputs: list[tuple[str, int, tuple[int, ...]]] = []
        self._outputs: list[tuple[str, int, int]] = []
        self._nodes: list[bytes] = []
        self._operands: list[int] = []
        self._values = 0

    def input(self, name: str, shape: Sequence[int | None], *, ids: bool) -> Value:
        """Add an input, of samples of this shape, and return its value."""
        unknown = sum(size is None for size in shape)
        if len(shape) > _MOST_AXES or unknown > 1:
            raise ValueError(
                f"runtime: expected inputs of at most {_MOST_AXES} axes of which one may be of any "
                f"size, got {name!r} of shape {tuple(shape)}"
            )
        sizes = tuple(-1 if size is None else size for size in shape)
        self._inputs.append((name, _IDS if ids else _FLOATS[self.dtype], sizes))
        return self._value(Value(0, len(shape) + 1, ids=ids))

    def output(self, name: str, value: Value, mask: Value | None) -> None:
        """Make a value an output; behind the lengths of its mask it is zero."""
        self._outputs.append((name, value.number, -1 if mask is None else mask.number))

    def node(
        self,
        kind: str,
        inputs: Sequence[Any],
        tensors: Sequence[Any] = (),
        attributes: Sequence[int] = (),
        numbers: Sequence[float] = (),
        outputs: int = 1,
    ) -> Any:
        """Add a node; see `Nodes.node`."""
        if len(inputs) > MOST_INPUTS:
            raise ValueError(
                f"runtime: expected layers of at most {MOST_INPUTS} inputs and masks, got "
                f"{len(inputs)}"
            )
        self.layers.append(self.layer)
        first = len(self._operands)
        self._operands += [-1 if one is None else one.number for one in inputs]
        self._operands += [-1 if one is None else self._tensor(one) for one in tensors]
        self._nodes.append(
            _NODE.pack(
                KINDS[kind],
                len(inputs),
                len(tensors),
                outputs,
                first,
                0,
                *(*attributes, *(0,) * (12 - len(attributes))),
                *(*numbers, *(0.0,) * (3 - len(numbers))),
            )
        )
        lead = next((one.lead for one in inputs if one is not None), 1)
        lead += (kind == "fold") - (kind == "unfold")
        made = Value(0, rank_of(kind, inputs, attributes), lead, is_ids(kind, inputs, attributes))
        others = Value(0, lead + 1, lead) if kind == "recurrent" else made  # states
        found = [self._value(one) for one in (made, *(others,) * (outputs - 1))]
        return found if outputs > 1 else found[0]

    def _value(self, value: Value) -> Value:
        self._values += 1
        return value._replace(number=self._values - 1)

    def _tensor(self, tensor: Any) -> int:
        if not isinstance(tensor, Parameter):
            tensor = np.ascontiguousarray(tensor, self.dtype).reshape(np.shape(tensor))
        number = self._numbers.setdefault(id(tensor), len(self.tensors))
        if number == len(self.tensors):
            self.tensors.append(tensor)
        return number

    @property
    def nbytes(self) -> int:
        """Size of the program in a file."""
        return len(self.to_bytes([0] * len(self.tensors), 0))

    def to_bytes(self, offsets: Sequence[int], size: int) -> bytes:
        """Return the program as it stands in a file.

        Parameters
        ----------
        offsets : sequence of int
            Of each tensor, from the start of the program.
        size : int
            From there to the end of the file.
        """
        text = bytearray()

        def name(one: str) -> int:
            text.extend(one.encode() + b"\0")
            return len(text) - len(one.encode()) - 1

        order = sorted(range(len(offsets)), key=lambda i: (offsets[i], self.tensors[i].size))
        places = {number: place for place, number in enumerate(order)}
        inputs = [
            _INPUT.pack(name(one), kind, len(sizes), 0, *sizes, *(0,) * (_MOST_AXES - len(sizes)))
            for one, kind, sizes in self._inputs
        ]
        outputs = [_OUTPUT.pack(name(one), value, mask, 0) for one, value, mask in self._outputs]
        tensors = [
            _TENSOR.pack(
                offsets[i],
                _FLOATS[self.dtype],
                len(self.tensors[i].shape),
                *self.tensors[i].shape,
                *(0,) * (_MOST_AXES - len(self.tensors[i].shape)),
            )
            for i in order
        ]
        sections = [inputs, outputs, tensors, self._nodes]
        counts = [len(section) for section in sections] + [len(self._operands), len(text)]
        operands = self._placed(places)
        body = b"".join(b"".join(section) for section in sections)
        body += _padded(struct.pack(f"<{len(operands)}i", *operands), 8) + _padded(bytes(text), 8)
        total = -(-(_HEADER.size + len(body)) // _ALIGNMENT) * _ALIGNMENT
        header = _HEADER.pack(MAGIC, _VERSION, _FLOATS[self.dtype], total, size, *counts, 0)
        return _padded(header + body, _ALIGNMENT)

    def _placed(self, places: Mapping[int, int]) -> list[int]:
        """Return the operands with the tensors' places in the order of the file."""
        operands = list(self._operands)
        for node in self._nodes:
            _, inputs, tensors, _, first, *_ = _NODE.unpack(node)
            for i in range(first + inputs, first + inputs + tensors):
                operands[i] = places.get(operands[i], -1)
        return operands


def only_program(data: bytes) -> bytes:
    """Return the start of what begins with a program: that, and the tensors that it reads.

    Parameters
    ----------
    data : bytes
        From the program to the end of its file, which the C library could read.
    """
    header = list(_HEADER.unpack_from(data))
    size, (inputs, outputs, tensors) = header[3], header[5:8]
    first = _HEADER.size + inputs * _INPUT.size + outputs * _OUTPUT.size
    program, kept, end = bytearray(data[:size]), [], size
    for at in range(first, first + tensors * _TENSOR.size, _TENSOR.size):
        offset, kind, rank, *shape = _TENSOR.unpack_from(program, at)
        nbytes = math.prod(shape[:rank]) * _ITEM_SIZES[kind]
        kept.append(data[offset : offset + nbytes])
        _TENSOR.pack_into(program, at, end, kind, rank, *shape)
        end += nbytes
    header[4] = end
    _HEADER.pack_into(program, 0, *header)
    return bytes(program) + b"".join(kept)


def _padded(data: bytes, multiple: int) -> bytes:
    return data + b"\0" * (-len(data) % multiple)


def program_of(model: Any) -> Program:
    """Return the program of a built model.

    Raises
    ------
    ValueError
        If it is not built, or has a layer that only Python can run, which the message names.
    """
    for layer in members(model):
        _refuse_own(layer)
    if not model.built:
        raise ValueError(
            f"{model.name}: runtime: expected a model that knows its input shape (start with an "
            "Input, or call build), got one that does not"
        )
    graph: Graph = model.network.graph
    program = Program(model.dtype)
    inputs = [
        program.input(name, tensor.shape[1:], ids=_takes_ids(graph, number))
        for name, tensor, number in zip(model.input_names, model.inputs, graph.inputs, strict=True)
    ]
    masks = [
        program.node("lengths", [value]) if _has_steps(value, tensor.shape) else None
        for value, tensor in zip(inputs, model.inputs, strict=True)
    ]
    found = infer_graph(program, graph, inputs, masks)
    for name, (value, mask) in zip(model.output_names, found, strict=True):
        program.output(name, _as_taken(program, value, ids=False), mask)
    return program


def _has_steps(value: Value, shape: Sequence[int | None]) -> bool:
    """Return whether axis 1 is steps: rnncore_has_steps."""
    return len(shape) > (1 if value.ids else 2) or shape[1:] == (None,)


def _refuse_own(layer: Any) -> None:
    """Raise ValueError if a class computes otherwise than the nodes that it inherits say."""
    cls = type(layer)
    pairs = [(cls.forward, cls.infer), (cls.compute_mask, cls.infer_mask)]
    if any(not in_library(own) and in_library(nodes) for own, nodes in pairs):
        Layer.infer(layer, AT_ONCE, None)


def _takes_ids(graph: Graph, number: int) -> bool:
    """Return whether any layer that reads an input takes it as token ids."""
    for step in graph.steps:
        layer: Any = step.layer
        for index, taken in enumerate(step.inputs):
            if taken == number and layer.is_model:
                inner = layer.network.graph
                if _takes_ids(inner, inner.inputs[index]):
                    return True
            elif taken == number and layer.takes_ids:
                return True
    return False


def _as_taken(f: Nodes, value: Value, *, ids: bool) -> Value:
    """Return a value as token ids or as other numbers."""
    return value if value.ids == ids else f.node("convert", [value], attributes=[int(ids)])


def infer_graph(
    f: Nodes, graph: Graph, inputs: Sequence[Value], masks: Sequence[Any]
) -> list[tuple[Any, Any]]:
    """Write down the layers of a graph; return the value and the mask of each output."""
    values: list[Any] = [None] * graph.size
    found_masks: list[Any] = [None] * graph.size
    for number, value, mask in zip(graph.inputs, inputs, masks, strict=True):
        values[number], found_masks[number] = value, mask
    for step in graph.steps:
        y, mask = _infer_step(f, graph, step, values, found_masks)
        ys = y if step.gives_list else [y]
        made = mask if isinstance(mask, list) else [mask]  # as in Keras, that of the first
        for index, number in enumerate(step.outputs):
            values[number] = ys[index]
            found_masks[number] = made[index] if index < len(made) else None
    return [(values[number], found_masks[number]) for number in graph.outputs]


def _infer_step(
    f: Nodes, graph: Graph, step: Step, values: Sequence[Any], masks: Sequence[Any]
) -> tuple[Any, Any]:
    layer: Any = step.layer
    x: Any = [values[number] for number in step.inputs]
    if not layer.is_model:
        x = [_as_taken(f, one, ids=layer.takes_ids) for one in x]
    mask: Any = [masks[number] for number in step.inputs]
    arguments = _arguments(f, graph, step, values)
    given = "mask" in arguments
    if given:
        mask = arguments.pop("mask")
    if step.takes_list:
        mask = None if all(one is None for one in mask) else mask
    else:
        x, mask = x[0], mask[0]
    if layer.is_model:
        return infer_model(f, layer, x, mask)
    # As in Keras 3 the mask of the layers before is only passed on if the call has other arrays.
    applied = mask if given or not _symbolic(step.arguments) else None
    if isinstance(f, Program):
        f.layer = layer.name
    y = layer.infer(f, x, applied, **arguments)
    return y, layer.infer_mask(f, x, mask, y)


def _symbolic(arguments: Mapping[str, Any]) -> list[Any]:
    found = leaves(list(arguments.values()))
    return [one for one in found if isinstance(one, SymbolicTensor)]


def _arguments(f: Nodes, graph: Graph, step: Step, values: Sequence[Any]) -> dict[str, Any]:
    """Return the arguments of a call as `infer` takes them, and a list of masks if it has any."""
    if any(isinstance(one, np.ndarray) for one in leaves(list(step.arguments.values()))):
        raise ValueError(
            f"{step.layer.name}: runtime: expected a call on symbolic tensors alone, got one with "
            "an array"
        )

    def value(tensor: SymbolicTensor) -> Any:
        return values[graph.numbers[tensor]]

    def numbers(tensor: SymbolicTensor) -> Any:
        return _as_taken(f, value(tensor), ids=False)

    found = {name: replaced(one, numbers) for name, one in step.arguments.items() if name != "mask"}
    found.pop("training", None)
    if "mask" in step.arguments:
        given = step.arguments["mask"]
        masks = given if step.takes_list else [given]
        found["mask"] = [None if one is None else f.node("as_mask", [value(one)]) for one in masks]
    return found


def infer_model(f: Nodes, model: Any, x: Any, mask: Any) -> tuple[Any, Any]:
    """Write down the layers of a model; return its output and its mask, lists if several."""
    several = isinstance(x, list)
    inputs = x if several else [x]
    masks = mask if isinstance(mask, list) else [mask] * len(inputs)
    found = infer_graph(f, model.network.graph, inputs, masks)
    if len(found) == 1:
        return found[0]
    return [y for y, _ in found], [one for _, one in found]
