"""TimeDistributed: one layer at every time step."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from rnncore.layers.base import Layer, Shape
from rnncore.layers.output_layer import OutputLayer


class TimeDistributed(OutputLayer):
    """Apply a layer to every time step by itself, with the same weights.

    Parameters
    ----------
    layer : Layer
        Its input is one step: for ``(B, T, ...)`` it computes ``B * T`` samples at once.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and the like: see `Layer`.

    Raises
    ------
    TypeError
        When `layer` is no layer.
    ValueError
        When the input has fewer than three axes, or a dtype is asked for that is not the layer's.

    Notes
    -----
    Weights: those of `layer`. The mask goes on to the layers behind; `layer` gets its part of it
    when a step has one axis, so that a `BatchNormalization` leaves padding out. Its statistics
    are those of all steps together.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import LSTM, TimeDistributed
    >>> TimeDistributed(LSTM(4))(np.zeros((2, 5, 7, 3))).shape
    (2, 5, 4)
    """

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise TypeError(f"TimeDistributed: layer: expected a layer object, got {layer!r}")
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = layer.dtype if layer.built else layer.explicit_dtype
        super().__init__(**kwargs)
        wanted = layer.dtype if layer.built else layer.explicit_dtype
        if wanted is not None and wanted != self.dtype:
            raise ValueError(
                f"TimeDistributed: dtype: expected {wanted}, that of {layer.name!r}, "
                f"got {self.dtype}"
            )
        self.layer = layer
        self.children: tuple[Layer] = (layer,)
        self.trainable = self.trainable and layer.trainable
        self.needs_features = layer.needs_features
        self.takes_ids = layer.takes_ids
        # A loss may take it over from the layer at every step.
        self.activation: Any = layer.activation if isinstance(layer, OutputLayer) else None

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) < 3:
            raise ValueError(
                f"{self.name}: x: expected at least 3 axes (batch, timesteps, ...), "
                f"got shape {input_shape}"
            )
        self.layer.dtype = self.dtype
        self.layer.make_weights((None, *input_shape[2:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        step = self.layer.compute_output_shape((None, *input_shape[2:]))
        return (*input_shape[:2], *step[1:])

    def convert_input(self, x: ArrayLike, argument: str = "x") -> NDArray[Any]:
        if self.takes_ids:
            return self.layer.convert_input(x, argument)
        return super().convert_input(x, argument)

    def forward(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        rows = None if mask is None or x.ndim != 3 else mask.reshape(-1)
        y = self.layer.forward(_folded(x), mask=rows, training=training)
        return y.reshape(*x.shape[:2], *y.shape[1:])

    def forward_logits(self, x: NDArray[Any], *, training: bool = False) -> NDArray[Any]:
        """Return the output before the activation; `backward` then takes its gradient."""
        layer: Any = self.layer  # an OutputLayer, as there is an activation to leave out
        y = layer.forward_logits(_folded(x), training=training)
        return y.reshape(*x.shape[:2], *y.shape[1:])

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        dx = self.layer.backward(_folded(dy), need_dx=need_dx)
        return None if dx is None else dx.reshape(*dy.shape[:2], *dx.shape[1:])


def _folded(array: NDArray[Any]) -> NDArray[Any]:
    """Return (B, T, ...) as (B * T, ...)."""
    return array.reshape(array.shape[0] * array.shape[1], *array.shape[2:])
