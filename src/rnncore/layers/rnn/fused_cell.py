"""What SimpleRNNCell, LSTMCell and GRUCell share: one step of a fused layer."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Self

from numpy.typing import NDArray

from rnncore.layers.layer import Shape
from rnncore.layers.rnn.fused import FusedLayer
from rnncore.layers.rnn.own_cell import AbstractRNNCell
from rnncore.layers.rnn.recurrent_layer import run


class FusedCell(AbstractRNNCell):
    """Base of the built-in cells, whose `layer` holds the weights.

    `RNN` runs whole sequences through a copy of that layer that shares the weights. Used alone, the
    cell runs that layer over one step, and draws a new dropout mask each time.
    """

    unsupported: Mapping[str, Any] = {**AbstractRNNCell.unsupported, "implementation": 2}

    layer_class: ClassVar[type[FusedLayer]]
    output_size: Any = property(attrgetter("layer.units"), doc="Size H of the output.")
    state_structure: Any = property(attrgetter("layer.state_sizes"), doc="Nested as states are.")

    layer: FusedLayer

    if TYPE_CHECKING:  # the properties that `__init_subclass__` makes

        def __getattr__(self, name: str) -> Any: ...

    def __init_subclass__(cls, layer_class: type[FusedLayer] | None = None, **kwargs: Any) -> None:
        """Join a cell and its layer, of which it shows the arguments and the weights."""
        super().__init_subclass__(**kwargs)
        if layer_class is not None:
            cls.layer_class, layer_class.cell_class = layer_class, cls
            _self, *arguments, _kwargs = inspect.signature(cls.__init__).parameters
            for name in (*arguments, "kernel", "recurrent_kernel", "bias"):
                doc = f"See `{layer_class.__name__}`."
                setattr(cls, name, property(attrgetter(f"layer.{name}"), doc=doc))

    def __init__(self, arguments: Mapping[str, Any], **kwargs: Any) -> None:
        """Make the cell and, with `arguments`, its layer, whose errors name the cell."""
        self.layer = self.layer_class.__new__(self.layer_class)
        self.layer._speaks_for = type(self).__name__
        self.layer_class.__init__(self.layer, name="cell", **arguments)
        self.children = (self.layer,)
        super().__init__(**kwargs)
        self.layer.name = self.name

    @property
    def state_size(self) -> int | list[int]:
        """Size of the state; for an LSTM a list of two."""
        sizes = self.layer.state_sizes
        return sizes if len(sizes) > 1 else sizes[0]

    # -- computation -----------------------------------------------------------------------

    def build(self, input_shape: Shape) -> None:
        self.build_inside(self.layer, (input_shape[0], None, input_shape[-1]))

    @classmethod
    def of(cls, layer: FusedLayer) -> Self:
        """Return a cell for an existing layer."""
        cell = cls.__new__(cls)
        cell.layer = layer
        cell.children = (layer,)
        AbstractRNNCell.__init__(cell, name=layer.name, trainable=layer.trainable)
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
