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
        h = self.t(x @ self.kernel + self.recurrent(h_old, masks) + self.bias)
        return (h,), (x, h_old, masks, h)

    def step_backward(self, saved: Any, dstate: State) -> tuple[Array, State, WeightGradients]:
        x, h_old, masks, h = saved
        (dh,) = dstate
        da = dh * self.dt(h)
        dh_old, du = self.recurrent_backward(h_old, masks, da)
        return da @ self.kernel.T, (dh_old,), (np.outer(x, da), du, da)


def simple_rnn_forward(*arrays: Any, **options: Any) -> tuple[Array, State, Tape]:
    """Twin of `rnncore.ops.simple_rnn_forward`: y, (h,) and the tape."""
    return sequences.forward(SimpleRNNCell, *arrays, **options)


def simple_rnn(*arrays: Any, **options: Any) -> tuple[Array, State]:
    """Twin of `rnncore.ops.simple_rnn`: y and (h,)."""
    return simple_rnn_forward(*arrays, **options)[:2]


# Twin of `rnncore.ops.simple_rnn_backward`.
simple_rnn_backward = sequences.backward
