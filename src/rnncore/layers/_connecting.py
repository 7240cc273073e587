"""Layers in graphs: the calls on symbolic tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncore.layers.graph.symbolic import Node, SymbolicTensor

if TYPE_CHECKING:
    from rnncore.layers.layer import Shape


class Connectable:
    """What `Layer` has of graphs."""

    name: str
    dtype: np.dtype[Any]
    built: bool
    explicit_dtype: np.dtype[Any] | None

    # Whether the input is a list of arrays.
    takes_several = False

    _nodes: list[Node]

    def make_weights(self, input_shape: Shape) -> None:
        """Build the layer unless that is done."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method make_weights")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output for inputs of `input_shape`, batch axis included."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method compute_output_shape")

    def check_arguments(self, arguments: Mapping[str, Any], shape: Any) -> dict[str, Any]:
        """Return the arguments of a call beside an input of `shape`, without those left out."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method check_arguments")

    def call_output_shape(self, input_shape: Shape, arguments: Mapping[str, Any]) -> Any:
        """Return the shape of what a call with these arguments gives, a list for several."""
        return self.compute_output_shape(input_shape)

    def connect(self, x: Any, **arguments: Any) -> Any:
        """Make a call on symbolic tensors part of a graph and return what it gives."""
        several = isinstance(x, (list, tuple))
        tensors = list(x) if several else [x]
        for tensor in tensors:
            if not isinstance(tensor, SymbolicTensor):
                raise TypeError(
                    f"{self.name}: x: expected symbolic tensors only, got {type(tensor).__name__}"
                )
        if several != self.takes_several:
            if self.takes_several:
                texts = "a list of symbolic tensors", "one alone"
            else:
                texts = (
                    "one symbolic tensor",
                    (
                        "a list; only a layer whose class sets takes_several = True takes one, and "
                        "Concatenate and its like make one tensor of several"
                    ),
                )
            raise TypeError(f"{self.name}: x: expected {texts[0]}, got {texts[1]}")
        self._agree_on_dtype(tensors)
        shapes: Any = [tensor.shape for tensor in tensors] if several else tensors[0].shape
        self.make_weights(shapes)
        arguments = self.check_arguments(arguments, shapes)
        node = Node(
            self,  # type: ignore[arg-type]
            tensors,
            self.call_output_shape(shapes, arguments),
            self.dtype,
            takes_list=several,
            arguments=arguments,
        )
        self._agree_on_dtype(node.reads)
        self._nodes.append(node)
        return node.outputs if node.gives_list else node.outputs[0]

    def _agree_on_dtype(self, tensors: Sequence[SymbolicTensor]) -> None:
        """Take over the dtype of the layers below; the dtype of an `Input` is that of the data."""
        for tensor in tensors:
            if not tensor.node.inputs:
                continue
            if not self.built and self.explicit_dtype is None:
                self.dtype = self.explicit_dtype = tensor.dtype
            elif self.dtype != tensor.dtype:
                raise ValueError(
                    f"{self.name}: dtype: expected {tensor.dtype}, that of {tensor.name!r}, got "
                    f"{self.dtype}; a model has one dtype, which every first layer has to ask for"
                )

    def _first_node(self, argument: str) -> Node:
        if not self._nodes:
            raise AttributeError(
                f"{self.name}: {argument}: expected a layer that was called on a symbolic tensor "
                "or whose model knows its input shape, got one that was not"
            )
        return self._nodes[0]

    @property
    def input(self) -> Any:
        """The symbolic tensor that the layer was called on, a list where it takes several.

        That of the first call, as in Keras; a `Sequential` that knows its input shape calls its
        layers. AttributeError when there was no call.
        """
        node = self._first_node("input")
        return list(node.inputs) if node.takes_list else node.inputs[0]

    @property
    def output(self) -> Any:
        """The symbolic tensor that the layer gave; see `input`."""
        node = self._first_node("output")
        return list(node.outputs) if node.gives_list else node.outputs[0]
