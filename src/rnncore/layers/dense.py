"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import activations
from rnncore.layers._arguments import boolean, positive_int
from rnncore.layers.base import Layer, Shape
from rnncore.layers.output_layer import OutputLayer


class Dense(OutputLayer):
    """``y = f(x W + b)`` on the last axis of x.

    Parameters
    ----------
    units : int
        Size of the output's last axis.
    activation : str or Activation, optional
        f, by default linear: any name that `rnncore.activations.get` knows.
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
    bias_initializer : default "zeros"
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and the like: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        For an argument that is unknown, out of range or not supported yet.

    Notes
    -----
    Weights: kernel ``(F, units)``, bias ``(units,)``. The input is ``(B, F)``, or ``(B, T, F)``
    with the same weights at every step.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Dense
    >>> Dense(2, activation="softmax")(np.zeros((1, 3)))
    array([[0.5, 0.5]], dtype=float32)
    """

    unsupported: Mapping[str, Any] = {
        **Layer.unsupported,
        "kernel_regularizer": None,
        "bias_regularizer": None,
        "kernel_constraint": None,
        "bias_constraint": None,
        "lora_rank": None,
    }
    needs_features = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = positive_int("Dense", "units", units)
        self.activation = activations.get(activation)
        self.use_bias = boolean("Dense", "use_bias", use_bias)
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer

    def build(self, input_shape: Shape) -> None:
        features = input_shape[-1]
        if len(input_shape) < 2 or features is None:
            raise ValueError(
                f"{self.name}: x: expected at least 2 axes (batch, ..., features) and a known "
                f"number of features, got shape {input_shape}"
            )
        self.kernel = self.add_weight("kernel", (features, self.units), self.kernel_initializer)
        self.bias = (
            self.add_weight("bias", (self.units,), self.bias_initializer) if self.use_bias else None
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.units)

    def forward(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        y = self.activation.forward(self._product(x))
        if training:
            self._saved = (x, y)
        return y

    def forward_logits(self, x: NDArray[Any], *, training: bool = False) -> NDArray[Any]:
        """Return the output before the activation; `backward` then takes its gradient."""
        if training:
            self._saved = (x, None)
        return self._product(x)

    def _product(self, x: NDArray[Any]) -> NDArray[Any]:
        # One product of two matrices; matmul would make one small product a sample.
        z = x.reshape(-1, x.shape[-1]) @ self.kernel.value
        if self.bias is not None:
            z += self.bias.value
        y: NDArray[Any] = z.reshape(*x.shape[:-1], self.units)
        return y

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        (x, y), self._saved = self._saved, None
        dz = dy if y is None else self.activation.backward(y, dy)
        dz_rows = dz.reshape(-1, self.units)
        np.matmul(x.reshape(-1, x.shape[-1]).T, dz_rows, out=self.kernel.grad)
        if self.bias is not None:
            dz_rows.sum(axis=0, out=self.bias.grad)
        if not need_dx:
            return None
        dx: NDArray[Any] = (dz_rows @ self.kernel.value.T).reshape(x.shape)
        return dx
