"""The equations of the cells, for libraries with NumPy's functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rnncore.bench.cases import Case


def make_network(
    case: Case, xp: Any, sigmoid: Callable[[Any], Any], scan: Callable[..., Any]
) -> Callable[..., Any]:
    """The layer or stack of a case, in the functions of the module `xp`.

    It is a function of x, the weights and the state that gives y and the last state. `scan` walks
    over time as ``jax.lax.scan`` does.
    """

    def lstm(a: Any, state: Any, u: Any, bias: Any) -> Any:
        i, f, g, o = _gates(a + state[0] @ u, 4)
        c = sigmoid(f) * state[1] + sigmoid(i) * xp.tanh(g)
        return sigmoid(o) * xp.tanh(c), c

    def gru(a: Any, state: Any, u: Any, bias: Any) -> Any:
        (h,) = state
        a_z, a_r, a_n = _gates(a, 3)
        u_z, u_r, q = _gates(h @ u + bias, 3)
        z, r = sigmoid(a_z + u_z), sigmoid(a_r + u_r)
        return (z * h + (1 - z) * xp.tanh(a_n + r * q),)

    def gru_before(a: Any, state: Any, u: Any, bias: Any) -> Any:
        (h,), both = state, 2 * len(u)
        z, r = _gates(sigmoid(a[:, :both] + h @ u[:, :both]), 2)
        return (z * h + (1 - z) * xp.tanh(a[:, both:] + (r * h) @ u[:, both:]),)

    def rnn(a: Any, state: Any, u: Any, bias: Any) -> Any:
        return (xp.tanh(a + state[0] @ u),)

    step = {"lstm": lstm, "gru": gru, "gru_before": gru_before, "rnn": rnn}[case.cell]

    def layer(x: Any, weights: Any, state: Any) -> Any:
        w, u, b = weights
        b = xp.atleast_2d(b)

        def advance(state: Any, a: Any) -> Any:
            state = step(a, state, u, b[-1])
            return state, state[0]

        state, y = scan(advance, state, x @ w + b[0])
        return y, state

    def stack(x: Any, weights: Any, state: Any) -> Any:
        for first in (0, 2):
            ahead, back = layer(x, weights[first], state), layer(x[::-1], weights[first + 1], state)
            x = xp.concatenate((ahead[0], back[0][::-1]), axis=-1)
        return x, ()

    return stack if case.stacked else lambda x, weights, state: layer(x, weights[0], state)


def _gates(array: Any, count: int) -> list[Any]:
    """Equal parts of the last axis; `split` would take NumPy longer."""
    units = array.shape[-1] // count
    return [array[..., i * units : (i + 1) * units] for i in range(count)]
