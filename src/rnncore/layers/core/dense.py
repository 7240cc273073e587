"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import _core, activations
from rnncore.activations import Activation, linear
from rnncore.layers._arguments import ADAPTED
from rnncore.layers.core.activation import OutputLayer, activated
from rnncore.layers.layer import Shape
from rnncore.layers.nodes import Nodes
from rnncore.layers.parameter import Parameter
from rnncore.layers.tape import Tape
from rnncore.utils._checks import check_count, check_flag

# What a product of the C library can apply at once.
_WITH_PRODUCTS = {**_core.ACTIVATIONS, "softmax": 6}


class Dense(OutputLayer):
    """``y = f(x W + b)`` on the last axis of x.

    Parameters
    ----------
    units : int
        Size of the output's last axis.
    activation : str or Activation, optional
        f: any name that `rnncore.activations.get` knows; default linear.
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
    bias_initializer : default "zeros"
    kernel_regularizer, bias_regularizer : optional
        Penalties on the weights; see `rnncore.regularizers`.
    activity_regularizer : optional
        Penalty on the output, divided by the number of samples.
    kernel_constraint, bias_constraint : optional
        Applied to the weights after each step; see `rnncore.constraints`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown, out of range or not supported yet.

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

    unsupported: Mapping[str, Any] = ADAPTED
    fixed_axes = (-1,)
    size_arguments: tuple[str, ...] = ("units",)

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        owner = type(self).__name__
        self.units = check_count(owner, "units", units)
        self.activation = activations.get(activation, f"{owner}: activation")
        self.use_bias = check_flag(owner, "use_bias", use_bias)
        self.choose("kernel", locals())
        self.choose("bias", locals())

    def build(self, input_shape: Shape) -> None:
        features = self.known_features(input_shape)
        self.kernel = self.add_weight("kernel", (features, self.units), **self.chosen("kernel"))
        self.bias = self.build_bias()

    def known_features(self, input_shape: Shape) -> int:
        """Return the number of features; ValueError if it is not known."""
        features = input_shape[-1]
        if len(input_shape) < 2 or features is None:
            raise ValueError(
                f"{self.name}: x: expected at least 2 axes (batch, ..., features) and a known "
                f"number of features, got shape {input_shape}"
            )
        return features

    def build_bias(self) -> Parameter | None:
        """Make the bias, or return None without one."""
        if not self.use_bias:
            return None
        return self.add_weight("bias", (self.units,), **self.chosen("bias"))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.units)

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        return self.infer_product(f, "dense", x)

    def infer_product(self, f: Nodes, kind: str, x: Any, attributes: Sequence[int] = ()) -> Any:
        """Return the activated product of x and the weights; the activation comes first."""
        tensors = [self.kernel, self.bias]
        known = _WITH_PRODUCTS.get(str(self.activation.kernel), 0)
        y = f.node(kind, [x], tensors, [known, *attributes])
        return y if known else activated(f, self.name, self.activation, y)

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        tape = self.tape(training)
        return self._run(x, self.activation, mask, tape), tape

    def forward_logits(
        self, x: NDArray[Any], *, mask: Any = None, training: bool = False
    ) -> tuple[Any, Any]:
        """Return the output before the activation; `backward` then expects its gradient."""
        tape = self.tape(training)
        return self._run(x, linear, mask, tape), tape

    def _run(
        self, x: NDArray[Any], activation: Activation, mask: NDArray[Any] | None, tape: Tape
    ) -> NDArray[Any]:
        x = np.ascontiguousarray(x)
        shape = (*x.shape[:-1], self.units)
        y = tape.take("y", shape, x.dtype)
        bias = None if self.bias is None else self.bias.value
        name = activation.kernel
        _core.dense_forward(x, self.kernel.value, bias, y, name or "linear", tape.scratch)
        kept = y
        if name is None:
            y = activation.forward(kept, tape.take("activated", shape, x.dtype))
        tape.saved = (x, kept if activation.from_input else y, activation)
        return y

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        x, y, activation = self.used(tape)
        name = activation.kernel
        if name is None:
            dz = tape.take("dz", dy.shape, dy.dtype)
            dy, name = activation.backward_into(y, dy, dz), "linear"
        dx = tape.take("dx", x.shape, x.dtype) if need_dx else None
        _core.dense_backward(
            x,
            self.kernel.value,
            y,
            dy,
            dx,
            self.kernel.grad,
            None if self.bias is None else self.bias.grad,
            name,
            tape.scratch,
        )
        return dx
