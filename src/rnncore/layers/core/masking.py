"""Masking: tell the following layers which time steps are padding."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._arguments import SEQUENCE
from rnncore.layers._lengths import narrowed_mask
from rnncore.layers.graph.symbolic import CountedStep, MaskSteps
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.nodes import Nodes
from rnncore.utils._arrays import narrowed


class Masking(Layer):
    """Mask the time steps whose features all equal `mask_value`.

    Parameters
    ----------
    mask_value : float, default 0.0
        The value that fills the padding; may be NaN.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    TypeError
        If `mask_value` is not a number.
    ValueError
        When called, if the layer's dtype cannot hold `mask_value`.

    Notes
    -----
    The input is ``(B, T, F)``. Masked steps become zeros; following recurrent layers keep their
    state there, and the loss leaves them out.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Masking
    >>> x = np.array([[[1.0], [9.0]]])
    >>> Masking(9.0).compute_mask(x)
    array([[ True, False]])
    """

    input_axes = SEQUENCE
    makes_mask = True

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        real = (int, float, np.integer, np.floating)
        if isinstance(mask_value, bool) or not isinstance(mask_value, real):
            raise TypeError(f"Masking: mask_value: expected a number, got {mask_value!r}")
        self.mask_value = float(mask_value)

    def build(self, input_shape: Shape) -> None:
        narrowed(f"{self.name}: mask_value", np.array(self.mask_value), self.dtype)

    def mask_steps(self, inputs: list[CountedStep], masks: MaskSteps) -> MaskSteps:
        equal = CountedStep(inputs[0], rank=inputs[0].rank)
        return [CountedStep(equal, rank=equal.rank - 1)]

    def compute_mask(
        self, x: NDArray[Any], mask: NDArray[Any] | None = None
    ) -> NDArray[Any] | None:
        return narrowed_mask(mask, self._real_steps(np.asarray(x)))

    def _real_steps(self, x: NDArray[Any]) -> NDArray[np.bool_]:
        # Compared in the dtype of x: 0.1 in float32 is not 0.1 in float64.
        padding = np.isnan(x) if np.isnan(self.mask_value) else x == x.dtype.type(self.mask_value)
        return ~padding.all(axis=-1)

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        return f.node("fill", [x, f.node("not_equal", [x], numbers=[self.mask_value])])

    def infer_mask(self, f: Nodes, x: Any, mask: Any, y: Any) -> Any:
        return f.node("not_equal", [x, mask], numbers=[self.mask_value])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        real = self._real_steps(x)[..., None]
        return np.where(real, x, x.dtype.type(0)), real

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        return np.where(tape, dy, dy.dtype.type(0))
