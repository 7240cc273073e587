"""GRU: W is kernel (I, 3H), U is recurrent_kernel (H, 3H), gates z r n.

Both forms, for one row and one real step, from the old h':

    h_z = m_z * h'          h_r = m_r * h'          h_n = m_n * h'
    z = s(x W_z + h_z U_z + biases)             r = s(x W_r + h_r U_r + biases)
    h = z * h' + (1 - z) * n

with s the sigmoid (`recurrent_activation`), t tanh (`activation`), and m_k the mask of gate k in
recurrent dropout, ones without it.

``reset_after=True``; bias (2, 3H), row 0 is b (with x), row 1 is c (with h'):

    q = h_n U_n + c_n
    n = t(x W_n + b_n + r * q)

``reset_after=False``; bias (3H,):

    p = r * h_n
    n = t(x W_n + p U_n + b_n)

Backward, given dh (from y and from the next step):

    dz   = dh * (h' - n)         da_z = dz * s'(.)
    dn   = dh * (1 - z)          da_n = dn * t'(.)

    reset_after=True:   dr = da_n * q             dq = da_n * r
                        da = [da_z da_r da_n]     de = [da_z da_r dq]
                        dh' = dh * z + sum over k of m_k * (de_k U_k^T)
                        dU_k += h_k^T de_k        db  = da (row 0), de (row 1)
    reset_after=False:  dp = da_n U_n^T           dr = dp * h_n
                        da = [da_z da_r da_n]
                        dh' = dh * z + m_n * dp * r + m_z * (da_z U_z^T) + m_r * (da_r U_r^T)
                        dU_z += h_z^T da_z        dU_r += h_r^T da_r      dU_n += p^T da_n
                        db  = da

    with da_r = dr * s'(.);  dx = da W^T;  dW += x^T da;  s' = s (1 - s) and t' = 1 - t^2, and in
    general the derivatives are taken from outputs
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncore._reference import sequences
from rnncore._reference.activations import Array
from rnncore._reference.sequences import Cell, State, Tape, WeightGradients


class GRUResetAfterCell(Cell):
    """The step with ``reset_after=True``: r multiplies the product with U_n."""

    bias_rows = (2,)

    def step(self, x: Array, state: State, masks: Array) -> tuple[State, Any]:
        (h_old,) = state
        b, c = self.bias
        a_z, a_r, a_n = np.split(x @ self.kernel + b, 3)
        e_z, e_r, q = np.split(self.recurrent(h_old, masks) + c, 3)
        z, r = self.s(a_z + e_z), self.s(a_r + e_r)
        n = self.t(a_n + r * q)
        return (z * h_old + (1.0 - z) * n,), (x, h_old, masks, z, r, n, q)

    def step_backward(self, saved: Any, dstate: State) -> tuple[Array, State, WeightGradients]:
        x, h_old, masks, z, r, n, q = saved
        (dh,) = dstate
        da_z = dh * (h_old - n) * self.ds(z)
        da_n = dh * (1.0 - z) * self.dt(n)
        da_r = da_n * q * self.ds(r)
        da = np.concatenate([da_z, da_r, da_n])
        de = np.concatenate([da_z, da_r, da_n * r])
        dh_recurrent, du = self.recurrent_backward(h_old, masks, de)
        dh_old = dh * z + dh_recurrent
        return da @ self.kernel.T, (dh_old,), (np.outer(x, da), du, np.stack([da, de]))


class GRUResetBeforeCell(Cell):
    """The step with ``reset_after=False``: r multiplies h' before the product with U_n."""

    def step(self, x: Array, state: State, masks: Array) -> tuple[State, Any]:
        (h_old,) = state
        h_z, h_r, h_n = masks * h_old
        u_z, u_r, u_n = np.split(self.recurrent_kernel, 3, axis=1)
        a_z, a_r, a_n = np.split(x @ self.kernel + self.bias, 3)
        z, r = self.s(a_z + h_z @ u_z), self.s(a_r + h_r @ u_r)
        n = self.t(a_n + (r * h_n) @ u_n)
        return (z * h_old + (1.0 - z) * n,), (x, h_old, masks, z, r, n)

    def step_backward(self, saved: Any, dstate: State) -> tuple[Array, State, WeightGradients]:
        x, h_old, masks, z, r, n = saved
        (dh,) = dstate
        m_z, m_r, m_n = masks
        h_z, h_r, h_n = masks * h_old
        u_z, u_r, u_n = np.split(self.recurrent_kernel, 3, axis=1)
        da_z = dh * (h_old - n) * self.ds(z)
        da_n = dh * (1.0 - z) * self.dt(n)
        dp = da_n @ u_n.T
        da_r = dp * h_n * self.ds(r)
        da = np.concatenate([da_z, da_r, da_n])
        dus = [np.outer(h_z, da_z), np.outer(h_r, da_r), np.outer(r * h_n, da_n)]
        du = np.concatenate(dus, axis=1)
        dh_old = dh * z + m_n * dp * r + m_z * (da_z @ u_z.T) + m_r * (da_r @ u_r.T)
        return da @ self.kernel.T, (dh_old,), (np.outer(x, da), du, da)


def gru_forward(
    *arrays: Any, reset_after: bool = True, **options: Any
) -> tuple[Array, State, Tape]:
    """Twin of `rnncore.ops.gru_forward`: y, (h,) and the tape."""
    cell_class = GRUResetAfterCell if reset_after else GRUResetBeforeCell
    return sequences.forward(cell_class, *arrays, **options)


def gru(*arrays: Any, **options: Any) -> tuple[Array, State]:
    """Twin of `rnncore.ops.gru`: y and (h,)."""
    return gru_forward(*arrays, **options)[:2]


# Twin of `rnncore.ops.gru_backward`.
gru_backward = sequences.backward
