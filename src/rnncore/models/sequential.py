"""Sequential: a chain of layers."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.layers._arguments import compatible, feature_shape
from rnncore.layers._members import walk
from rnncore.layers.core.input_layer import InputLayer
from rnncore.layers.graph.symbolic import Node, SymbolicTensor
from rnncore.layers.layer import Layer, Shape, unbuilt_on_failure
from rnncore.layers.parameter import building
from rnncore.models.config import layer_of
from rnncore.models.model import Model
from rnncore.networks.graph import Graph
from rnncore.networks.network import Network
from rnncore.training.data import Inputs
from rnncore.training.ragged import Ragged, each
from rnncore.training.structure import Structure
from rnncore.utils._checks import check_flag, float_dtype
from rnncore.utils._config import record

_DEFAULT_NAME = re.compile(r"input_layer(_\d+)?")


def _of_first(attribute: str, default: Any, doc: str) -> Any:
    """Return a property that has the value of the first layer; the `Input` declares the shape."""

    def value(model: Sequential) -> Any:
        declaring = attribute.startswith("declared") and model._input is not None
        first = [model._input] if declaring else model._layers[:1]
        return getattr(first[0], attribute) if first else default

    return property(value, doc=doc)


class Sequential(Model):
    """A model whose layers form a chain.

    Parameters
    ----------
    layers : iterable of Layer, optional
        The same as calling `add` for each.
    name : str, default "sequential"
    dtype : {"float32", "float64"}, optional
        dtype of all weights and results. Default: that of a layer, else float32.
    trainable : bool, default True
        False freezes all layers given here.

    Raises
    ------
    TypeError, ValueError
        See `add`.

    Notes
    -----
    If the input shape is declared (by `Input`, ``input_shape=`` or similar) the weights are made at
    once, otherwise with the first data.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.layers import LSTM, Dense
    >>> model = Sequential([LSTM(8, input_shape=(10, 3)), Dense(1)])
    >>> model.compile(optimizer="adam", loss="mse")
    >>> x, y = np.zeros((4, 10, 3)), np.zeros((4, 1))
    >>> _ = model.fit(x, y, verbose=0)
    >>> model.predict(x, verbose=0).shape
    (4, 1)
    """

    def __init__(
        self,
        layers: Iterable[Layer | SymbolicTensor] | None = None,
        name: str | None = None,
        *,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name)
        self.explicit_dtype = None if dtype is None else float_dtype("Sequential", dtype)
        self._layers: list[Layer] = []
        self._network: Network | None = None
        self._input: InputLayer | None = None
        # The calls of the layers, starting with the input's; empty while its shape is unknown.
        self._chain: list[Node] = []
        if isinstance(layers, Layer) or not isinstance(layers or (), Iterable):
            raise TypeError(f"Sequential: layers: expected a list of layers, got {layers!r}")
        for layer in layers or ():
            self.add(layer)
        if not check_flag("Sequential", "trainable", trainable):
            self.trainable = False

    # -- structure -----------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without `Input`."""
        return list(self._layers)

    @property
    def network(self) -> Network:  # type: ignore[override]
        if self._network is None:
            self._network = Network(Graph(self.inputs, self.outputs))
        return self._network

    @property
    def inputs(self) -> list[SymbolicTensor]:  # type: ignore[override]
        """The symbolic input; AttributeError while its shape is unknown.

        ``Model(model.inputs, model.layers[-2].output)`` computes the output of the second-to-last
        layer with the same weights.
        """
        return [self._known_chain()[0].outputs[0]]

    @property
    def outputs(self) -> list[SymbolicTensor]:  # type: ignore[override]
        """The symbolic output; AttributeError while the shape of the input is unknown."""
        return [self._known_chain()[-1].outputs[0]]

    def _known_chain(self) -> list[Node]:
        if not self._chain and self.built:  # its layers were, one by one
            self.build()
        if not self._chain:
            raise AttributeError(
                f"{self.name}: inputs, outputs: expected a model that knows its input shape (start "
                "with an Input, or call build), got one that does not"
            )
        return self._chain

    @property
    def inputs_structure(self) -> Structure:  # type: ignore[override]
        """The name of the input, ``input_layer`` while there is none."""
        return Structure([self._chain[0].layer.name if self._chain else "input_layer"])

    @property
    def outputs_structure(self) -> Structure:  # type: ignore[override]
        """The name of the output: that of the last layer."""
        return Structure([self._layers[-1].name if self._layers else "output"])

    @property
    def dtype(self) -> np.dtype[Any]:
        """dtype of the weights and of the results."""
        return self.explicit_dtype or np.dtype(np.float32)

    @dtype.setter
    def dtype(self, value: np.dtype[Any]) -> None:
        self.explicit_dtype = value
        for layer in self._layers:
            layer.dtype = value

    @property
    def built(self) -> bool:  # type: ignore[override]
        """Whether all weights exist."""
        return bool(self._layers) and all(layer.built for layer in self._layers)

    takes_ids = _of_first("takes_ids", False, "Whether the input is token ids.")
    fixed_axes = _of_first("fixed_axes", (), "The axes of the input whose sizes the weights fix.")
    declared_input_shape = _of_first(
        "declared_input_shape",
        None,
        "Shape of one sample as declared by the user; None if the data decide.",
    )
    declared_batch_size = _of_first(
        "declared_batch_size", None, "Batch size as declared by the user; None for any."
    )

    @property
    def input_shape(self) -> Shape | None:  # type: ignore[override]
        """Shape of the input with None for the batch; None while it is unknown."""
        declared = self.declared_input_shape
        if declared is not None:
            return (self.declared_batch_size, *declared)
        return self._layers[0].input_shape if self._layers else None

    def _structure(self) -> dict[str, Any]:
        layers: list[Layer] = self.layers
        if self.declared_input_shape is not None:
            layers.insert(0, self.input.node.layer)
        return {
            **self.current_arguments(),
            "dtype": self.dtype.name,
            "layers": [{**record(layer), "name": layer.name} for layer in layers],
            "build_input_shape": self.input_shape if self.built else None,
        }

    @classmethod
    def _of_structure(
        cls, config: Mapping[str, Any], made: Mapping[str, Any] | None = None
    ) -> Self:
        model = cls(
            [layer_of(entry, made) for entry in config["layers"]],
            config.get("name"),
            dtype=config.get("dtype"),
            trainable=config.get("trainable", True),
        )
        shape = config.get("build_input_shape")
        if shape is not None and not model.built:
            model.build(tuple(shape))
        return model

    def add(self, layer: Any) -> None:
        """Append a layer.

        Parameters
        ----------
        layer : Layer
            A layer that is not in the model yet; an `Input` only comes first.

        Raises
        ------
        TypeError
            If `layer` is not a layer.
        ValueError
            If it is in the model already, its name is taken, its dtype differs from the model's, or
            it does not fit the output of the layer before.
        """
        if isinstance(layer, SymbolicTensor) and isinstance(layer.node.layer, InputLayer):
            layer = layer.node.layer
        if not isinstance(layer, Layer):
            hint = ", the class: write it with its arguments" if isinstance(layer, type) else ""
            raise TypeError(f"Sequential: layer: expected a layer object, got {layer!r}{hint}")
        if isinstance(layer, InputLayer):
            if self._layers or self._input is not None:
                raise ValueError("Sequential: Input: expected as the first layer only")
            self._input = layer
            self._start_chain(layer)
            return
        if layer.takes_several:
            raise ValueError(
                f"Sequential: layer: expected a layer with one input, got {layer.name!r}"
            )
        if any(layer is other for other in self._layers):
            raise ValueError(
                f"Sequential: layer: expected a new layer, got {layer.name!r} for the second time"
            )
        if layer.name in (other.name for other in (self._input, *self._layers) if other):
            raise ValueError(f"Sequential: layer: expected a unique name, got {layer.name!r} again")
        self._agree_on_dtype_of(layer)
        if not self._layers and self._input is None and layer.declared_input_shape is not None:
            first = InputLayer(layer.declared_input_shape, layer.declared_batch_size)
            self._start_chain(first, [layer])
        elif self._chain:
            self._chain.append(_connected(layer, self._chain[-1]))
        self._layers.append(layer)
        self._network = None

    def pop(self) -> Layer:
        """Remove the last layer and return it; ValueError if there is none."""
        if not self._layers:
            raise ValueError("Sequential: pop: the model has no layers")
        layer = self._layers.pop()
        self._network = None
        if self._chain:
            node = self._chain.pop()
            node.layer._nodes.remove(node)
        if not self._layers and self._input is None:
            self._chain = []  # the shape was that layer's
        return layer

    def build(self, input_shape: Shape | None = None) -> None:
        """Make the weights.

        Parameters
        ----------
        input_shape : tuple, optional
            Including the batch axis, as in Keras: ``(None, timesteps, features)``. Not needed if it
            is declared by the first layer.

        Raises
        ------
        TypeError
            If `input_shape` is not a tuple of integers and None.
        ValueError
            If there are no layers, no shape is known, or it contradicts the declared one.
        """
        if not self._layers:
            raise ValueError("Sequential: build: the model has no layers")
        known = self.input_shape
        given = known if input_shape is None else input_shape
        if given is None:
            raise ValueError("Sequential: build: expected input_shape, got None")
        if not isinstance(given, (tuple, list)) or len(given) < 2:
            raise TypeError(
                "Sequential: build: input_shape: expected a tuple such as (None, timesteps, "
                f"features), got {given!r}"
            )
        shape = feature_shape("Sequential", "build: input_shape", given)
        if known is not None and not compatible(known, shape):
            raise ValueError(f"Sequential: build: input_shape: expected {known}, got {shape}")
        self._make_weights(shape)

    def _make_weights(self, shape: Shape) -> None:
        with building, unbuilt_on_failure(self):
            self._layers[0].make_weights(shape)  # reports data it cannot take before building
            if not self._chain:
                self._start_chain(InputLayer(shape[1:], shape[0]), self._layers)
            self._draw_seeds()

    def _start_chain(self, first: InputLayer, layers: Sequence[Layer] = ()) -> None:
        """Call the layers in sequence on an input; all or none of them."""
        nodes = [first.output.node]
        try:
            for layer in layers:
                nodes.append(_connected(layer, nodes[-1]))
        except BaseException:
            for node in nodes[1:]:
                node.layer._nodes.remove(node)
            raise
        self._chain = nodes

    def make_weights(self, input_shape: Shape) -> None:
        """Build the model as part of another one, for inputs of `input_shape`."""
        with building:
            if not self.built:
                self.build(input_shape)
            self.check_input_shape(input_shape)

    def _agree_on_dtype_of(self, layer: Layer) -> None:
        wanted = layer.known_dtype
        if wanted is not None and self.explicit_dtype is None and not self.built:
            self.dtype = wanted
        elif wanted is not None and wanted != self.dtype:
            raise ValueError(
                f"Sequential: {layer.name}: dtype: expected {self.dtype}, that of the model, got "
                f"{wanted}; a model has one dtype, which Sequential(dtype=...) sets"
            )
        if layer.dtype != self.dtype:
            layer.dtype = self.dtype

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for node in self._chain:
            node.layer._nodes.append(node)

    # -- computation ---------------------------------------------------------------------

    def convert_input(self, x: ArrayLike, argument: str = "x") -> NDArray[Any]:
        """Return `x` as an array that `run` takes; raise for what is not numeric."""
        return self._layers[0].convert_input(x, argument)

    def prepare_input(self, x: Any, argument: str = "x") -> Inputs:
        if not self._layers:
            raise ValueError("Sequential: the model has no layers")
        (name,) = self.input_names
        if isinstance(x, Mapping) and len(x) == 1 and _DEFAULT_NAME.fullmatch(name):
            x = {name: next(iter(x.values()))}  # the user did not choose the name
        alone = isinstance(x, (list, tuple)) and len(x) == 1 and hasattr(x[0], "ndim")
        if alone and not self.input_shape:
            with contextlib.suppress(ValueError):  # else it is one sample
                return self.prepare_input(x[0], argument)
        return super().prepare_input(x, argument)

    def _expected_shapes(self) -> list[Shape | None]:
        declared = self.declared_input_shape
        return [None if declared is None else (None, *declared)]

    def _taken(self, index: int, argument: str, array: NDArray[Any] | Ragged) -> Any:
        first = self._layers[0]
        if not self.built:
            # The weights fix only the features, unless a layer needs more: other data may be
            # longer.
            shape: Shape = (None, *array.shape[1:])
            if not any(one.needs_sizes for one in walk(*self._layers)):
                features = None if first.takes_ids else array.shape[-1]
                shape = (*(None for _ in array.shape[:-1]), features)
            self._make_weights(shape)
        first.check_input_shape((None, *array.shape[1:]))  # the samples come in batches
        return each(argument, array, lambda one: first.convert_input(one, argument))


def _connected(layer: Layer, before: Node) -> Node:
    tensor = layer.connect(before.outputs[0])
    if not isinstance(tensor, SymbolicTensor):
        layer._nodes.pop()
        raise ValueError(
            f"Sequential: layer: expected a layer with one output, got {layer.name!r}, which gives "
            f"{len(tensor)}"
        )
    return tensor.node
