"""Dense: W is kernel (F, U), b is bias (U,), applied to the last axis of x (..., F).

Forward, for one row:

    a = x W + b,   y = f(a),   f one of linear, tanh, relu, sigmoid and
    softmax(a)_j = exp(a_j - max a) / sum_k exp(a_k - max a)

Backward, given dy:

    da  = dy * f'(a)                         f' from the output y
    da  = y * (dy - sum_k dy_k y_k)          for softmax
    dx  = da W^T      dW += x^T da      db += da
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnncore._reference.activations import ACTIVATIONS, Array
from rnncore._reference.sequences import as_float64, float64_or_zeros


class DenseGradients(NamedTuple):
    """Gradients in the shapes of x, kernel and bias (None when there was none)."""

    dx: Array
    dkernel: Array
    dbias: Array | None


def dense_forward(
    x: ArrayLike, kernel: ArrayLike, bias: ArrayLike | None = None, activation: str = "linear"
) -> tuple[Array, Any]:
    """The forward equation above, and the tape for the backward."""
    inputs, w = as_float64(x), as_float64(kernel)
    a = inputs @ w + float64_or_zeros(bias, w.shape[1:])
    y = _softmax(a) if activation == "softmax" else ACTIVATIONS[activation][0](a)
    return y, (inputs, w, bias is not None, activation, y)


def dense(*args: Any, **kwargs: Any) -> Array:
    """The forward equation above."""
    return dense_forward(*args, **kwargs)[0]


def dense_backward(tape: Any, dy: ArrayLike) -> DenseGradients:
    """The backward equations above."""
    x, kernel, has_bias, activation, y = tape
    d = as_float64(dy)
    if activation == "softmax":
        da = y * (d - (d * y).sum(axis=-1, keepdims=True))
    else:
        da = d * ACTIVATIONS[activation][1](y)
    rows, da_rows = x.reshape(-1, x.shape[-1]), da.reshape(-1, da.shape[-1])
    dbias = da_rows.sum(axis=0) if has_bias else None
    return DenseGradients(da @ kernel.T, rows.T @ da_rows, dbias)


def _softmax(a: Array) -> Array:
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True), dtype=np.float64)
