"""The symbolic tensors of a Sequential."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnncore.layers.core.input_layer import InputLayer
from rnncore.layers.graph.symbolic import Node, SymbolicTensor
from rnncore.layers.layer import Layer


class Chain:
    """Calls of layers, each on what the one before gives.

    Attributes
    ----------
    nodes : list of Node
        That of the input in front; none while its shape is unknown.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def start(self, first: InputLayer, layers: Sequence[Layer] = ()) -> None:
        """Call the layers one after the other, on an input; all or none of them."""
        nodes = [first.output.node]
        try:
            for layer in layers:
                nodes.append(_connected(layer, nodes[-1]))
        except BaseException:
            for node in nodes[1:]:
                node.layer._nodes.remove(node)
            raise
        self.nodes = nodes

    def append(self, layer: Layer) -> None:
        """Call one more layer."""
        self.nodes.append(_connected(layer, self.nodes[-1]))

    def pop(self) -> None:
        """Undo the last call."""
        node = self.nodes.pop()
        node.layer._nodes.remove(node)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for node in self.nodes:
            node.layer._nodes.append(node)


def _connected(layer: Layer, before: Node) -> Node:
    tensor = layer.connect(before.outputs[0])
    if not isinstance(tensor, SymbolicTensor):
        layer._nodes.pop()
        raise ValueError(
            f"Sequential: layer: expected a layer with one output, got {layer.name!r}, which gives "
            f"{len(tensor)}"
        )
    return tensor.node
