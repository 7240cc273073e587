"""Functional: a graph of layers with any number of inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._arguments import compatible
from rnncore.layers.core.input_layer import InputLayer
from rnncore.layers.graph.symbolic import SymbolicTensor
from rnncore.layers.layer import Layer
from rnncore.models.config import (
    graph_config,
    places_of,
    structured_tensors,
    tensors_of_config,
)
from rnncore.models.model import Model
from rnncore.networks.graph import Graph
from rnncore.networks.network import Network
from rnncore.training.ragged import Ragged, each
from rnncore.training.structure import Structure
from rnncore.utils._checks import check_flag
from rnncore.utils._names import free_name


class Functional(Model):
    """The class of ``Model(inputs, outputs)``; see `Model`."""

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        *,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name)
        given, self.inputs_structure = listed_tensors("inputs", inputs)
        made, self.outputs_structure = listed_tensors("outputs", outputs)
        if len(set(given)) < len(given):
            raise ValueError("Model: inputs: expected each tensor once, got one twice")
        self.network = Network(Graph(given, made))
        self._own_dtype = common_dtype(self.graph)
        expect_own_names(self.graph.layers)
        self.inputs, self.outputs = given, made
        self.built = True
        self.takes_several = len(given) > 1
        self.input_shape = [t.shape for t in given] if self.takes_several else given[0].shape  # type: ignore[assignment]
        self.declared_input_shape = None if self.takes_several else given[0].shape[1:]
        self.declared_batch_size = given[0].shape[0]
        # For each input the layers that read it, including those of nested models.
        self._readers = [self._readers_of(number) for number in self.graph.inputs]
        self.takes_ids = len(given) == 1 and any(one.takes_ids for one in self._readers[0])
        if not check_flag("Model", "trainable", trainable):
            self.trainable = False

    def _readers_of(self, number: int) -> list[Layer]:
        return [
            reader
            for step in self.graph.steps
            for index, taken in enumerate(step.inputs)
            if taken == number
            for reader in getattr(step.layer, "_readers", {index: [step.layer]})[index]
        ]

    # -- structure -----------------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        """The calls of the layers."""
        return self.network.graph

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once and including the inputs, in Keras' order."""
        return list(self.graph.layers)

    @property
    def dtype(self) -> np.dtype[Any]:
        """dtype of the weights and of the results."""
        return self._own_dtype

    @dtype.setter
    def dtype(self, value: np.dtype[Any]) -> None:
        raise ValueError(f"{self.name}: dtype: expected {self.dtype}, got {value}")

    def _structure(self) -> dict[str, Any]:
        places = places_of(self.graph, self.inputs)
        return {
            **self.current_arguments(),
            "layers": graph_config(self.graph, self.inputs),
            "input_layers": self.inputs_structure.restore([list(places[t]) for t in self.inputs]),
            "output_layers": self.outputs_structure.restore(
                [list(places[t]) for t in self.outputs]
            ),
        }

    @classmethod
    def _of_structure(
        cls, config: Mapping[str, Any], made: Mapping[str, Any] | None = None
    ) -> Self:
        tensors = tensors_of_config(config["layers"], made)
        return cls(
            structured_tensors(config["input_layers"], tensors),
            structured_tensors(config["output_layers"], tensors),
            name=config.get("name"),
            trainable=config.get("trainable", True),
        )

    def make_weights(self, input_shape: Any) -> None:
        """Check that the model takes inputs of `input_shape`; its weights already exist."""
        self.check_input_shape(input_shape)

    def check_input_shape(self, shape: Any) -> None:
        """Raise ValueError unless the model takes inputs of this shape; a list for several."""
        for index, one in enumerate(shape if self.takes_several else [shape]):
            expected = self.inputs[index].shape
            if not compatible(expected, one):
                argument = self.inputs_structure.argument("x", index)
                raise ValueError(f"{self.name}: {argument}: expected shape {expected}, got {one}")

    # -- computation ---------------------------------------------------------------------

    def convert_input(self, x: Any, argument: str = "x") -> NDArray[Any]:
        """Return the single input as an array that `run` takes, or raise if it is not numeric."""
        return self._converted(0, x, argument)

    def _converted(self, index: int, x: Any, argument: str) -> NDArray[Any]:
        """Return one input: token ids unchanged, anything else in the dtype of the model."""
        of_ids = [layer for layer in self._readers[index] if layer.takes_ids]
        for layer in of_ids:
            x = layer.convert_input(x, argument)
        array: NDArray[Any] = x if of_ids else super().convert_input(x, argument)
        return array

    def _taken(self, index: int, argument: str, array: NDArray[Any] | Ragged) -> Any:
        return each(argument, array, partial(self._converted, index, argument=argument))

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for node in self.graph.nodes:
            node.layer._nodes.append(node)


# Models made of tensors are of this class.
Model.functional = Functional


def listed_tensors(argument: str, value: Any) -> tuple[list[SymbolicTensor], Structure]:
    """Return the tensors in `value`, and their names: its keys, or those of their layers."""
    names: list[str] = []
    as_dict = isinstance(value, dict)
    if as_dict:  # in Keras' order, so that lists of weights match
        keys = sorted(value, key=str)
        names, value = [str(key) for key in keys], [value[key] for key in keys]
    tensors = list(value) if isinstance(value, (list, tuple)) else [value]
    for tensor in tensors:
        if not isinstance(tensor, SymbolicTensor):
            raise TypeError(
                f"Model: {argument}: expected symbolic tensors, as returned by Input and by "
                f"layers called on them, got {type(tensor).__name__}"
            )
    if not tensors:
        raise ValueError(f"Model: {argument}: expected at least one tensor, got none")
    for tensor in tensors[len(names) :]:  # numbered if a layer produces several
        names.append(free_name(tensor.name, names))
    return tensors, Structure(names, as_dict=as_dict)


def common_dtype(graph: Graph) -> np.dtype[Any]:
    layers = [layer for layer in graph.layers if not isinstance(layer, InputLayer)]
    dtypes = {layer.dtype: layer.name for layer in layers}
    if len(dtypes) > 1:
        named = " and ".join(f"{dtype} ({name!r})" for dtype, name in dtypes.items())
        raise ValueError(f"Model: dtype: expected the same in all layers, got {named}")
    return next(iter(dtypes), np.dtype(np.float32))


def expect_own_names(layers: Sequence[Layer]) -> None:
    names = [layer.name for layer in layers]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"Model: expected a unique name for each layer, got {name!r} twice")
