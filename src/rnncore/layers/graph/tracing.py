"""The gradient of a function of arrays made of operators only.

Such a function also takes symbolic tensors. ``lambda x: 100 * x[:, -1]`` then makes two layers,
whose backward is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.core.input_layer import Input
from rnncore.layers.graph.operators import ConstantOperation, GetItem, TensorOperation
from rnncore.layers.graph.symbolic import Node, SymbolicTensor
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.tape import Tape

Array = NDArray[Any]


class Traced:
    """The operators of a function, in order of application.

    Attributes
    ----------
    layers : list of Layer
        One for each operator.
    """

    def __init__(self, inputs: Sequence[SymbolicTensor], output: SymbolicTensor) -> None:
        self._inputs, self._output = inputs, output
        self._nodes: list[Node] = []
        self._collect(output)
        self.layers: list[Layer] = [node.layer for node in self._nodes]

    def _collect(self, tensor: SymbolicTensor) -> None:
        if tensor.node in self._nodes or any(tensor is one for one in self._inputs):
            return
        for one in tensor.node.inputs:
            self._collect(one)
        self._nodes.append(tensor.node)

    def forward(self, arrays: Sequence[Array]) -> tuple[Array, list[Any]]:
        """Return the output, and what `backward` needs."""
        values = {id(one): array for one, array in zip(self._inputs, arrays, strict=True)}
        tapes = []
        for node in self._nodes:
            taken = [values[id(one)] for one in node.inputs]
            x: Any = taken if node.takes_list else taken[0]
            values[id(node.outputs[0])], tape = node.layer.forward(x, training=True)
            tapes.append(tape)
        return values[id(self._output)], tapes

    def backward(self, tapes: list[Any], dy: Array, xs: Sequence[Array], tape: Tape) -> list[Array]:
        """Return the gradients of the inputs `xs`; sums are written to `memory`."""
        gradients: dict[int, Array] = {id(self._output): dy}
        for number, node in reversed(list(enumerate(self._nodes))):
            d = gradients.pop(id(node.outputs[0]))
            found = node.layer.backward(tapes[number], d)
            parts = found if node.takes_list else [found]
            for place, (one, part) in enumerate(zip(node.inputs, parts, strict=True)):
                before = gradients.get(id(one))
                if before is not None:
                    total = tape.take(f"sum {number} {place}", part.shape, part.dtype)
                    part = np.add(before, part, out=total)
                gradients[id(one)] = part
        zero = np.zeros((), dy.dtype)
        return [
            gradients.get(id(one), np.broadcast_to(zero, x.shape))
            for one, x in zip(self._inputs, xs, strict=True)
        ]


def traced(
    function: Callable[..., Any], shapes: Sequence[Shape], dtype: np.dtype[Any], *, several: bool
) -> Traced | None:
    """Return the operators of a function, or None if it does anything else."""
    inputs = [Input(shape[1:], dtype=dtype, name=f"x{i}") for i, shape in enumerate(shapes)]
    try:
        output = function(inputs if several else inputs[0])
        if not isinstance(output, SymbolicTensor):
            return None
        found = Traced(inputs, output)
    except Exception:  # a function written for arrays may raise anything
        return None
    known = (ConstantOperation, GetItem, TensorOperation)
    if not all(isinstance(layer, known) for layer in found.layers):
        return None
    for layer in found.layers:  # an Input has the dtype of the data, which does not matter here
        layer.dtype = layer.explicit_dtype = dtype
    return found
