"""Softmax as a layer, over any axes and with masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._shapes import listed_axes
from rnncore.layers.layer import Layer

# Replaces masked numbers, as in Keras.
_MASKED = -1e9


class Softmax(Layer):
    """``exp(x) / sum(exp(x))``, summed over an axis; masked elements are left out and become 0.

    Parameters
    ----------
    axis : int or list of int, default -1
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    TypeError
        If an axis is not an integer.

    Notes
    -----
    With an input ``(B, T, F)``, a mask ``(B, T)`` masks time steps (Keras applies it to the
    features). It is passed on.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Softmax
    >>> Softmax()(np.zeros((1, 3)), mask=np.array([[True, True, False]]))
    array([[0.5, 0.5, 0. ]], dtype=float32)
    """

    reads_mask = True

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._axes = listed_axes("Softmax", axis)
        self.axis = self._axes[0] if isinstance(axis, int) else list(self._axes)

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        tape = self.tape(training)
        y = tape.take("y", x.shape, x.dtype)
        y[...] = x
        missing = None if mask is None else ~mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim))
        if missing is not None:
            np.copyto(y, _MASKED, where=missing)
        with np.errstate(invalid="ignore"):
            y -= y.max(axis=self._axes, keepdims=True, initial=-np.inf)
        np.exp(y, out=y)
        y /= y.sum(axis=self._axes, keepdims=True)
        if missing is not None:
            np.copyto(y, 0, where=missing)
        tape.saved = y
        return y, tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        y = self.used(tape)
        dx = np.multiply(dy, y, out=tape.take("dx", dy.shape, dy.dtype))
        along = dx.sum(axis=self._axes, keepdims=True)
        np.subtract(dy, along, out=dx)
        return np.multiply(dx, y, out=dx)
