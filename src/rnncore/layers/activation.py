"""An activation as a layer of its own."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from rnncore import activations
from rnncore.layers.output_layer import OutputLayer


class Activation(OutputLayer):
    """Apply an activation elementwise (softmax: over the last axis).

    Parameters
    ----------
    activation : str or Activation
        Any name that `rnncore.activations.get` knows.
    **kwargs
        `name`, `dtype`, `input_shape` and the like: see `Layer`.

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Activation
    >>> Activation("relu")(np.array([[-1.0, 2.0]]))
    array([[0., 2.]], dtype=float32)
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def forward(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        y = self.activation.forward(x)
        if training:
            self._saved = y
        return y

    def forward_logits(self, x: NDArray[Any], *, training: bool = False) -> NDArray[Any]:
        """Return the input, the activation left out; `backward` then takes its gradient."""
        if training:
            self._saved = None
        return x

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        y, self._saved = self._saved, None
        return dy if y is None else self.activation.backward(y, dy)
