"""A network of layers: its structure, its weights, its table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.activations import Activation
from rnncore.layers._arguments import boolean
from rnncore.layers._buffers import Buffers
from rnncore.layers._members import unique
from rnncore.layers.graph.symbolic import Node, SymbolicTensor, is_symbolic
from rnncore.layers.layer import Layer, Shape, detached
from rnncore.layers.parameter import Parameter, building
from rnncore.layers.rnn.recurrent_layer import Recurrence
from rnncore.models.parameters import ParameterBuffer
from rnncore.models.summary import checked_options, summary_lines
from rnncore.training.batches import Batches
from rnncore.training.interfaces import Arrays, Inputs, Output
from rnncore.training.ragged import rectangular
from rnncore.training.structure import Structure
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

    dtype: np.dtype[Any]
    is_building = True  # always, as the weights are made by the layers inside

    def __init__(self, name: str | None) -> None:
        # Not Layer's: what a layer declares follows here from the layers inside.
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{type(self).__name__}: name: expected a string, got {name!r}")
        self.name = name or default_name(type(self))
        self.explicit_dtype: np.dtype[Any] | None = None
        self._parameters: list[Parameter] = []
        self._saved: Any = None
        self._buffers = Buffers()
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

    def output_shapes(self, shapes: Sequence[Shape]) -> list[Shape]:
        """Return the shapes of the outputs for inputs of `shapes`, batch axis included."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method output_shapes")

    def run(
        self,
        inputs: Arrays,
        masks: Sequence[NDArray[Any] | None] | None = None,
        *,
        training: bool | None = False,
        logits: Sequence[bool] = (),
    ) -> list[Output]:
        """Walk the layers forwards; with ``training=None`` each as its call in the graph said.

        Where `logits` says so, the layer that gives an output leaves its activation out, for a
        loss that contains it.
        """
        raise NotImplementedError(f"{type(self).__name__}: expected a method run")

    def run_backward(
        self, dys: Sequence[NDArray[Any] | None], *, need_dx: bool = False
    ) -> list[NDArray[Any] | None]:
        """Walk the layers backwards and write the gradients of all trainable weights.

        Returns the gradients of the inputs where `need_dx` asks for them.
        """
        raise NotImplementedError(f"{type(self).__name__}: expected a method run_backward")

    def output_activations(self) -> list[Activation | None]:
        """Return for each output the activation that a loss may take over, None without any."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method output_activations")

    # -- a network as a layer --------------------------------------------------------------

    @property
    def children(self) -> Sequence[Layer]:  # type: ignore[override]
        """The layers inside."""
        return self.layers

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> Any:
        return self.forward_with_mask(x, mask=mask, training=training)[0]

    def forward_with_mask(
        self, x: Any, *, mask: Any = None, training: bool | None = False, **arguments: Any
    ) -> tuple[Any, Any]:
        several = isinstance(x, list)
        outputs = self.run(
            tuple(x) if several else (x,),
            mask if several or mask is None else (mask,),
            training=training,
        )
        if len(outputs) == 1:
            return outputs[0]
        return [output.y for output in outputs], [output.mask for output in outputs]

    def backward(self, dy: Any, *, need_dx: bool = True) -> Any:
        found = self.run_backward(dy if isinstance(dy, list) else [dy], need_dx=need_dx)
        return found if self.takes_several else found[0]

    def compute_mask(self, x: Any, mask: Any) -> Any:
        return self.forward_with_mask(x, mask=mask)[1]

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
            training = boolean(self.name, "training", training)
        outputs = self.run(inputs, training=training)
        found = [detached(y, inputs, bool(training)) for y, _ in outputs]
        return self.outputs_structure.restore(found)

    def _flat_input(self, x: Any) -> Any:
        """Return symbolic inputs as `connect` takes them."""
        return x

    @property
    def penalizes_activity(self) -> bool:
        """Whether something flows back even if no loss depends on the outputs."""
        return any(layer.penalizes_activity for layer in self.layers)

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
        """Do what `reset_state` does."""
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

    def stateful_layers(self) -> list[Recurrence]:
        """Return the layers, also inside of others, that keep states from batch to batch."""

        def walk(layer: Layer) -> Iterator[Recurrence]:
            if isinstance(layer, Recurrence):
                if layer.stateful:
                    yield layer
            else:
                for child in layer.children:
                    yield from walk(child)

        return unique(walk(self))

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
