"""The equations of the cells, for libraries with NumPy's functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

# From x W + b (B, G H), the state, U and the bias of h U to the next state, whose first array is h,
# and what the backward needs.
Step = Callable[[Any, Any, Any, Any], tuple[Any, Any]]


def make_step(cell: str, xp: Any, sigmoid: Callable[[Any], Any]) -> Step:
    """One step of a cell in the functions of the module `xp`."""

    def lstm(a: Any, state: Any, u: Any, bias: Any) -> Any:
        i, f, g, o = gates(a + state[0] @ u, 4)
        i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
        c = f * state[1] + i * g
        tanh_c = xp.tanh(c)
        return (o * tanh_c, c), (i, f, g, o, tanh_c)

    def gru(a: Any, state: Any, u: Any, bias: Any) -> Any:
        (h,) = state
        a_z, a_r, a_n = gates(a, 3)
        u_z, u_r, q = gates(h @ u + bias, 3)
        z, r = sigmoid(a_z + u_z), sigmoid(a_r + u_r)
        n = xp.tanh(a_n + r * q)
        return (z * h + (1 - z) * n,), (z, r, n, q)

    def gru_before(a: Any, state: Any, u: Any, bias: Any) -> Any:
        (h,), both = state, 2 * len(u)
        z, r = gates(sigmoid(a[:, :both] + h @ u[:, :both]), 2)
        q = r * h
        n = xp.tanh(a[:, both:] + q @ u[:, both:])
        return (z * h + (1 - z) * n,), (z, r, n, q)

    def rnn(a: Any, state: Any, u: Any, bias: Any) -> Any:
        h = xp.tanh(a + state[0] @ u)
        return (h,), (h,)

    return {"lstm": lstm, "gru": gru, "gru_before": gru_before, "rnn": rnn}[cell]


def gates(array: Any, count: int) -> list[Any]:
    """Equal parts of the last axis; `split` would take NumPy longer."""
    units = array.shape[-1] // count
    return [array[..., i * units : (i + 1) * units] for i in range(count)]


def stacked(xp: Any, layer: Callable[..., Any], x: Any, weights: Sequence[Any]) -> Any:
    """y of two bidirectional layers; ``layer(x, weights)`` gives y of one direction."""
    for first in (0, 2):
        ahead, back = layer(x, weights[first]), layer(x[::-1], weights[first + 1])
        x = xp.concatenate((ahead, back[::-1]), axis=-1)
    return x
