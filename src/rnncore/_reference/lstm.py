"""LSTM: W is kernel (I, 4H), U is recurrent_kernel (H, 4H), b is bias (4H,), gates i f g o.

Forward, for one row and one real step, from the old h' and c':

    a_k = x W_k + (m_k * h') U_k + b_k,      k one of i f g o: the four blocks of H columns
    i = s(a_i)   f = s(a_f)   g = t(a_g)   o = s(a_o)
    c = f * c' + i * g
    h = o * t(c)

with s the sigmoid (`recurrent_activation`), t tanh (`activation`), and m_k the mask of gate k in
recurrent dropout, ones without it.

Backward, given dh (from y and from the next step) and dc (from the next step):

    do   = dh * t(c)
    dc  += dh * o * t'(c)
    di   = dc * g      df = dc * c'      dg = dc * i      dc' = dc * f
    da_i = di * s'(a_i)   da_f = df * s'(a_f)   da_g = dg * t'(a_g)   da_o = do * s'(a_o)
    dx   = da W^T      dh' = sum over k of m_k * (da_k U_k^T)
    dW  += x^T da      dU_k += (m_k * h')^T da_k      db += da

where s' = s (1 - s) and t' = 1 - t^2, and in general the derivatives are taken from outputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncore._reference import sequences
from rnncore._reference.activations import Array
from rnncore._reference.sequences import Cell, State, Tape, WeightGradients


class LSTMCell(Cell):
    """The step of the module's docstring."""

    n_states = 2

    def step(self, x: Array, state: State, masks: Array) -> tuple[State, Any]:
        h_old, c_old = state
        a = x @ self.kernel + self.recurrent(h_old, masks) + self.bias
        a_i, a_f, a_g, a_o = np.split(a, 4)
        i, f, g, o = self.s(a_i), self.s(a_f), self.t(a_g), self.s(a_o)
        c = f * c_old + i * g
        h = o * self.t(c)
        return (h, c), (x, h_old, c_old, masks, i, f, g, o, c)

    def step_backward(self, saved: Any, dstate: State) -> tuple[Array, State, WeightGradients]:
        x, h_old, c_old, masks, i, f, g, o, c = saved
        dh, dc_next = dstate
        t_c = self.t(c)
        do = dh * t_c
        dc = dc_next + dh * o * self.dt(t_c)
        di, df, dg = dc * g, dc * c_old, dc * i
        das = [di * self.ds(i), df * self.ds(f), dg * self.dt(g), do * self.ds(o)]
        da = np.concatenate(das)
        dh_old, du = self.recurrent_backward(h_old, masks, da)
        return da @ self.kernel.T, (dh_old, dc * f), (np.outer(x, da), du, da)


def lstm_forward(*arrays: Any, **options: Any) -> tuple[Array, State, Tape]:
    """Twin of `rnncore.ops.lstm_forward`: y, (h, c) and the tape."""
    return sequences.forward(LSTMCell, *arrays, **options)


def lstm(*arrays: Any, **options: Any) -> tuple[Array, State]:
    """Twin of `rnncore.ops.lstm`: y and (h, c)."""
    return lstm_forward(*arrays, **options)[:2]


# Twin of `rnncore.ops.lstm_backward`.
lstm_backward = sequences.backward
