"""A network of layers: its structure, its weights, its table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.activations import Activation
from rnncore.layers._arguments import boolean
from rnncore.layers.base import Layer, Shape, assign_all
from rnncore.layers.parameter import Parameter, building
from rnncore.models.parameters import ParameterBuffer
from rnncore.models.summary import summary_lines
from rnncore.training.interfaces import Output


class Network:
    """Layers that are connected somehow; a subclass says how.

    Attributes
    ----------
    name : str
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{type(self).__name__}: name: expected a string, got {name!r}")
        self.name = name
        self._buffer: ParameterBuffer | None = None

    # -- what subclasses give ------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once."""
        raise NotImplementedError

    @property
    def built(self) -> bool:
        """Whether all weights exist."""
        raise NotImplementedError

    @property
    def dtype(self) -> np.dtype[Any]:
        """dtype of the weights and of the results."""
        raise NotImplementedError

    def prepare_input(self, x: ArrayLike, argument: str = "x") -> NDArray[Any]:
        """Return `x` as an array that `run` takes, building the model when it is not yet."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output for inputs of `input_shape`, batch axis included."""
        raise NotImplementedError

    def run(self, x: NDArray[Any], *, training: bool = False, to_logits: bool = False) -> Output:
        """Walk the layers forwards."""
        raise NotImplementedError

    def run_backward(self, dy: NDArray[Any]) -> None:
        """Walk the layers backwards and write the gradients of all trainable weights."""
        raise NotImplementedError

    def output_activation(self) -> Activation | None:
        """Return the activation that a loss may take over, None when there is none."""
        raise NotImplementedError

    # -- use ------------------------------------------------------------------------------

    def __call__(self, x: ArrayLike, *, training: bool = False) -> NDArray[Any]:
        """Compute the outputs of one batch; with ``training=True`` dropout is active."""
        inputs = self.prepare_input(x)
        y = self.run(inputs, training=boolean(self.name, "training", training)).y
        return y.copy() if training else y  # in training it is the last layer's own

    # -- weights -------------------------------------------------------------------------

    @property
    def weights(self) -> list[Parameter]:
        """All weights, layer by layer, in Keras' order."""
        return [parameter for layer in self.layers for parameter in layer.weights]

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The weights that the optimizer may change."""
        return [parameter for layer in self.layers for parameter in layer.trainable_weights]

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

    def get_weights(self) -> list[NDArray[Any]]:
        """Return copies of all weights, in Keras' order and shapes."""
        return [parameter.value.copy() for parameter in self.weights]

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Set all weights from a list of arrays, as `get_weights` returns them.

        Raises
        ------
        ValueError, TypeError
            When the number of arrays or a shape differs, or an array does not hold plain numbers
            that the dtype of the weights can hold; no weight is changed then.
        """
        assign_all(self.name, self.weights, weights)

    def count_params(self) -> int:
        """Return the number of weights' elements. ValueError before the model is built."""
        return sum(layer.count_params() for layer in self.layers)

    def summary(self, print_fn: Callable[[str], Any] | None = None) -> None:
        """Print the layers, their output shapes and numbers of parameters.

        Parameters
        ----------
        print_fn : callable, default `print`
            Called with each line.
        """
        show = print if print_fn is None else print_fn
        for line in summary_lines(self.name, self.layers):
            show(line)

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
        return {**self.__dict__, "_buffer": None}
