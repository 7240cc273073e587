"""What SimpleRNNCell, LSTMCell and GRUCell share: one step of a fused layer."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Self

from numpy.typing import NDArray

from rnncore.layers.layer import Shape
from rnncore.layers.parameter import Parameter
from rnncore.layers.rnn.fused import FusedLayer
from rnncore.layers.rnn.own_cell import AbstractRNNCell
from rnncore.layers.rnn.recurrent_layer import run


def of_layer(name: str, doc: str | None = None) -> Any:
    """Return a property that reads an attribute of the cell's layer."""
    return property(lambda self: getattr(self.layer, name), doc=doc)


class FusedCell(AbstractRNNCell):
    """Base of the built-in cells; a subclass makes `layer`, which holds the weights.

    `RNN` runs whole sequences through a copy of that layer that shares the weights. Used alone, the
    cell runs that layer over one step, and draws a new dropout mask each time.
    """

    unsupported: Mapping[str, Any] = {**AbstractRNNCell.unsupported, "implementation": 2}

    units: int = of_layer("units", "Size H of the states and of the output.")
    output_size: int = of_layer("units", "Size H of the output.")
    state_structure: list[int] = of_layer("state_sizes", "Nested as the states are.")
    kernel: Parameter = of_layer("kernel", "Weights of the input.")
    recurrent_kernel: Parameter = of_layer("recurrent_kernel", "Weights of the state h.")
    bias: Parameter | None = of_layer("bias", "None without one.")
    activation: Any = of_layer("activation")
    use_bias: bool = of_layer("use_bias")
    kernel_initializer: Any = of_layer("kernel_initializer")
    recurrent_initializer: Any = of_layer("recurrent_initializer")
    bias_initializer: Any = of_layer("bias_initializer")
    kernel_regularizer: Any = of_layer("kernel_regularizer")
    recurrent_regularizer: Any = of_layer("recurrent_regularizer")
    bias_regularizer: Any = of_layer("bias_regularizer")
    kernel_constraint: Any = of_layer("kernel_constraint")
    recurrent_constraint: Any = of_layer("recurrent_constraint")
    bias_constraint: Any = of_layer("bias_constraint")
    dropout: float = of_layer("dropout")
    recurrent_dropout: float = of_layer("recurrent_dropout")
    seed: Any = of_layer("seed")

    layer: FusedLayer  # made before this class' constructor runs

    def __init__(self, **kwargs: Any) -> None:
        self.children = (self.layer,)
        super().__init__(**kwargs)
        self.layer.name = self.name

    def make_layer(self, kind: type[FusedLayer], **arguments: Any) -> None:
        """Make the cell's layer, whose errors name the cell."""
        self.layer = kind.__new__(kind)
        self.layer._speaks_for = type(self).__name__
        kind.__init__(self.layer, **arguments)

    @property
    def state_size(self) -> int | list[int]:
        """Size of the state; for an LSTM a list of two."""
        sizes = self.layer.state_sizes
        return sizes if len(sizes) > 1 else sizes[0]

    # -- computation -----------------------------------------------------------------------

    def build(self, input_shape: Shape) -> None:
        self.layer.dtype = self.dtype
        self.layer.make_weights((input_shape[0], None, input_shape[-1]))

    @classmethod
    def of(cls, layer: FusedLayer) -> Self:
        """Return a cell for an existing layer."""
        cell = cls.__new__(cls)
        dtype = layer.dtype if layer.built else layer.explicit_dtype
        cell.layer = layer
        FusedCell.__init__(cell, name=layer.name, dtype=dtype, trainable=layer.trainable)
        if layer.built and layer.input_shape is not None:
            cell.make_weights((None, layer.input_shape[-1]))
        return cell

    def sequence_layer(self) -> FusedLayer:
        """Return a layer that shares the weights but has its own tapes."""
        layer = copy.copy(self.layer)
        layer.return_sequences = False
        return layer

    def forward(  # type: ignore[override]
        self, inputs: NDArray[Any], states: list[NDArray[Any]], training: bool = False
    ) -> tuple[NDArray[Any], list[NDArray[Any]], Any]:
        """Compute one step."""
        layer = self.layer
        _, new, tape = run(layer.forward_steps(inputs[:, None], None, training, states, None))
        return new[0], list(new), tape

    def backward(  # type: ignore[override]
        self, saved: Any, dy: NDArray[Any], dstates: list[NDArray[Any]]
    ) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        """Compute the gradients of one step and accumulate those of the weights."""
        before = [weight.grad.copy() for weight in self.weights]
        dh, *rest = dstates
        dx: Any
        dx, new = run(self.layer.backward_steps(saved, None, [dy + dh, *rest], True))
        for weight, earlier in zip(self.weights, before, strict=True):
            weight.grad += earlier
        return dx[:, 0], list(new)
