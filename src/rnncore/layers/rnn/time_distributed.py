"""TimeDistributed: one layer at every time step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.layers._members import Memory, exchange, members
from rnncore.layers.core.output_layer import OutputLayer
from rnncore.layers.layer import Layer, Shape


class TimeDistributed(OutputLayer):
    """Apply a layer to every time step by itself, with the same weights.

    Parameters
    ----------
    layer : Layer
        Its input is one step: for ``(B, T, ...)`` it computes ``B * T`` samples at once. A model
        with one input and one output is a layer too.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and the like: see `Layer`.

    Raises
    ------
    TypeError
        When `layer` is no layer.
    ValueError
        When `layer` has several inputs or outputs, the input has fewer than three axes, or a
        dtype is asked for that is not the layer's.

    Notes
    -----
    Weights: those of `layer`, whose own `activity_regularizer` has no effect, as in Keras.

    Where samples depend on each other, in training with a `BatchNormalization`, or on what came
    before, with a stateful layer, the steps are computed one after the other as in Keras: each is
    normalized by itself.

    A mask ``(B, T, S)`` gives `layer` the part ``(B, S)`` of each step, as one comes from the
    padding of words in sentences. ``(B, T)`` says which steps are real; of a larger mask it is
    what goes on where a step has become a vector: a step with anything real is real.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import LSTM, TimeDistributed
    >>> TimeDistributed(LSTM(4))(np.zeros((2, 5, 7, 3))).shape
    (2, 5, 4)
    """

    wraps = "layer"

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise TypeError(f"TimeDistributed: layer: expected a layer object, got {layer!r}")
        if layer.takes_several:
            raise ValueError(
                f"TimeDistributed: layer: expected a layer with one input, got {layer.name!r}"
            )
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
        if not self._trainable:
            self.trainable = False
        self.takes_ids = layer.takes_ids
        # A loss may take it over from the layer at every step.
        self.activation: Any = (
            layer.removable_activation if isinstance(layer, OutputLayer) else None
        )

    @property
    def fixed_axes(self) -> tuple[int, ...]:  # type: ignore[override]
        """The axes whose sizes the weights of the layer inside fix."""
        return self.layer.fixed_axes

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) < 3:
            raise ValueError(
                f"{self.name}: x: expected at least 3 axes (batch, timesteps, ...), "
                f"got shape {input_shape}"
            )
        if self.layer.dtype != self.dtype:
            self.layer.dtype = self.dtype
        stateful = any(one.stateful for one in members(self.layer))
        self.layer.make_weights((input_shape[0] if stateful else None, *input_shape[2:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        step: Any = self.layer.compute_output_shape((None, *input_shape[2:]))
        if isinstance(step, list):
            raise ValueError(
                f"{self.name}: layer: expected a layer with one output, got {self.layer.name!r}, "
                f"which gives {len(step)}"
            )
        return (*input_shape[:2], *step[1:])

    def compute_mask(self, x: NDArray[Any], mask: NDArray[Any] | None) -> NDArray[Any] | None:
        if mask is None:
            return None
        kept = max(2, len(self.compute_output_shape(x.shape)) - 1)
        if mask.ndim <= kept:
            return mask
        return np.asarray(mask.any(axis=tuple(range(kept, mask.ndim))))

    def convert_input(self, x: ArrayLike, argument: str = "x") -> NDArray[Any]:
        if self.takes_ids:
            return self.layer.convert_input(x, argument)
        return super().convert_input(x, argument)

    def forward(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        if mask is not None and mask.ndim == 2 and x.ndim > 3 and not self.layer.couples_samples:
            mask = None  # it says nothing about what is inside of a step
        if self._one_by_one(training):
            return self._forward_steps(x, mask, training)
        rows = None if mask is None else _folded(mask)
        y = self.layer.forward(_folded(x), mask=rows, training=training)
        if training:
            self._saved = None
        return y.reshape(*x.shape[:2], *y.shape[1:])

    def _one_by_one(self, training: bool) -> bool:
        return any(
            one.stateful or (training and one.couples_samples) for one in members(self.layer)
        )

    def _forward_steps(
        self, x: NDArray[Any], mask: NDArray[Any] | None, training: bool
    ) -> NDArray[Any]:
        shape: Any = self.compute_output_shape(x.shape)
        y = self._buffers.take("y", shape, x.dtype) if training else np.empty(shape, x.dtype)
        inside = members(self.layer)
        memories: list[Memory | None] = [*(self._saved or ()), *(None for _ in range(x.shape[1]))]
        for t in range(x.shape[1]):
            aside = exchange(inside, memories[t]) if training else None
            step = self._contiguous(f"x {t}", x[:, t], training)
            real = None if mask is None else mask[:, t]
            y[:, t] = self.layer.forward(step, mask=real, training=training)
            if aside is not None:
                memories[t] = exchange(inside, aside)
        if training:
            self._saved = memories[: x.shape[1]]
        return y

    def _contiguous(self, name: str, step: NDArray[Any], training: bool) -> NDArray[Any]:
        """Return a copy of a step that stays as it is until the next training step."""
        if not training:
            return np.ascontiguousarray(step)
        copy = self._buffers.take(name, step.shape, step.dtype)
        np.copyto(copy, step)
        return copy

    def forward_logits(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        """Return the output before the activation; `backward` then takes its gradient."""
        layer: Any = self.layer  # an OutputLayer, as there is an activation to leave out
        y = layer.forward_logits(_folded(x), training=training)
        if training:
            self._saved = None
        return y.reshape(*x.shape[:2], *y.shape[1:])

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        if self._saved is not None:
            return self._backward_steps(dy, need_dx)
        dx = self.layer.backward(_folded(dy), need_dx=need_dx)
        return None if dx is None else dx.reshape(*dy.shape[:2], *dx.shape[1:])

    def _backward_steps(self, dy: NDArray[Any], need_dx: bool) -> NDArray[Any] | None:
        inside, memories = members(self.layer), self._saved
        weights = self.layer.trainable_weights
        dx: NDArray[Any] | None = None
        sums = [self._buffers.take(f"sum {i}", w.shape, w.dtype) for i, w in enumerate(weights)]
        for one in sums:
            one[...] = 0
        for t in range(dy.shape[1]):
            aside = exchange(inside, memories[t])
            dy_t = self._contiguous(f"dy {t}", dy[:, t], training=True)
            dx_t = self.layer.backward(dy_t, need_dx=need_dx)
            memories[t] = exchange(inside, aside)
            if need_dx and dx_t is not None:
                if dx is None:
                    shape = (*dy.shape[:2], *dx_t.shape[1:])
                    dx = self._buffers.take("dx", shape, dx_t.dtype)
                dx[:, t] = dx_t
            for one, weight in zip(sums, weights, strict=True):
                one += weight.grad
        for one, weight in zip(sums, weights, strict=True):
            weight.grad[...] = one
            weight.grad_rows = None
        return dx


def _folded(array: NDArray[Any]) -> NDArray[Any]:
    """Return (B, T, ...) as (B * T, ...)."""
    return array.reshape(array.shape[0] * array.shape[1], *array.shape[2:])
