"""The order in which a graph's layers run, forward and backward."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from rnncore.layers._members import members, unique
from rnncore.layers.graph.symbolic import Node, SymbolicTensor
from rnncore.layers.layer import Layer
from rnncore.layers.parameter import Parameter
from rnncore.networks.keras_order import depth_first, layers_in_order


class Step(NamedTuple):
    """One call of a layer; tensors are identified by their numbers in the graph.

    Attributes
    ----------
    number : int
    layer : Layer
    plain : bool
        Whether a layer of the library maps one tensor, `input`, to one, `output`, and takes no
        other arguments: most do, and need none of what the others do.
    input, output : int
        The first of `inputs` and of `outputs`.
    floats : dtype or None
        What other inputs, such as token ids, are converted to; None if the layer takes ids.
    makes_mask : bool
        Whether the output may have a mask where the input has none.
    finished : tuple of int
        The tensors that this step is the last to read.
    inputs, outputs : tuple of int
    reads : tuple of int
        The inputs, and the tensors in `arguments`.
    arguments : dict
        The other arguments of the call; see `Node`.
    takes_list, gives_list : bool
        Whether the layer takes and returns lists.
    shared : list of Layer
        The layers (this one or some inside it) that another step calls too.
    """

    number: int
    layer: Layer
    plain: bool
    input: int
    output: int
    floats: np.dtype[Any] | None
    makes_mask: bool
    finished: tuple[int, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    reads: tuple[int, ...]
    arguments: dict[str, Any]
    takes_list: bool
    gives_list: bool
    shared: list[Layer]

    @property
    def shared_parameters(self) -> list[Parameter]:
        """The weights that get gradients from several steps."""
        return unique(p for layer in self.shared for p in layer.weights)


class Planned(NamedTuple):
    """A step of the backward pass.

    Attributes
    ----------
    step : Step
    plain : bool
        Whether the step is, and no other calls the layer or one inside it.
    weights : list of Parameter
        The layer's trained weights.
    below, beside : list of int
        The tensors whose gradients are needed, among the step's inputs and among all it reads.
    """

    step: Step
    plain: bool
    weights: list[Parameter]
    below: list[int]
    beside: list[int]


class Graph:
    """The calls of layers between some inputs and some outputs.

    Attributes
    ----------
    nodes : list of Node
        Each after those that it needs.
    steps : list of Step
        The same with numbers instead of tensors, without the inputs.
    inputs, outputs : tuple of int
    numbers : dict of SymbolicTensor to int
    size : int
        The number of tensors.
    layers : list of Layer
        Each once, in the order in which Keras lists them and their weights.
    """

    def __init__(self, inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor]) -> None:
        self.nodes = _ordered(inputs, outputs)
        numbers: dict[SymbolicTensor, int] = {}
        for tensor in (*inputs, *(t for node in self.nodes for t in node.outputs)):
            numbers.setdefault(tensor, len(numbers))
        self.inputs = tuple(numbers[tensor] for tensor in inputs)
        self.outputs = tuple(numbers[tensor] for tensor in outputs)
        self.numbers = numbers
        self.size = len(numbers)
        self.layers = layers_in_order(inputs, outputs, self.nodes)
        self.steps = self._make_steps([node for node in self.nodes if node.inputs], numbers)
        self._plans: dict[bool, tuple[int, list[Planned]]] = {}

    def _make_steps(self, nodes: list[Node], numbers: dict[SymbolicTensor, int]) -> list[Step]:
        inside = [members(node.layer) for node in nodes]
        calls: dict[int, int] = {}
        for layer in (layer for found in inside for layer in found):
            calls[id(layer)] = calls.get(id(layer), 0) + 1
        last_reader = {numbers[t]: i for i, node in enumerate(nodes) for t in node.reads}
        steps = []
        for i, node in enumerate(nodes):
            layer = node.layer
            several = node.takes_list or node.gives_list
            steps.append(
                Step(
                    i,
                    layer,
                    not (several or node.arguments or layer.is_model or layer.is_own),
                    numbers[node.inputs[0]],
                    numbers[node.outputs[0]],
                    None if layer.takes_ids else layer.dtype,
                    layer.makes_mask,
                    tuple(t for t in last_reader if last_reader[t] == i and t not in self.outputs),
                    tuple(numbers[t] for t in node.inputs),
                    tuple(numbers[t] for t in node.outputs),
                    tuple(numbers[t] for t in node.reads),
                    node.arguments,
                    node.takes_list,
                    node.gives_list,
                    [one for one in inside[i] if calls[id(one)] > 1],
                )
            )
        return steps

    def backward_plan(self, need_dx: bool) -> list[Planned]:
        """Return the steps of the backward pass, the last first.

        Depends on which weights are trained, and is recomputed after any layer is frozen or
        unfrozen.
        """
        known = self._plans.get(need_dx)
        changes = Parameter.trainable_changes
        if known is not None and known[0] == changes:
            return known[1]
        wanted = [False] * self.size  # whether anything below a tensor needs its gradient
        for number in self.inputs:
            wanted[number] = need_dx
        plan = []
        for step in self.steps:
            weights = step.layer.trainable_weights
            wants = bool(weights) or any(wanted[number] for number in step.reads)
            for number in step.outputs:
                wanted[number] = wants
            if wants:
                below = [number for number in step.inputs if wanted[number]]
                beside = [number for number in step.reads if wanted[number]]
                plain = step.plain and not step.shared
                plan.append(Planned(step, plain, weights, below, beside))
        plan.reverse()
        self._plans[need_dx] = (changes, plan)
        return plan

    @property
    def is_chain(self) -> bool:
        """Whether each layer is called once, on nothing but the output of the one before."""
        nodes = self.nodes
        return (
            len(nodes) == len(self.layers)
            and all(len(node.reads) <= 1 for node in nodes)
            and all(after.inputs[:1] == node.outputs[:1] for node, after in pairwise(nodes))
        )


def _ordered(inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor]) -> list[Node]:
    """Return the nodes between, each after those that it needs."""
    given = set(inputs)

    def needed(tensors: Iterable[SymbolicTensor]) -> Iterator[Node]:
        for tensor in tensors:
            if tensor not in given and not tensor.node.inputs:
                raise ValueError(
                    "Model: outputs: expected tensors that depend only on the inputs, but they "
                    f"also need {tensor!r}"
                )
            if tensor not in given or not tensor.node.inputs:
                yield tensor.node

    return list(depth_first(needed(outputs), lambda node: needed(node.reads), {}))
