"""Sequential: a chain of layers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.activations import Activation
from rnncore.layers._arguments import boolean, feature_shape
from rnncore.layers._convert import numeric_array
from rnncore.layers.base import Layer, Shape
from rnncore.layers.input_layer import InputLayer
from rnncore.layers.output_layer import OutputLayer
from rnncore.models.model import Model
from rnncore.training.interfaces import Output
from rnncore.utils._checks import float_dtype


class Sequential(Model):
    """A model whose layers follow each other.

    Parameters
    ----------
    layers : iterable of Layer, optional
        The same as calling `add` for each.
    name : str, default "sequential"
    dtype : {"float32", "float64"}, optional
        dtype of all weights and results. Default: what a layer asks for, else float32.
    trainable : bool, default True
        False freezes all layers given here.

    Raises
    ------
    TypeError, ValueError
        See `add`.

    Notes
    -----
    When the first layer says its input shape (by `Input`, ``input_shape=`` and the like) the
    weights are made at once, else when the first data come. All weights lie in one buffer, all
    gradients in another.

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
        layers: Iterable[Layer] | None = None,
        name: str | None = None,
        *,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name or "sequential")
        self._dtype = None if dtype is None else float_dtype("Sequential", dtype)
        self._layers: list[Layer] = []
        self._input: InputLayer | None = None
        if isinstance(layers, Layer) or not isinstance(layers or (), Iterable):
            raise TypeError(f"Sequential: layers: expected a list of layers, got {layers!r}")
        for layer in layers or ():
            self.add(layer)
        if not boolean("Sequential", "trainable", trainable):
            self.trainable = False

    # -- structure -----------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without `Input`."""
        return list(self._layers)

    @property
    def dtype(self) -> np.dtype[Any]:
        """dtype of the weights and of the results."""
        return self._dtype or np.dtype(np.float32)

    @property
    def built(self) -> bool:
        """Whether all weights exist."""
        return bool(self._layers) and all(layer.built for layer in self._layers)

    @property
    def declared_input_shape(self) -> Shape | None:
        """Shape of one sample as declared by the user, None when the data decide."""
        if self._input is not None:
            return self._input.declared_input_shape
        return self._layers[0].declared_input_shape if self._layers else None

    @property
    def input_shape(self) -> Shape | None:
        """Shape of the input with None for the batch; None while it is unknown."""
        declared = self.declared_input_shape
        if declared is not None:
            return (None, *declared)
        return self._layers[0].input_shape if self._layers else None

    @property
    def output_shape(self) -> Shape | None:
        """Shape of the output with None for the batch; None while it is unknown."""
        shape = self.input_shape
        return None if shape is None else self.compute_output_shape(shape)

    def add(self, layer: Any) -> None:
        """Append a layer.

        Parameters
        ----------
        layer : Layer
            A layer object that the model does not have yet; an `Input` only in front.

        Raises
        ------
        TypeError
            When `layer` is no layer.
        ValueError
            When it is in the model already, its name is taken, its dtype is another one than
            the model's, or it does not fit the output of the layer before.
        """
        if not isinstance(layer, Layer):
            hint = ", the class: write it with its arguments" if isinstance(layer, type) else ""
            raise TypeError(f"Sequential: layer: expected a layer object, got {layer!r}{hint}")
        if isinstance(layer, InputLayer):
            if self._layers or self._input is not None:
                raise ValueError("Sequential: Input: expected as the first layer only")
            self._input = layer
            return
        if any(layer is other for other in self._layers):
            raise ValueError(
                f"Sequential: layer: expected a new layer, got {layer.name!r} for the second time"
            )
        self._agree_on_name(layer)
        self._agree_on_dtype(layer)
        shape = self.output_shape if self._layers else self.input_shape
        if shape is None and not self._layers and layer.declared_input_shape is not None:
            shape = (None, *layer.declared_input_shape)
        if shape is not None:
            layer.make_weights(shape)
        self._layers.append(layer)

    def pop(self) -> Layer:
        """Remove the last layer and return it. ValueError when there is none."""
        if not self._layers:
            raise ValueError("Sequential: pop: the model has no layers")
        return self._layers.pop()

    def build(self, input_shape: Shape | None = None) -> None:
        """Make the weights.

        Parameters
        ----------
        input_shape : tuple, optional
            With the batch axis in front, as in Keras: ``(None, timesteps, features)``. Not
            needed when the first layer says it.

        Raises
        ------
        TypeError
            When `input_shape` is no tuple of integers and None.
        ValueError
            When there are no layers, no shape is known, or it contradicts the declared one.
        """
        if not self._layers:
            raise ValueError("Sequential: build: the model has no layers")
        known = self.input_shape
        if input_shape is None:
            if known is None:
                raise ValueError("Sequential: build: expected input_shape, got None")
            input_shape = known
        elif not isinstance(input_shape, (tuple, list)) or len(input_shape) < 2:
            raise TypeError(
                "Sequential: build: input_shape: expected a tuple such as (None, timesteps, "
                f"features), got {input_shape!r}"
            )
        else:
            sizes = feature_shape("Sequential", "build: input_shape", tuple(input_shape[1:]))
            input_shape = (input_shape[0], *sizes)
        if known is not None and not _compatible(known, tuple(input_shape)):
            raise ValueError(
                f"Sequential: build: input_shape: expected {known}, got {tuple(input_shape)}"
            )
        self._make_weights((None, *input_shape[1:]))

    def _make_weights(self, shape: Shape) -> None:
        for layer in self._layers:
            layer.make_weights(shape)
            shape = layer.compute_output_shape(shape)
        self._draw_seeds()

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output for inputs of `input_shape`, batch axis included."""
        for layer in self._layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def _agree_on_name(self, layer: Layer) -> None:
        taken = {other.name for other in self._layers}
        if layer.name not in taken:
            return
        if not layer.has_default_name:
            raise ValueError(
                f"Sequential: layer: expected a name of its own, got {layer.name!r} again"
            )
        count = 1
        while f"{layer.name}_{count}" in taken:
            count += 1
        layer.name = f"{layer.name}_{count}"

    def _agree_on_dtype(self, layer: Layer) -> None:
        wanted = layer.dtype if layer.built else layer.explicit_dtype
        if wanted is not None and self._dtype is None and not self.built:
            self._dtype = wanted
            for other in self._layers:
                other.dtype = wanted
        elif wanted is not None and wanted != self.dtype:
            raise ValueError(
                f"Sequential: {layer.name}: dtype: expected {self.dtype}, as the model has, "
                f"got {wanted}; a model has one dtype, Sequential(dtype=...) sets it"
            )
        layer.dtype = self.dtype

    # -- computation ---------------------------------------------------------------------

    def prepare_input(self, x: ArrayLike, argument: str = "x") -> NDArray[Any]:
        """Return `x` as an array that `run` takes, building the model when it is not yet.

        Raises
        ------
        ValueError, TypeError
            For a wrong shape (expected and received shape are named), a dtype that is not
            numeric, token ids outside the vocabulary, or no samples.
        """
        if not self._layers:
            raise ValueError("Sequential: the model has no layers")
        array = numeric_array(argument, x)
        if len(array) == 0:
            raise ValueError(f"{argument}: expected at least one sample, got shape {array.shape}")
        declared = self.declared_input_shape
        if declared is not None:
            array = _adjust_rank(array, len(declared) + 1, declared[-1])
            if not _compatible((None, *declared), array.shape):
                raise ValueError(
                    f"{argument}: expected shape {(None, *declared)}, got {array.shape}"
                )
        first = self._layers[0]
        if not self.built:
            # Only the features are fixed by the weights: other data may be longer.
            features = None if first.takes_ids else array.shape[-1]
            self._make_weights((*(None for _ in array.shape[:-1]), features))
        first.check_input_shape(array.shape)
        return first.convert_input(array, argument)

    def run(self, x: NDArray[Any], *, training: bool = False, to_logits: bool = False) -> Output:
        """Walk the layers forwards.

        With `to_logits` the last layer leaves its activation out, for a loss that contains it.
        Returns the output and the mask that belongs to it.
        """
        mask: NDArray[Any] | None = None
        last = self._layers[-1]
        for layer in self._layers:
            if to_logits and layer is last and isinstance(layer, OutputLayer):
                y = layer.forward_logits(x, training=training)
            else:
                y = layer.forward(x, mask=mask, training=training)
            mask = layer.compute_mask(x, mask)
            x = y
        return Output(x, mask)

    def run_backward(self, dy: NDArray[Any]) -> None:
        """Walk the layers backwards and write the gradients of all trainable weights."""
        lowest = next((i for i, layer in enumerate(self._layers) if layer.trainable_weights), None)
        if lowest is None:
            return
        for index in range(len(self._layers) - 1, lowest - 1, -1):
            dx = self._layers[index].backward(dy, need_dx=index > lowest)
            if dx is None:
                return
            dy = dx

    def output_activation(self) -> Activation | None:
        """Return the activation that a loss may take over, None when there is none."""
        last = self._layers[-1]
        return last.activation if isinstance(last, OutputLayer) else None


def _adjust_rank(array: NDArray[Any], rank: int, last: int | None) -> NDArray[Any]:
    """Give or take a last axis of size one, as Keras does."""
    if array.ndim == rank - 1 and last == 1:
        return array[..., None]
    if array.ndim == rank + 1 and array.shape[-1] == 1:
        return array[..., 0]
    return array


def _compatible(expected: Shape, shape: Shape) -> bool:
    return len(expected) == len(shape) and all(
        a is None or b is None or a == b for a, b in zip(expected, shape, strict=True)
    )
