"""Bidirectional: a recurrent layer over the sequence and another over its reverse."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import _core
from rnncore.layers.base import Layer, Shape
from rnncore.layers.recurrent import Recurrent

# By name: how the two outputs become one.
_MERGES: dict[str, Callable[..., Any]] = {
    "sum": np.add,
    "ave": np.add,  # and halved
    "mul": np.multiply,
}
MERGE_MODES = ("concat", *_MERGES)


class Bidirectional(Layer):
    """Two recurrent layers, one for each direction, with weights of their own.

    Both directions are computed at the same time where there are two threads, with the bits that
    one after the other would have.

    Parameters
    ----------
    layer : SimpleRNN, LSTM or GRU
        The layer of the forward direction, not built yet. The other direction gets a layer with
        the same arguments and the opposite `go_backwards`.
    merge_mode : {"concat", "sum", "mul", "ave"}, default "concat"
        How the outputs of the directions become one: side by side on the last axis, or element
        by element.
    weights : None
        Not supported; call `set_weights` on the built layer.
    backward_layer : SimpleRNN, LSTM or GRU, optional
        The layer of the other direction, with the opposite `go_backwards` and the same
        `return_sequences`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and the like: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        For a layer that is not recurrent, was built, or does not fit the other one, and for
        arguments that are unknown or not supported yet.

    Notes
    -----
    With `return_sequences` step t of either direction stands at ``[:, t]``, so the output of the
    backward layer is in the order of the input, and the output at masked steps is zero. Weights:
    those of the forward layer, then those of the backward layer.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import LSTM, Bidirectional
    >>> Bidirectional(LSTM(4, return_sequences=True))(np.zeros((2, 5, 3))).shape
    (2, 5, 8)
    """

    needs_features = True

    def __init__(
        self,
        layer: Recurrent,
        merge_mode: str = "concat",
        weights: None = None,
        backward_layer: Recurrent | None = None,
        **kwargs: Any,
    ) -> None:
        for argument, value in (("layer", layer), ("backward_layer", backward_layer)):
            if value is None and argument == "backward_layer":
                continue
            if not isinstance(value, Recurrent):
                raise TypeError(
                    f"Bidirectional: {argument}: expected a recurrent layer (SimpleRNN, LSTM, "
                    f"GRU), got {value!r}"
                )
            if value.built:
                raise ValueError(
                    f"Bidirectional: {argument}: expected a layer without weights yet, "
                    f"got {value.name!r}, which is built"
                )
        if merge_mode not in MERGE_MODES:
            raise ValueError(
                f"Bidirectional: merge_mode: expected one of {', '.join(MERGE_MODES)}, "
                f"got {merge_mode!r}"
            )
        if weights is not None:
            raise ValueError(
                "Bidirectional: weights: expected None (set_weights of the built layer sets "
                f"them), got {type(weights).__name__}"
            )
        if "input_shape" not in kwargs and layer.declared_input_shape is not None:
            kwargs["input_shape"] = layer.declared_input_shape
        super().__init__(**kwargs)
        self.merge_mode = merge_mode
        self.forward_layer = copy.deepcopy(layer)
        self.backward_layer = copy.deepcopy(layer if backward_layer is None else backward_layer)
        if backward_layer is None:
            self.backward_layer.go_backwards = not layer.go_backwards
        self.forward_layer.name = f"forward_{layer.name}"
        self.backward_layer.name = f"backward_{self.backward_layer.name}"
        # As in Keras: what a masked step would repeat differs between the directions.
        for one in (self.forward_layer, self.backward_layer):
            one.zero_output_for_mask = one.return_sequences
        for argument, wanted in (
            ("go_backwards", not layer.go_backwards),
            ("return_sequences", layer.return_sequences),
        ):
            got = getattr(self.backward_layer, argument)
            if got != wanted:
                raise ValueError(
                    f"Bidirectional: backward_layer: expected {argument}={wanted}, "
                    f"the layer being as it is, got {got}"
                )
        self.children: tuple[Recurrent, Recurrent] = (self.forward_layer, self.backward_layer)
        self.trainable = self.trainable and layer.trainable

    @property
    def return_sequences(self) -> bool:
        """Whether the output has all steps."""
        return self.forward_layer.return_sequences

    def build(self, input_shape: Shape) -> None:
        sizes = [layer.units for layer in self.children]
        if self.merge_mode != "concat" and sizes[0] != sizes[1]:
            raise ValueError(
                f"{self.name}: backward_layer: expected {sizes[0]} units for merge_mode "
                f"{self.merge_mode!r}, got {sizes[1]}"
            )
        for layer in self.children:
            layer.dtype = self.dtype
            layer.make_weights(input_shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        shape = self.forward_layer.compute_output_shape(input_shape)
        if self.merge_mode == "concat":
            return (*shape[:-1], self.forward_layer.units + self.backward_layer.units)
        return shape

    def compute_mask(self, x: NDArray[Any], mask: NDArray[Any] | None) -> NDArray[Any] | None:
        return mask if self.return_sequences else None

    def forward(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        whole = None
        outs: list[NDArray[Any] | None] = [None, None]
        if self.return_sequences and self.merge_mode == "concat":
            # Each direction writes its half of the output.
            shape = (*x.shape[:2], self.forward_layer.units + self.backward_layer.units)
            kept = self._buffers.take("y", shape, x.dtype) if training else None
            whole = np.empty(shape, x.dtype) if kept is None else kept
            outs = list(self._halves(whole))
        calls = [
            layer.forward_call(x, mask, training, out)
            for layer, out in zip(self.children, outs, strict=True)
        ]
        results = _core.run_together(calls)
        one, other = (
            layer.finish_forward(call, result)
            for layer, call, result in zip(self.children, calls, results, strict=True)
        )
        for layer, y in zip(self.children, (one, other), strict=True):
            if layer.activity_regularizer is not None:
                layer.penalize(y, training=training)
        if whole is not None:
            return whole
        if training:
            self._saved = (one, other)
        return self._merged(one, other)

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        saved, self._saved = self._saved, None
        if self.merge_mode == "concat":
            dys = self._halves(dy)
        elif self.merge_mode == "mul":
            dys = (dy * saved[1], dy * saved[0])
        else:
            half = dy * 0.5 if self.merge_mode == "ave" else dy
            dys = (half, half)
        dys = [
            dy if layer.activity_regularizer is None else layer.penalized(dy)
            for layer, dy in zip(self.children, dys, strict=True)
        ]
        calls = [
            layer.backward_call(one, need_dx) for layer, one in zip(self.children, dys, strict=True)
        ]
        results = _core.run_together(calls)
        dx, other = (
            layer.finish_backward(call, result)
            for layer, call, result in zip(self.children, calls, results, strict=True)
        )
        if dx is not None and other is not None:
            dx += other
        return dx

    def _halves(self, array: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Split the last axis into the parts of the two directions."""
        return array[..., : self.forward_layer.units], array[..., self.forward_layer.units :]

    def _merged(self, one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
        if self.merge_mode == "concat":
            return np.concatenate([one, other], axis=-1)
        merged: NDArray[Any] = _MERGES[self.merge_mode](one, other)
        return merged * 0.5 if self.merge_mode == "ave" else merged
