"""GRU: W is kernel (I, 3H), U is recurrent_kernel (H, 3H), gates z r n.

Both forms, for one row and one real step, from the old h':

    z = sigmoid(x W_z + h' U_z + biases)        r = sigmoid(x W_r + h' U_r + biases)
    h = z * h' + (1 - z) * n

``reset_after=True``; bias (2, 3H), row 0 is b (with x), row 1 is c (with h'):

    q = h' U_n + c_n
    n = tanh(x W_n + b_n + r * q)

``reset_after=False``; bias (3H,):

    s = r * h'
    n = tanh(x W_n + s U_n + b_n)

Backward, given dh (from y and from the next step):

    dz   = dh * (h' - n)         da_z = dz * z(1-z)
    dn   = dh * (1 - z)          da_n = dn * (1 - n^2)

    reset_after=True:   dr = da_n * q             dq = da_n * r
                        da = [da_z da_r da_n]     de = [da_z da_r dq]
                        dh' = dh * z + de U^T     dU += h'^T de
                        db  = da (row 0), de (row 1)
    reset_after=False:  ds = da_n U_n^T           dr = ds * h'
                        da = [da_z da_r da_n]
                        dh' = dh * z + ds * r + da_z U_z^T + da_r U_r^T
                        dU_z += h'^T da_z         dU_r += h'^T da_r       dU_n += s^T da_n
                        db  = da

    with da_r = dr * r(1-r);  dx = da W^T;  dW += x^T da
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore._reference import sequences
from rnncore._reference.activations import dsigmoid, dtanh, sigmoid
from rnncore._reference.sequences import Array, Gradients, State, States, Tape, WeightGradients


class GRUResetAfterCell:
    """The step with ``reset_after=True``: r multiplies the product with U_n."""

    n_states = 1

    def __init__(
        self, kernel: ArrayLike, recurrent_kernel: ArrayLike, bias: ArrayLike | None
    ) -> None:
        self.kernel = sequences.as_float64(kernel)
        self.recurrent_kernel = sequences.as_float64(recurrent_kernel)
        self.bias = sequences.optional_float64(bias)

    def step(self, x: Array, state: State) -> tuple[State, Any]:
        (h_old,) = state
        a = x @ self.kernel
        e = h_old @ self.recurrent_kernel
        if self.bias is not None:
            a = a + self.bias[0]
            e = e + self.bias[1]
        a_z, a_r, a_n = np.split(a, 3)
        e_z, e_r, q = np.split(e, 3)
        z, r = sigmoid(a_z + e_z), sigmoid(a_r + e_r)
        n = np.tanh(a_n + r * q)
        return (z * h_old + (1.0 - z) * n,), (x, h_old, z, r, n, q)

    def step_backward(
        self, saved: Any, dstate: State, total: WeightGradients
    ) -> tuple[Array, State]:
        x, h_old, z, r, n, q = saved
        (dh,) = dstate
        da_z = dh * (h_old - n) * dsigmoid(z)
        da_n = dh * (1.0 - z) * dtanh(n)
        da_r = da_n * q * dsigmoid(r)
        da = np.concatenate([da_z, da_r, da_n])
        de = np.concatenate([da_z, da_r, da_n * r])
        total.kernel += np.outer(x, da)
        total.recurrent_kernel += np.outer(h_old, de)
        if total.bias is not None:
            total.bias[0] += da
            total.bias[1] += de
        return da @ self.kernel.T, (dh * z + de @ self.recurrent_kernel.T,)


class GRUResetBeforeCell:
    """The step with ``reset_after=False``: r multiplies h' before the product with U_n."""

    n_states = 1

    def __init__(
        self, kernel: ArrayLike, recurrent_kernel: ArrayLike, bias: ArrayLike | None
    ) -> None:
        self.kernel = sequences.as_float64(kernel)
        self.recurrent_kernel = sequences.as_float64(recurrent_kernel)
        self.bias = sequences.optional_float64(bias)

    def step(self, x: Array, state: State) -> tuple[State, Any]:
        (h_old,) = state
        u_z, u_r, u_n = np.split(self.recurrent_kernel, 3, axis=1)
        a = x @ self.kernel
        if self.bias is not None:
            a = a + self.bias
        a_z, a_r, a_n = np.split(a, 3)
        z, r = sigmoid(a_z + h_old @ u_z), sigmoid(a_r + h_old @ u_r)
        n = np.tanh(a_n + (r * h_old) @ u_n)
        return (z * h_old + (1.0 - z) * n,), (x, h_old, z, r, n)

    def step_backward(
        self, saved: Any, dstate: State, total: WeightGradients
    ) -> tuple[Array, State]:
        x, h_old, z, r, n = saved
        (dh,) = dstate
        u_z, u_r, u_n = np.split(self.recurrent_kernel, 3, axis=1)
        da_z = dh * (h_old - n) * dsigmoid(z)
        da_n = dh * (1.0 - z) * dtanh(n)
        ds = da_n @ u_n.T
        da_r = ds * h_old * dsigmoid(r)
        da = np.concatenate([da_z, da_r, da_n])
        total.kernel += np.outer(x, da)
        du = [np.outer(h_old, da_z), np.outer(h_old, da_r), np.outer(r * h_old, da_n)]
        total.recurrent_kernel += np.concatenate(du, axis=1)
        if total.bias is not None:
            total.bias += da
        dh_old = dh * z + ds * r + da_z @ u_z.T + da_r @ u_r.T
        return da @ self.kernel.T, (dh_old,)


def gru_forward(
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
    reset_after: bool = True,
) -> tuple[Array, State, Tape]:
    """Twin of `rnncore.ops.gru_forward`: y, (h,) and the tape."""
    cell = GRUResetAfterCell if reset_after else GRUResetBeforeCell
    return sequences.forward(
        cell(kernel, recurrent_kernel, bias),
        x,
        initial_state,
        lengths=lengths,
        mask=mask,
        go_backwards=go_backwards,
        time_major=time_major,
        out=out,
    )


def gru(
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
    reset_after: bool = True,
) -> tuple[Array, State]:
    """Twin of `rnncore.ops.gru`: y and (h,)."""
    y, state, _ = gru_forward(
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
        reset_after=reset_after,
    )
    return y, state


def gru_backward(tape: Tape, dy: ArrayLike | None, dstate: States | None = None) -> Gradients:
    """Twin of `rnncore.ops.gru_backward`."""
    return sequences.backward(tape, dy, dstate)
