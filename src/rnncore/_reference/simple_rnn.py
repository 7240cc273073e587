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
from numpy.typing import ArrayLike, NDArray

from rnncore._reference import sequences
from rnncore._reference.activations import named
from rnncore._reference.sequences import Array, Gradients, State, States, Tape, WeightGradients


class SimpleRNNCell:
    """The step of the module's docstring."""

    n_states = 1

    def __init__(
        self, kernel: ArrayLike, recurrent_kernel: ArrayLike, bias: ArrayLike | None, name: str
    ) -> None:
        self.kernel = sequences.as_float64(kernel)
        self.recurrent_kernel = sequences.as_float64(recurrent_kernel)
        self.bias = sequences.optional_float64(bias)
        self.f, self.df = named("activation", name)

    def step(self, x: Array, state: State, masks: Array) -> tuple[State, Any]:
        (h_old,) = state
        (m,) = masks
        a = x @ self.kernel + (m * h_old) @ self.recurrent_kernel
        if self.bias is not None:
            a = a + self.bias
        h = self.f(a)
        return (h,), (x, h_old, m, h)

    def step_backward(
        self, saved: Any, dstate: State, total: WeightGradients
    ) -> tuple[Array, State]:
        x, h_old, m, h = saved
        (dh,) = dstate
        da = dh * self.df(h)
        total.kernel += np.outer(x, da)
        total.recurrent_kernel += np.outer(m * h_old, da)
        if total.bias is not None:
            total.bias += da
        return da @ self.kernel.T, (m * (da @ self.recurrent_kernel.T),)


def simple_rnn_forward(
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
    recurrent_mask: ArrayLike | None = None,
    activation: str = "tanh",
) -> tuple[Array, State, Tape]:
    """Twin of `rnncore.ops.simple_rnn_forward`: y, (h,) and the tape."""
    return sequences.forward(
        SimpleRNNCell(kernel, recurrent_kernel, bias, activation),
        x,
        initial_state,
        lengths=lengths,
        mask=mask,
        go_backwards=go_backwards,
        time_major=time_major,
        out=out,
        recurrent_mask=recurrent_mask,
    )


def simple_rnn(
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
    activation: str = "tanh",
) -> tuple[Array, State]:
    """Twin of `rnncore.ops.simple_rnn`: y and (h,)."""
    y, state, _ = simple_rnn_forward(
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
        activation=activation,
    )
    return y, state


def simple_rnn_backward(
    tape: Tape, dy: ArrayLike | None, dstate: States | None = None
) -> Gradients:
    """Twin of `rnncore.ops.simple_rnn_backward`."""
    return sequences.backward(tape, dy, dstate)
