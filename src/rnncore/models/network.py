"""A network of layers: its structure, its weights, its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.activations import Activation
from rnncore.layers._members import unique
from rnncore.layers.core.output_layer import OutputLayer
from rnncore.layers.graph.counted import CountedStep
from rnncore.layers.graph.symbolic import Node, SymbolicTensor, is_symbolic, leaves, replaced
from rnncore.layers.layer import Layer, Shape, detached
from rnncore.layers.parameter import Parameter, building
from rnncore.layers.tape import Tape
from rnncore.models.graph import Graph, Step
from rnncore.models.parameters import ParameterBuffer
from rnncore.models.summary import checked_options, summary_lines
from rnncore.training.batches import Batches
from rnncore.training.data import Arrays, Inputs, Output
from rnncore.training.ragged import rectangular
from rnncore.training.structure import Structure
from rnncore.utils._checks import check_flag
from rnncore.utils._names import default_name

# Nodes, each behind those that it needs, inputs and outputs.
Calls = tuple[Sequence[Node], Sequence[SymbolicTensor], Sequence[SymbolicTensor]]


class Network(Layer):
    """Layers that are connected somehow; a subclass says how.

    A network is a layer itself: it may stand in another one, with weights that are there once.

    Attributes
    ----------
    name : str
    """

    reads_mask = True
    dtype: np.dtype[Any]
    is_building = True  # always, as the weights are made by the layers inside

    def __init__(self, name: str | None) -> None:
        # Not Layer's: what a layer declares follows here from the layers inside.
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{type(self).__name__}: name: expected a string, got {name!r}")
        self.name = name or default_name(type(self))
        self.explicit_dtype: np.dtype[Any] | None = None
        self._parameters: list[Parameter] = []
        self._tapes: list[Tape] = []
        self._graph: Graph | None = None
        self._nodes: list[Node] = []
        self._buffer: ParameterBuffer | None = None

    # -- what subclasses give ------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once."""
        raise NotImplementedError(f"{type(self).__name__}: expected a property layers")

    @property
    def outputs_structure(self) -> Structure:
        """The names of the outputs, and the form in which they are given."""
        raise NotImplementedError(f"{type(self).__name__}: expected a property outputs_structure")

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs, by which a dict of targets, losses or metrics is read."""
        return list(self.outputs_structure.names)

    def prepare_input(self, x: Any, argument: str = "x") -> Inputs:
        """Return `x` as arrays that `run` takes, building the model when it is not yet."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method prepare_input")

    @property
    def graph(self) -> Graph:
        """The calls of the layers."""
        raise NotImplementedError(f"{self.name}: graph: expected a model that has one")

    # -- the walk ------------------------------------------------------------------------

    def run(
        self,
        inputs: Arrays,
        masks: Sequence[NDArray[Any] | None] | None = None,
        *,
        training: bool | None = False,
        logits: Sequence[bool] = (),
    ) -> tuple[list[Output], Tape | None]:
        """Walk the layers forwards; with ``training=None`` each as its call in the graph said.

        Where `logits` says so, the layer that gives an output leaves its activation out, for a
        loss that contains it. In training also returns what `run_backward` needs.
        """
        graph = self._graph or self.graph
        values: list[Any] = [None] * graph.size
        found_masks: list[Any] = [None] * graph.size
        for index, number in enumerate(graph.inputs):
            values[number] = inputs[index]
            found_masks[number] = None if masks is None else masks[index]
        bare: Any = ()
        if any(logits):
            bare = [n for n, wanted in zip(graph.outputs, logits, strict=True) if wanted]
        own = self.tape(bool(training))
        tapes: list[Any] = []
        for step in graph.steps:
            layer = step.layer
            if step.takes_list:
                x: Any = [self._as_taken(step, values[number]) for number in step.inputs]
                mask: Any = [found_masks[number] for number in step.inputs]
                mask = None if all(one is None for one in mask) else mask
            else:
                x, mask = values[step.inputs[0]], found_masks[step.inputs[0]]
                if x.dtype.kind != "f":
                    x = self._as_taken(step, x)
            if step.arguments or step.outputs[0] in bare or isinstance(layer, Network):
                y, mask, tape = self._call(step, values, x, mask, training, bare)
            else:
                y, tape = layer.forward(x, mask=mask, training=bool(training))
                if not step.passes_mask_on:
                    mask = layer.compute_mask(x, mask)
            penalty = None
            if layer.activity_regularizer is not None:
                penalty = layer.penalize(y, own, f"penalty {step.number}")
            tapes.append((tape, penalty))
            if step.gives_list:
                given = mask if isinstance(mask, list) else [mask]  # as in Keras of the first
                for index, number in enumerate(step.outputs):
                    values[number] = y[index]
                    found_masks[number] = given[index] if index < len(given) else None
            else:
                values[step.outputs[0]], found_masks[step.outputs[0]] = y, mask
            for number in step.finished:
                values[number] = None
        if own is not None:
            own.saved = tapes
        return [Output(values[number], found_masks[number]) for number in graph.outputs], own

    def _call(
        self,
        step: Step,
        values: Sequence[Any],
        x: Any,
        mask: Any,
        training: bool | None,
        bare: Sequence[int],
    ) -> tuple[Any, Any, Any]:
        """Return output, mask and tape of a call that has arguments or is special otherwise."""
        layer: Any = step.layer
        given = {"mask": mask, "training": training}
        if step.arguments:
            given = self._arguments(step, values, given)
            mask = given["mask"] if "mask" in step.arguments else mask
        if isinstance(layer, Network):
            y, mask, tape = layer.run_as_layer(x, **given)
            return y, mask, tape
        if step.outputs[0] in bare:
            y, tape = layer.forward_logits(x, mask=given["mask"], training=bool(training))
        else:
            y, tape = layer.forward(x, **{**given, "training": bool(given["training"])})
        return y, layer.compute_mask(x, mask), tape

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

    def _as_taken(self, step: Step, x: NDArray[Any]) -> NDArray[Any]:
        """Return token ids as numbers for a layer that reads them as such."""
        if x.dtype.kind == "f" or step.layer.takes_ids or isinstance(step.layer, Network):
            return x
        return x.astype(self.dtype)

    def run_backward(
        self, tape: Tape, dys: Sequence[NDArray[Any] | None], *, need_dx: bool = False
    ) -> list[NDArray[Any] | None]:
        """Walk the layers backwards and write the gradients of all trainable weights.

        Returns the gradients of the inputs where `need_dx` asks for them.
        """
        graph = self._graph or self.graph
        tapes = self.used(tape)
        gradients: list[Any] = [None] * graph.size
        for number, one in zip(graph.outputs, dys, strict=True):
            gradients[number] = _sum(gradients[number], one, number, tape)
        plan = graph.backward_plan(need_dx)
        written: set[int] = set()  # weights of layers that several steps call
        skipped = []
        for planned in plan:
            step, weights, below, beside = planned
            layer = step.layer
            kept, penalty = tapes[step.number]
            dy: Any = gradients[step.outputs[0]]
            if step.gives_list:
                dy = [gradients[number] for number in step.outputs]
            if penalty is not None:
                dy = layer.penalized(dy, penalty)
            elif (dy is None or (step.gives_list and not _flows(dy))) and (
                not layer.penalizes_activity
            ):
                skipped.append(planned)
                continue
            again = step.shared_parameters if step.shared else ()
            before = [(p, p.grad.copy()) for p in again if id(p) in written] if written else ()
            found = layer.backward(kept, dy, need_dx=bool(below))
            dx, others = found if layer.call_arguments else (found, {})
            for parameter, gradient in before:
                np.add(parameter.grad, gradient, out=parameter.grad)
                parameter.grad_rows = None
            if again:
                written.update(map(id, weights))
            for index, number in enumerate(step.inputs):
                if number in below:
                    one = dx[index] if step.takes_list else dx
                    known = gradients[number]
                    gradients[number] = one if known is None else _sum(known, one, number, tape)
            for name in step.arguments if beside else ():
                for tensor, one in zip(
                    leaves(step.arguments[name]), leaves(others.get(name, ())), strict=False
                ):
                    number = graph.numbers[tensor] if isinstance(tensor, SymbolicTensor) else -1
                    if number in beside:
                        gradients[number] = _sum(gradients[number], one, number, tape)
            del found, dx, others  # memory for the layers below
        if skipped:  # no loss depends on them
            done = {id(p) for one in plan if one not in skipped for p in one.weights}
            for parameter in (p for one in skipped for p in one.weights if id(p) not in done):
                parameter.grad[...] = 0
                parameter.grad_rows = None
        return [gradients[number] for number in graph.inputs]

    def output_activations(self) -> list[Activation | None]:
        """Return for each output the activation that a loss may take over, None without any."""
        found: list[Activation | None] = []
        for number in self.graph.outputs:
            step = self.graph.maker(number)
            layer: Any = None if step is None else step.layer
            alone = isinstance(layer, OutputLayer) and self.graph.only_reader(number)
            found.append(layer.removable_activation if alone else None)
        return found

    def output_shapes(self, shapes: Sequence[Shape]) -> list[Shape]:
        """Return the shapes of the outputs for inputs of `shapes`, batch axis included."""
        found: list[Any] = [None] * self.graph.size
        for number, shape in zip(self.graph.inputs, shapes, strict=True):
            found[number] = shape
        for step in self.graph.steps:
            taken: Any = [found[number] for number in step.inputs]
            taken = taken if step.takes_list else taken[0]
            given: Any = step.layer.call_output_shape(taken, step.arguments)
            for index, number in enumerate(step.outputs):
                found[number] = given[index] if step.gives_list else given
        return [found[number] for number in self.graph.outputs]

    # -- a network as a layer --------------------------------------------------------------

    @property
    def children(self) -> Sequence[Layer]:  # type: ignore[override]
        """The layers inside."""
        return self.layers

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        y, _, tape = self.run_as_layer(x, mask=mask, training=training)
        return y, tape

    def run_as_layer(
        self, x: Any, *, mask: Any = None, training: bool | None = False
    ) -> tuple[Any, Any, Tape | None]:
        """Return output and mask, lists of several, and what `backward` needs; see `run`."""
        several = isinstance(x, list)
        outputs, tape = self.run(
            tuple(x) if several else (x,),
            mask if several or mask is None else (mask,),
            training=training,
        )
        if len(outputs) == 1:
            return (*outputs[0], tape)
        return [output.y for output in outputs], [output.mask for output in outputs], tape

    def backward(self, tape: Tape, dy: Any, *, need_dx: bool = True) -> Any:
        dys = dy if isinstance(dy, list) else [dy]
        found = self.run_backward(tape, dys, need_dx=need_dx)
        return found if self.takes_several else found[0]

    def mask_steps(
        self, inputs: list[CountedStep], masks: list[CountedStep | None]
    ) -> list[CountedStep | None]:
        return []

    def compute_mask(self, x: Any, mask: Any) -> Any:
        return self.run_as_layer(x, mask=mask)[1]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output for inputs of `input_shape`, batch axis included.

        A list of shapes for and from a network with several.
        """
        shapes = self.output_shapes(input_shape if self.takes_several else [input_shape])
        return shapes[0] if len(shapes) == 1 else shapes

    # -- use ------------------------------------------------------------------------------

    def __call__(  # type: ignore[override]
        self, x: Any, *, mask: Any = None, training: bool | None = None
    ) -> Any:
        """Compute the outputs of one batch; with ``training=True`` dropout is active.

        On symbolic tensors the model becomes part of a graph, as a layer does.
        """
        if is_symbolic(x):
            found = super().__call__(self._flat_input(x), mask=mask, training=training)
            return self.outputs_structure.restore(found if isinstance(found, tuple) else [found])
        if mask is not None:
            raise ValueError(f"{self.name}: mask: expected None, got {type(mask).__name__}")
        inputs = rectangular(f"{self.name}: x", self.prepare_input(x))
        if training is not None:
            training = check_flag(self.name, "training", training)
        outputs, _ = self.run(inputs, training=training)
        found = [detached(y, inputs) for y, _ in outputs]
        return self.outputs_structure.restore(found)

    def _flat_input(self, x: Any) -> Any:
        """Return symbolic inputs as `connect` takes them."""
        return x

    # -- states --------------------------------------------------------------------------

    def reset_state(self) -> None:
        """Let the next batch of every stateful layer inside start from zeros.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncore import Input, Sequential
        >>> from rnncore.layers import LSTM
        >>> model = Sequential([Input(batch_shape=(1, 5, 2)), LSTM(3, stateful=True)])
        >>> x = np.ones((1, 5, 2))
        >>> first, second = model.predict(x, verbose=0), model.predict(x, verbose=0)
        >>> model.reset_state()
        >>> bool((first != second).any() and (model.predict(x, verbose=0) == first).all())
        True
        """
        for layer in self.stateful_layers():
            layer.reset_state()

    def reset_states(self) -> None:
        """Same as `reset_state`."""
        self.reset_state()

    def expect_batches(self, owner: str, source: Any) -> None:
        """Raise ValueError unless all batches have the size that the states of layers are for.

        Nothing is known beforehand of batches that come one by one.
        """
        layers = self.stateful_layers()
        if not layers or not isinstance(source, Batches):
            return
        size, count = source.batch_size, len(source.samples)
        for layer in layers:
            expected = size if layer.states is None else layer.states[0].shape[0]
            if size != expected or count % expected:
                raise ValueError(
                    f"{owner}: batch_size: expected {expected} and as many samples as fill whole "
                    f"batches, as {layer.name!r} is stateful, got {size} for {count} samples"
                )

    # -- weights -------------------------------------------------------------------------

    @property
    def weights(self) -> list[Parameter]:
        """All weights, layer by layer, in Keras' order."""
        return unique(parameter for layer in self.layers for parameter in layer.weights)

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The weights that the optimizer may change."""
        return [parameter for parameter in self.weights if parameter.trainable]

    @property
    def trainable(self) -> bool:
        """Whether any layer may change; setting it sets all layers."""
        return any(layer.trainable for layer in self.layers)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self.layers:
            layer.trainable = value

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by name or by position. ValueError when there is none such."""
        if (name is None) == (index is None):
            raise ValueError("get_layer: expected one of name and index")
        if name is not None:
            for layer in self.layers:
                if layer.name == name:
                    return layer
            known = ", ".join(layer.name for layer in self.layers)
            raise ValueError(f"get_layer: name: expected one of {known}, got {name!r}")
        layers = self.layers
        whole = isinstance(index, int) and not isinstance(index, bool)
        if index is None or not whole or not -len(layers) <= index < len(layers):
            raise ValueError(f"get_layer: index: expected one below {len(layers)}, got {index!r}")
        return layers[index]

    def forget_weights(self) -> None:
        """Do nothing: the weights are those of the layers inside."""

    def count_params(self) -> int:
        """Return the number of weights' elements. ValueError before the model is built."""
        if not self.built:
            raise ValueError(f"{self.name}: count_params: the model is not built yet")
        return sum(parameter.size for parameter in self.weights)

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print the layers, their output shapes, numbers of parameters, and in a graph their edges.

        Parameters
        ----------
        line_length : int, optional
            Width of the table; longer entries go on in the next line. Default: as wide as needed.
        positions : list of float, optional
            Where the columns end, as shares of the line or, if the last is above 1, in characters.
        print_fn : callable, default `print`
            Called with each line.
        expand_nested : bool, default False
            Whether the layers of models inside are shown too.
        show_trainable : bool, default False
            Whether a column says which layers are trained: Y, N, or - without weights.
        layer_range : list of two str, optional
            Names, or patterns of names, of the first and the last layer to show.

        Raises
        ------
        ValueError, TypeError
            For an argument of another kind, too narrow columns, or names of no layer.
        """
        options = checked_options(
            line_length, positions, expand_nested, show_trainable, layer_range
        )
        show = print if print_fn is None else print_fn
        for line in summary_lines(self.name, self.layers, self._sources(), options):
            show(line)

    def layer_calls(self) -> Calls:
        """Return the calls of the layers, each behind those that it needs, and the two ends.

        AttributeError while the shape of the input is unknown.
        """
        raise NotImplementedError(f"{type(self).__name__}: expected a method layer_calls")

    def _sources(self) -> dict[str, list[str]] | None:
        """Return the names of the layers that each is connected to, None in a chain."""
        return None

    def _ensure_buffer(self) -> ParameterBuffer:
        """Return the buffer of all weights, moving them in when they are elsewhere."""
        with building:
            parameters = self.weights
            if self._buffer is None or not self._buffer.holds(parameters):
                self._buffer = ParameterBuffer(parameters, self.dtype)
            return self._buffer

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name} layers={len(self.layers)}>"

    def __getstate__(self) -> dict[str, Any]:
        # The weights travel with their layers; the buffer is made anew at first use.
        return {**super().__getstate__(), "_buffer": None}


def _flows(dys: list[Any]) -> bool:
    return any(one is not None for one in dys)


def _sum(
    one: NDArray[Any] | None, other: NDArray[Any] | None, number: int, tape: Tape
) -> NDArray[Any] | None:
    """Return the sum of two gradients of a tensor, which others may read: it is a new array."""
    if one is None or other is None:
        return other if one is None else one
    total = tape.take(f"gradient {number}", one.shape, one.dtype)
    return np.add(one, other, out=total)
