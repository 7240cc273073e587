"""TimeDistributed: one layer at every time step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.layers._members import members
from rnncore.layers.core.activation import OutputLayer
from rnncore.layers.graph.symbolic import CountedStep, MaskSteps
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.nodes import Nodes, axes_of
from rnncore.utils._checks import check_type


class TimeDistributed(OutputLayer):
    """Apply a layer to every time step separately, with the same weights.

    Parameters
    ----------
    layer : Layer
        Takes one step as its input: for ``(B, T, ...)`` it computes ``B * T`` samples at once. It
        may be a model with one input and one output.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    TypeError
        If `layer` is not a layer.
    ValueError
        If `layer` has several inputs or outputs, the input has fewer than three axes, or `dtype`
        differs from the layer's.

    Notes
    -----
    Weights: those of `layer`. Its own `activity_regularizer` has no effect, as in Keras.

    If samples depend on each other (`BatchNormalization` in training) or on earlier ones (a
    stateful layer), the steps are computed one after the other, as in Keras; each is normalized by
    itself.

    Of a mask ``(B, T, S)``, such as that of padded words in padded sentences, `layer` gets the part
    ``(B, S)`` of each step. If it turns a step into a vector, the mask becomes ``(B, T)``: a step
    is masked if all of it is. A mask ``(B, T)`` is passed on unchanged.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import LSTM, TimeDistributed
    >>> TimeDistributed(LSTM(4))(np.zeros((2, 5, 7, 3))).shape
    (2, 5, 4)
    """

    wraps = "layer"
    reads_mask = True

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        check_type("TimeDistributed", "layer", layer, Layer, "a layer object")
        if layer.takes_several:
            raise ValueError(
                f"TimeDistributed: layer: expected a layer with one input, got {layer.name!r}"
            )
        self.layer = layer
        self.children: tuple[Layer] = (layer,)
        super().__init__(**kwargs)
        self.takes_ids = layer.takes_ids
        # A loss may fuse it with the layer at every step.
        self.activation: Any = getattr(layer, "removable_activation", None)

    @property
    def fixed_axes(self) -> tuple[int, ...]:  # type: ignore[override]
        """The axes whose sizes are fixed by the weights of the inner layer."""
        return self.layer.fixed_axes

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) < 3:
            raise ValueError(
                f"{self.name}: x: expected at least 3 axes (batch, timesteps, ...), "
                f"got shape {input_shape}"
            )
        stateful = any(one.stateful for one in members(self.layer))
        self.build_inside(self.layer, (input_shape[0] if stateful else None, *input_shape[2:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        step: Any = self.layer.compute_output_shape((None, *input_shape[2:]))
        if isinstance(step, list):
            raise ValueError(
                f"{self.name}: layer: expected a layer with one output, got {self.layer.name!r}, "
                f"which gives {len(step)}"
            )
        return (*input_shape[:2], *step[1:])

    def mask_steps(self, inputs: list[CountedStep], masks: MaskSteps) -> MaskSteps:
        return masks[:1]

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
    ) -> tuple[NDArray[Any], Any]:
        if mask is not None and mask.ndim == 2 and x.ndim > 3 and not self.layer.couples_samples:
            mask = None  # it says nothing about the inside of a step
        inside = members(self.layer)
        if any(one.stateful or (training and one.couples_samples) for one in inside):
            return self._step_by_step(x, mask, training)
        rows = None if mask is None else _folded(mask)
        y, tape = self.layer.forward(_folded(x), mask=rows, training=training)
        return y.reshape(*x.shape[:2], *y.shape[1:]), (None, tape)

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        kept = next((one for one in members(self.layer) if one.stateful), None)
        if kept is not None:
            raise ValueError(
                f"{self.name}: runtime: expected a layer that treats each step by itself, got the "
                f"stateful {kept.name!r}"
            )
        # A mask of the steps says nothing about the inside of one.
        inside = None if mask is None or axes_of(mask) == 1 else f.node("fold", [mask])
        return f.node("unfold", [self.layer.infer(f, f.node("fold", [x]), inside)])

    def infer_mask(self, f: Nodes, x: Any, mask: Any, y: Any) -> Any:
        kept = max(y.lead + 1, y.rank - 1)
        if mask is None or mask.rank <= kept:
            return mask
        return f.node("any_mask", [mask], attributes=[kept])

    def _step_by_step(
        self, x: NDArray[Any], mask: NDArray[Any] | None, training: bool
    ) -> tuple[NDArray[Any], Any]:
        tape = self.tape(training)
        shape: Any = self.compute_output_shape(x.shape)
        y = tape.take("y", shape, x.dtype)
        tapes = []
        for t in range(x.shape[1]):
            real = None if mask is None else mask[:, t]
            step = tape.copied(f"x {t}", x[:, t])
            y[:, t], one = self.layer.forward(step, mask=real, training=training)
            tapes.append(one)
        tape.saved = tapes
        return y, (tape, None)

    def forward_logits(
        self, x: NDArray[Any], *, mask: Any = None, training: bool = False
    ) -> tuple[NDArray[Any], Any]:
        """Return the output before the activation; `backward` then expects its gradient."""
        layer: Any = self.layer  # an OutputLayer, as there is an activation to leave out
        y, tape = layer.forward_logits(_folded(x), training=training)
        return y.reshape(*x.shape[:2], *y.shape[1:]), (None, tape)

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        own, inner = tape
        if own is None:
            dx = self._dx(inner, _folded(dy), need_dx)
            return None if dx is None else dx.reshape(*dy.shape[:2], *dx.shape[1:])
        weights = self.layer.trainable_weights
        sums = [own.take(f"sum {i}", w.shape, w.dtype) for i, w in enumerate(weights)]
        for total in sums:
            total[...] = 0
        whole = None
        for t, one in enumerate(self.used(own)):
            dx = self._dx(one, own.copied("dy", dy[:, t]), need_dx)
            if dx is not None:
                if whole is None:
                    whole = own.take("dx", (*dy.shape[:2], *dx.shape[1:]), dx.dtype)
                whole[:, t] = dx
            for total, weight in zip(sums, weights, strict=True):
                total += weight.grad
        for total, weight in zip(sums, weights, strict=True):
            weight.grad[...] = total
            weight.grad_rows = None
        return whole

    def _dx(self, tape: Any, dy: NDArray[Any], need_dx: bool) -> NDArray[Any] | None:
        found: Any = self.layer.backward(tape, dy, need_dx=need_dx)
        dx: NDArray[Any] | None = found[0] if self.layer.call_arguments else found
        return dx


def _folded(array: NDArray[Any]) -> NDArray[Any]:
    """Return (B, T, ...) as (B * T, ...)."""
    return array.reshape(array.shape[0] * array.shape[1], *array.shape[2:])
