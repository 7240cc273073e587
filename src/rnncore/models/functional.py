"""Functional: a graph of layers with any number of inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rnncore.activations import Activation
from rnncore.layers._arguments import boolean
from rnncore.layers._members import Memory, exchange
from rnncore.layers.core.output_layer import OutputLayer
from rnncore.layers.graph.symbolic import SymbolicTensor, leaves, replaced
from rnncore.layers.layer import Layer, Shape
from rnncore.models._shapes import compatible, fitted
from rnncore.models._tensors import common_dtype, expect_own_names, listed_tensors, unique_names
from rnncore.models.graph import Graph, Step
from rnncore.models.graph_config import (
    graph_config,
    places_of,
    structured_places,
    structured_tensors,
    tensors_of_config,
)
from rnncore.models.model import Model
from rnncore.models.network import Calls
from rnncore.training.interfaces import Arrays, Inputs, Output
from rnncore.training.ragged import Ragged, each
from rnncore.training.structure import Structure


class Functional(Model):
    """What ``Model(inputs, outputs)`` makes; see `Model`."""

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        *,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name)
        given, input_names = listed_tensors("inputs", inputs)
        made, output_names = listed_tensors("outputs", outputs)
        if len(set(given)) < len(given):
            raise ValueError("Model: inputs: expected each tensor once, got one for a second time")
        self.graph = Graph(given, made)
        self._own_dtype = common_dtype(self.graph)
        expect_own_names(self.graph.layers)
        self.inputs, self.outputs = given, made
        self.inputs_structure = Structure(
            input_names or unique_names(given), as_dict=input_names is not None
        )
        self._outputs_structure = Structure(
            output_names or unique_names(made), as_dict=output_names is not None
        )
        self.built = True
        self.takes_several = len(given) > 1
        self.input_shape = [t.shape for t in given] if self.takes_several else given[0].shape  # type: ignore[assignment]
        self.declared_input_shape = None if self.takes_several else given[0].shape[1:]
        self.declared_batch_size = given[0].shape[0]
        self._last_layers = [self._last_layer(number) for number in self.graph.outputs]
        # For each input the layers that read it, also those inside of models inside.
        self._readers = [self._readers_of(number) for number in self.graph.inputs]
        self.takes_ids = len(given) == 1 and any(one.takes_ids for one in self._readers[0])
        if not boolean("Model", "trainable", trainable):
            self.trainable = False

    def _readers_of(self, number: int) -> list[Layer]:
        readers: list[Layer] = []
        for step in self.graph.steps:
            for index, taken in enumerate(step.inputs):
                if taken == number:
                    layer = step.layer
                    inner = layer._readers[index] if isinstance(layer, Functional) else [layer]
                    readers.extend(inner)
        return readers

    # -- structure -----------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once, those of the inputs among them, in Keras' order."""
        return list(self.graph.layers)

    @property
    def outputs_structure(self) -> Structure:
        """The names of the outputs, and the form in which they are given."""
        return self._outputs_structure

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs, by which a dict of data is read."""
        return list(self.inputs_structure.names)

    @property
    def dtype(self) -> np.dtype[Any]:
        """dtype of the weights and of the results."""
        return self._own_dtype

    @dtype.setter
    def dtype(self, value: np.dtype[Any]) -> None:
        raise ValueError(f"{self.name}: dtype: expected {self.dtype}, got {value}")

    @property
    def input(self) -> Any:
        """The symbolic input, a list or a dict of several."""
        return self.inputs_structure.restore(self.inputs)

    @property
    def output(self) -> Any:
        """The symbolic output, a list or a dict of several."""
        return self._outputs_structure.restore(self.outputs)

    def _structure(self) -> dict[str, Any]:
        places = places_of(self.graph, self.inputs)
        return {
            "name": self.name,
            "trainable": self.trainable,
            "layers": graph_config(self.graph, self.inputs),
            "input_layers": structured_places(self.inputs_structure, self.inputs, places),
            "output_layers": structured_places(self._outputs_structure, self.outputs, places),
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
        """Check that the model takes inputs of `input_shape`; its weights are there."""
        self.check_input_shape(input_shape)

    def check_input_shape(self, shape: Any) -> None:
        """Raise ValueError unless the model takes an input (several: a list) of this shape."""
        for index, one in enumerate(shape if self.takes_several else [shape]):
            expected = self.inputs[index].shape
            if not compatible(expected, one):
                argument = self.inputs_structure.argument("x", index)
                raise ValueError(f"{self.name}: {argument}: expected shape {expected}, got {one}")

    def output_shapes(self, shapes: Sequence[Shape]) -> list[Shape]:
        found: list[Any] = [None] * self.graph.size
        for number, shape in zip(self.graph.inputs, shapes, strict=True):
            found[number] = shape
        for step in self.graph.steps:
            taken = [found[number] for number in step.inputs]
            taken_shape: Any = taken if step.takes_list else taken[0]
            given: Any = step.layer.call_output_shape(taken_shape, step.arguments)
            _spread(found, step, given)
        return [found[number] for number in self.graph.outputs]

    def layer_calls(self) -> Calls:
        return self.graph.nodes, self.inputs, self.outputs

    def _sources(self) -> dict[str, list[str]] | None:
        if self.graph.is_chain:
            return None
        found: dict[str, list[str]] = {layer.name: [] for layer in self.layers}
        for node in self.graph.nodes:
            found[node.layer.name].extend(tensor.name for tensor in node.reads)
        return found

    def _flat_input(self, x: Any) -> Any:
        parts = self.inputs_structure.flatten(f"{self.name}: x", x)
        return parts if self.takes_several else parts[0]

    # -- computation ---------------------------------------------------------------------

    def convert_input(self, x: Any, argument: str = "x") -> NDArray[Any]:
        """Return the one input as an array that `run` takes; raise for what is not numeric."""
        return self._converted(0, x, argument)

    def _converted(self, index: int, x: Any, argument: str) -> NDArray[Any]:
        """Return one input: token ids as they are, all else in the dtype of the model."""
        of_ids = [layer for layer in self._readers[index] if layer.takes_ids]
        for layer in of_ids:
            x = layer.convert_input(x, argument)
        array: NDArray[Any] = x if of_ids else super().convert_input(x, argument)
        return array

    def prepare_input(self, x: Any, argument: str = "x") -> Inputs:
        """Return `x`, one array, a list or a dict, as arrays that `run` takes.

        Sequences of different lengths are yet to be padded.

        Raises
        ------
        ValueError, TypeError
            For another number of inputs, unknown names, a wrong shape, a dtype that is not
            numeric, token ids outside the vocabulary, different numbers of samples or none.
        """
        arrays: list[NDArray[Any] | Ragged] = []
        rank = len(self.inputs[0].shape)
        parts = self.inputs_structure.flatten(argument, x, whole=lambda a: a.ndim >= rank)
        for index, part in enumerate(parts):
            name = self.inputs_structure.argument(argument, index)
            array = fitted(name, part, self.inputs[index].shape)
            if arrays and len(array) != len(arrays[0]):
                raise ValueError(
                    f"{name}: expected as many samples as the first input has, {len(arrays[0])}, "
                    f"got {len(array)}"
                )
            convert = partial(self._converted, index, argument=name)
            arrays.append(each(name, array, convert))
        return tuple(arrays)

    def run(
        self,
        inputs: Arrays,
        masks: Sequence[NDArray[Any] | None] | None = None,
        *,
        training: bool | None = False,
        logits: Sequence[bool] = (),
    ) -> list[Output]:
        graph = self.graph
        values: list[Any] = [None] * graph.size
        found_masks: list[Any] = [None] * graph.size
        for index, number in enumerate(graph.inputs):
            values[number] = inputs[index]
            found_masks[number] = None if masks is None else masks[index]
        bare = {number for number, wanted in zip(graph.outputs, logits, strict=False) if wanted}
        memories: dict[int, Memory] = (self._saved or {}) if training else {}
        for step in graph.steps:
            xs = [self._as_taken(step.layer, values[number]) for number in step.inputs]
            ms = [found_masks[number] for number in step.inputs]
            x: Any = xs if step.takes_list else xs[0]
            mask: Any = ms if step.takes_list else ms[0]
            if step.takes_list and all(one is None for one in ms):
                mask = None
            aside = None
            if training and step.shared:
                aside = exchange(step.shared, memories.get(step.number))
            given = {"mask": mask, "training": training}
            if step.arguments:
                given = self._arguments(step, values, given)
                mask = given["mask"] if "mask" in step.arguments else mask
            if step.outputs[0] in bare and isinstance(step.layer, OutputLayer):
                y: Any = step.layer.forward_logits(x, mask=given["mask"], training=bool(training))
                mask = step.layer.compute_mask(x, mask)
            else:
                y, found = step.layer.forward_with_mask(x, **given)
                mask = found if given["mask"] is mask else step.layer.compute_mask(x, mask)
                if given["training"] and not training:
                    y = _own(y)
            if step.layer.activity_regularizer is not None:
                step.layer.penalize(y, training=training)
            if aside is not None:
                memories[step.number] = exchange(step.shared, aside)
            _spread(values, step, y)
            _spread(found_masks, step, mask)
            for number in step.finished:
                values[number] = None
        if training:
            self._saved = memories
        return [Output(values[number], found_masks[number]) for number in graph.outputs]

    def _arguments(
        self, step: Step, values: Sequence[Any], given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the arguments of a call with arrays in place of tensors.

        `given` are those that the model gives: what it says of training counts, and its mask
        where the call has none, but, as in Keras 3, not beside other arrays: such a mask goes on
        without being applied.
        """

        def array(tensor: SymbolicTensor) -> NDArray[Any]:
            found: NDArray[Any] = values[self.graph.numbers[tensor]]
            return found

        found = {name: replaced(value, array) for name, value in step.arguments.items()}
        if "mask" in found:  # an Input of it comes in the dtype of the model
            masks = found["mask"] if step.takes_list else [found["mask"]]
            masks = [None if one is None else one.astype(bool, copy=False) for one in masks]
            found["mask"] = masks if step.takes_list else masks[0]
        elif any(isinstance(one, np.ndarray) for one in leaves(list(found.values()))):
            found["mask"] = None
        if given["training"] is not None:
            found["training"] = given["training"]
        return {**given, **found}

    def _as_taken(self, layer: Layer, x: NDArray[Any]) -> NDArray[Any]:
        """Return token ids as numbers for a layer that reads them as such."""
        if x.dtype.kind == "f" or layer.takes_ids or isinstance(layer, Functional):
            return x
        return x.astype(self.dtype)

    def run_backward(
        self, dys: Sequence[NDArray[Any] | None], *, need_dx: bool = False
    ) -> list[NDArray[Any] | None]:
        graph = self.graph
        wanted = self._wanted(need_dx)
        gradients: list[NDArray[Any] | None] = [None] * graph.size
        for number, one in zip(graph.outputs, dys, strict=True):
            self._add(gradients, number, one)
        missing = {id(p): p for p in self.trainable_weights}
        written: set[int] = set()
        for step in reversed(graph.steps):
            given = [gradients[number] for number in step.outputs]
            below = any(wanted[number] for number in step.inputs)
            beside = any(wanted[number] for number in step.reads)
            weights = step.layer.trainable_weights
            flows = any(dy is not None for dy in given) or step.layer.penalizes_activity
            if not flows or not (weights or beside):
                continue
            memories: dict[int, Memory] = self._saved
            aside = exchange(step.shared, memories[step.number]) if step.shared else None
            again = step.shared_parameters if step.shared else ()
            before = [(p, p.grad.copy()) for p in again if id(p) in written]
            dy: Any = given if step.gives_list else given[0]
            if step.layer.activity_regularizer is not None:
                dy = step.layer.penalized(dy)
            dx, others = step.layer.backward_with_arguments(dy, need_dx=below)
            for parameter, gradient in before:
                np.add(parameter.grad, gradient, out=parameter.grad)
                parameter.grad_rows = None
            if aside is not None:
                memories[step.number] = exchange(step.shared, aside)
            for parameter in weights:
                written.add(id(parameter))
                missing.pop(id(parameter), None)
            for number, one in zip(step.inputs, dx if step.takes_list else [dx], strict=True):
                if wanted[number]:
                    self._add(gradients, number, one)
            for name, gradient in others.items():
                given_ones = leaves(step.arguments.get(name, ()))
                for tensor, one in zip(given_ones, leaves(gradient), strict=False):
                    if isinstance(tensor, SymbolicTensor) and wanted[graph.numbers[tensor]]:
                        self._add(gradients, graph.numbers[tensor], one)
        for parameter in missing.values():  # no output depends on them
            parameter.grad[...] = 0
            parameter.grad_rows = None
        return [gradients[number] for number in graph.inputs]

    def _wanted(self, need_dx: bool) -> list[bool]:
        """Return for each tensor whether anything that it is made of wants its gradient."""
        wanted = [False] * self.graph.size
        for number in self.graph.inputs:
            wanted[number] = need_dx
        for step in self.graph.steps:
            wants = any(wanted[number] for number in step.reads)
            wants = wants or bool(step.layer.trainable_weights)
            for number in step.outputs:
                wanted[number] = wants
        return wanted

    def _add(
        self, gradients: list[NDArray[Any] | None], number: int, dy: NDArray[Any] | None
    ) -> None:
        """Add to the gradient of a tensor; what came first may be read elsewhere."""
        first = gradients[number]
        if dy is None or first is None:
            gradients[number] = first if dy is None else dy
        else:
            total = self._buffers.take(f"gradient {number}", dy.shape, dy.dtype)
            gradients[number] = np.add(first, dy, out=total)

    def output_activations(self) -> list[Activation | None]:
        return [
            None if layer is None else layer.removable_activation for layer in self._last_layers
        ]

    def _last_layer(self, number: int) -> OutputLayer | None:
        """Return the layer that gives an output if a loss may take over its activation."""
        step = self.graph.maker(number)
        if step is None or not self.graph.only_reader(number):
            return None
        return step.layer if isinstance(step.layer, OutputLayer) else None

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for node in self.graph.nodes:
            node.layer._nodes.append(node)


def _own(y: Any) -> Any:
    """Return copies of what a layer may overwrite at its next call in the graph."""
    return [one.copy() for one in y] if isinstance(y, list) else y.copy()


def _spread(values: list[Any], step: Step, given: Any) -> None:
    """Store what a layer gave under the numbers of its outputs."""
    parts = given if isinstance(given, list) else [given] * len(step.outputs)
    for number, part in zip(step.outputs, parts, strict=True):
        values[number] = part
