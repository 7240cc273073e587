"""LSTM: W is kernel (I, 4H), U is recurrent_kernel (H, 4H), b is bias (4H,), gates i f g o.

Forward, for one row and one real step, from the old h' and c':

    a = x W + h' U + b,      split in four blocks of H columns: a_i a_f a_g a_o
    i = sigmoid(a_i)   f = sigmoid(a_f)   g = tanh(a_g)   o = sigmoid(a_o)
    c = f * c' + i * g
    h = o * tanh(c)

Backward, given dh (from y and from the next step) and dc (from the next step):

    do   = dh * tanh(c)
    dc  += dh * o * (1 - tanh(c)^2)
    di   = dc * g      df = dc * c'      dg = dc * i      dc' = dc * f
    da_i = di * i(1-i)   da_f = df * f(1-f)   da_g = dg * (1-g^2)   da_o = do * o(1-o)
    dx   = da W^T      dh' = da U^T
    dW  += x^T da      dU += h'^T da          db += da
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore._reference import sequences
from rnncore._reference.activations import dsigmoid, dtanh, sigmoid
from rnncore._reference.sequences import Array, Gradients, State, States, Tape, WeightGradients


class LSTMCell:
    """The step of the module's docstring."""

    n_states = 2

    def __init__(
        self, kernel: ArrayLike, recurrent_kernel: ArrayLike, bias: ArrayLike | None
    ) -> None:
        self.kernel = sequences.as_float64(kernel)
        self.recurrent_kernel = sequences.as_float64(recurrent_kernel)
        self.bias = sequences.optional_float64(bias)

    def step(self, x: Array, state: State) -> tuple[State, Any]:
        h_old, c_old = state
        a = x @ self.kernel + h_old @ self.recurrent_kernel
        if self.bias is not None:
            a = a + self.bias
        a_i, a_f, a_g, a_o = np.split(a, 4)
        i, f, g, o = sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_o)
        c = f * c_old + i * g
        h = o * np.tanh(c)
        return (h, c), (x, h_old, c_old, i, f, g, o, c)

    def step_backward(
        self, saved: Any, dstate: State, total: WeightGradients
    ) -> tuple[Array, State]:
        x, h_old, c_old, i, f, g, o, c = saved
        dh, dc_next = dstate
        tanh_c = np.tanh(c)
        do = dh * tanh_c
        dc = dc_next + dh * o * dtanh(tanh_c)
        di, df, dg = dc * g, dc * c_old, dc * i
        da = np.concatenate([di * dsigmoid(i), df * dsigmoid(f), dg * dtanh(g), do * dsigmoid(o)])
        total.kernel += np.outer(x, da)
        total.recurrent_kernel += np.outer(h_old, da)
        if total.bias is not None:
            total.bias += da
        return da @ self.kernel.T, (da @ self.recurrent_kernel.T, dc * f)


def lstm_forward(
    x: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    initial_state: States | None = None,
    *,
    lengths: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    go_backwards: bool = False,
    time_major: bool = False,
    out: NDArray[Any] | None = None,
) -> tuple[Array, State, Tape]:
    """Twin of `rnncore.ops.lstm_forward`: y, (h, c) and the tape."""
    return sequences.forward(
        LSTMCell(kernel, recurrent_kernel, bias),
        x,
        initial_state,
        lengths=lengths,
        mask=mask,
        go_backwards=go_backwards,
        time_major=time_major,
        out=out,
    )


def lstm(
    x: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    initial_state: States | None = None,
    *,
    lengths: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    go_backwards: bool = False,
    time_major: bool = False,
    out: NDArray[Any] | None = None,
) -> tuple[Array, State]:
    """Twin of `rnncore.ops.lstm`: y and (h, c)."""
    y, state, _ = lstm_forward(
        x,
        kernel,
        recurrent_kernel,
        bias,
        initial_state,
        lengths=lengths,
        mask=mask,
        go_backwards=go_backwards,
        time_major=time_major,
        out=out,
    )
    return y, state


def lstm_backward(tape: Tape, dy: ArrayLike | None, dstate: States | None = None) -> Gradients:
    """Twin of `rnncore.ops.lstm_backward`."""
    return sequences.backward(tape, dy, dstate)
