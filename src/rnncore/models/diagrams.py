"""What a drawing of a model shows of its layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rnncore.layers.graph.symbolic import Node, SymbolicTensor
from rnncore.layers.layer import Layer
from rnncore.layers.rnn.bidirectional import Bidirectional
from rnncore.layers.rnn.rnn import RNN
from rnncore.layers.rnn.time_distributed import TimeDistributed
from rnncore.utils.drawing.diagram import Box, Diagram, Edge

_WRAPPED = ((Bidirectional, "forward_layer"), (TimeDistributed, "layer"), (RNN, "cell"))

# Nodes, inputs and outputs.
Calls = tuple[Sequence[Node], Sequence[SymbolicTensor], Sequence[SymbolicTensor]]


class Shown(NamedTuple):
    """What the boxes say; see `rnncore.utils.plot_model`."""

    shapes: bool = False
    dtypes: bool = False
    names: bool = False
    nested: bool = False
    activations: bool = False
    trainable: bool = False


def diagram_of(
    nodes: Sequence[Node],
    inputs: Sequence[SymbolicTensor],
    outputs: Sequence[SymbolicTensor],
    shown: Shown,
) -> Diagram:
    """Return the diagram of calls, each of which stands behind those that it needs."""
    makers: dict[SymbolicTensor, tuple[int, int]] = {}  # box and number of the output
    boxes: list[Box] = []
    edges: list[Edge] = []
    calls = [node.layer for node in nodes]
    within = set(nodes)
    for tensor in inputs:
        if tensor.node not in within:  # a tensor of another model, or one that nothing reads
            makers[tensor] = (len(boxes), 0)
            boxes.append(Box("Input", _tensor_lines("", [tensor], shown), kind="input"))
    for node in nodes:
        number = len(boxes)
        boxes.append(_box(node, shared=calls.count(node.layer) > 1, shown=shown))
        for index, tensor in enumerate(node.reads):
            source, output = makers[tensor]
            edges.append(Edge(source, number, output, min(index, len(node.inputs) - 1)))
        for index, tensor in enumerate(node.outputs):
            makers.setdefault(tensor, (number, index))
    return Diagram(
        boxes, edges, [makers[one][0] for one in inputs], [makers[one][0] for one in outputs]
    )


def _box(node: Node, *, shared: bool, shown: Shown) -> Box:
    layer = node.layer
    lines = []
    activation = getattr(layer, "activation", None)
    if shown.activations and activation is not None:
        lines.append(f"Activation: {getattr(activation, 'name', activation)}")
    if node.inputs:
        lines += _tensor_lines("Input ", node.inputs, shown)
    lines += _tensor_lines("Output ", node.outputs, shown)
    if shown.trainable and layer.weights:
        lines.append(f"Trainable: {layer.trainable}")
    kind = "layer" if node.inputs else "input"
    inner = None
    if hasattr(layer, "diagram"):
        kind = "model"
        inner = layer.diagram(**shown._asdict()) if shown.nested else None
    title = f"{layer.name} ({_class_name(layer)})" if shown.names else _class_name(layer)
    return Box(title, lines, kind, shared, inner)


def _class_name(layer: Layer) -> str:
    """Return the class, with that of the wrapped layer: ``Bidirectional(LSTM)``."""
    name = type(layer).__name__
    for wrapper, attribute in _WRAPPED:
        if isinstance(layer, wrapper):
            return f"{name}({_class_name(getattr(layer, attribute))})"
    return name


def _tensor_lines(prefix: str, tensors: Sequence[SymbolicTensor], shown: Shown) -> list[str]:
    def line(what: str, values: list[Any]) -> str:
        said = f"{prefix}{what}"
        return f"{said[0].upper()}{said[1:]}: {', '.join(map(str, values))}"

    lines = [line("shape", [tensor.shape for tensor in tensors])] if shown.shapes else []
    if shown.dtypes:
        lines.append(line("dtype", [tensor.dtype for tensor in tensors]))
    return lines
