"""Activations that multiply their input by a gate."""

from __future__ import annotations

import math

import numpy as np

from rnncore.activations.base import Array, Builtin
from rnncore.activations.fused import hard_sigmoid, sigmoid
from rnncore.activations.others import softplus
from rnncore.utils._arrays import float_array
from rnncore.utils._checks import check_flag


class Gated(Builtin):
    """``y = x * gate(x)``, whose derivative does not follow from y alone."""

    from_input = True

    def gate(self, x: Array) -> tuple[Array, Array]:
        """Return the gate and its derivative."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method gate")

    def forward(self, x: Array, out: Array | None = None) -> Array:
        y: Array = np.multiply(float_array("x", x), self.gate(x)[0], out=out)
        return y

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        gate, slope = self.gate(y)
        slope *= y
        slope += gate
        return np.multiply(slope, dy, out=out)


class Silu(Gated):
    """``y = x * sigmoid(x)``, also called swish."""

    name = "silu"

    def gate(self, x: Array) -> tuple[Array, Array]:
        share = sigmoid.forward(x)
        return share, share * (1 - share)


class HardSilu(Gated):
    """``y = x * hard_sigmoid(x)``, also called hard_swish."""

    name = "hard_silu"

    def gate(self, x: Array) -> tuple[Array, Array]:
        share = hard_sigmoid.forward(x)
        return share, hard_sigmoid.backward(share, np.ones_like(x))


class Mish(Gated):
    """``y = x * tanh(softplus(x))``."""

    name = "mish"

    def gate(self, x: Array) -> tuple[Array, Array]:
        share = np.tanh(softplus.forward(x))
        return share, (1 - share * share) * sigmoid.forward(x)


class Gelu(Gated):
    """``y = x * P(X <= x)`` for a standard normal X, or its tanh approximation.

    Parameters
    ----------
    approximate : bool, default False
        Whether the gate is ``(1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2``.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import activations
    >>> activations.gelu(np.array([1.0])).round(6)
    array([0.841345])
    >>> activations.gelu(np.array([1.0]), approximate=True).round(6)
    array([0.841192])
    """

    name = "gelu"

    def __init__(self, approximate: bool = False) -> None:
        self.approximate = check_flag("gelu", "approximate", approximate)

    def gate(self, x: Array) -> tuple[Array, Array]:
        if not self.approximate:
            wide = x.astype(np.float64)
            # NumPy has no error function. This one is accurate far out.
            scaled = (wide * -math.sqrt(0.5)).reshape(-1).data
            gate = 0.5 * np.fromiter(map(math.erfc, scaled), np.float64, x.size)
            slope = np.exp(-0.5 * wide * wide) / math.sqrt(2.0 * math.pi)
            return gate.reshape(x.shape).astype(x.dtype), slope.astype(x.dtype)
        scale = math.sqrt(2.0 / math.pi)
        bent = np.tanh(scale * (x + 0.044715 * x**3))
        slope = 0.5 * scale * (1 - bent * bent) * (1 + 3 * 0.044715 * x * x)
        return 0.5 * (1 + bent), slope


silu = swish = Silu()
hard_silu = hard_swish = HardSilu()
mish = Mish()
gelu = Gelu()
