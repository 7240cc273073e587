"""SimpleRNN: W is kernel (I, H), U is recurrent_kernel (H, H), b is bias (H,); h' is the old h.

Forward, for one row and one real step:

    h = f(x W + (m * h') U + b),   f one of tanh, relu, sigmoid, linear, hard_sigmoid

with m the mask of recurrent dropout, ones without it.

Backward, given dh (from y and from the next step):

    da  = dh * f'(a)         f' from the output h
    dx  = da W^T             dh' = m * (da U^T)
    dW += x^T da             dU += (m * h')^T da       db += da
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncore._reference import sequences
from rnncore._reference.activations import Array
from rnncore._reference.sequences import Cell, State, Tape, WeightGradients


class SimpleRNNCell(Cell):
    """The step of the module's docstring."""

    def step(self, x: Array, state: State, masks: Array) -> tuple[State, Any]:
        (h_old,) = state
        (m,) = masks
        a = x @ self.kernel + (m * h_old) @ self.recurrent_kernel
        if self.bias is not None:
            a = a + self.bias
        h = self.t(a)
        return (h,), (x, h_old, m, h)

    def step_backward(
        self, saved: Any, dstate: State, total: WeightGradients
    ) -> tuple[Array, State]:
        x, h_old, m, h = saved
        (dh,) = dstate
        da = dh * self.dt(h)
        total.kernel += np.outer(x, da)
        total.recurrent_kernel += np.outer(m * h_old, da)
        if total.bias is not None:
            total.bias += da
        return da @ self.kernel.T, (m * (da @ self.recurrent_kernel.T),)


def simple_rnn_forward(*arrays: Any, **options: Any) -> tuple[Array, State, Tape]:
    """Twin of `rnncore.ops.simple_rnn_forward`: y, (h,) and the tape."""
    return sequences.forward(SimpleRNNCell, *arrays, **options)


def simple_rnn(*arrays: Any, **options: Any) -> tuple[Array, State]:
    """Twin of `rnncore.ops.simple_rnn`: y and (h,)."""
    return simple_rnn_forward(*arrays, **options)[:2]


# Twin of `rnncore.ops.simple_rnn_backward`.
simple_rnn_backward = sequences.backward
