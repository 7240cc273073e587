"""Cells in NumPy that several tests share."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncore.layers import AbstractRNNCell, GRUCell, Layer


class MinimalGatedCell(AbstractRNNCell):
    """One gate, f, for both the state that the candidate sees and the update."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape: Any) -> None:
        columns = 2 * self.units
        self.W = self.add_weight("kernel", (input_shape[-1], columns), "glorot_uniform")
        self.U = self.add_weight("recurrent_kernel", (self.units, columns), "orthogonal")

    def forward(self, inputs: Any, states: Any) -> Any:  # type: ignore[override]
        (h,), (uf, un) = states, np.split(self.U.value, 2, axis=1)
        xf, xn = np.split(inputs @ self.W.value, 2, axis=1)
        f = 1 / (1 + np.exp(-(xf + h @ uf)))
        n = np.tanh(xn + (f * h) @ un)
        y = h + f * (n - h)
        return y, [y], (inputs, h, f, n)

    def backward(self, saved: Any, dy: Any, dstates: Any) -> Any:  # type: ignore[override]
        (x, h, f, n), (uf, un) = saved, np.split(self.U.value, 2, axis=1)
        dh = dy + dstates[0]
        dn = dh * f * (1 - n * n)
        dfh = dn @ un.T
        df = (dh * (n - h) + dfh * h) * f * (1 - f)
        dgates = np.concatenate([df, dn], axis=1)
        self.W.grad += x.T @ dgates
        self.U.grad += np.concatenate([h.T @ df, (f * h).T @ dn], axis=1)
        return dgates @ self.W.value.T, [dh * (1 - f) + df @ uf.T + dfh * f]


class MovingAverageCell(AbstractRNNCell):
    """Two states of different sizes, neither of which is the output."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.state_size = [units, 1]
        self.output_size = 2 * units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1], self.units), "glorot_uniform")

    def get_initial_state(self, batch_size: int | None = None) -> Any:
        return [np.zeros((batch_size or 0, size)) for size in self.state_size]

    def forward(self, inputs: Any, states: Any) -> Any:  # type: ignore[override]
        mean, count = states
        new, a = count + 1, np.tanh(inputs @ self.kernel.value)
        moved = mean + (a - mean) / (new + 1)
        return (
            np.concatenate([moved, moved**2], axis=1),
            [moved, new],
            (inputs, mean, new, a, moved),
        )

    def backward(self, saved: Any, dy: Any, dstates: Any) -> Any:  # type: ignore[override]
        x, mean, new, a, moved = saved
        d_one, d_two = np.split(dy, 2, axis=1)
        d = d_one + 2 * moved * d_two + dstates[0]
        da = d / (new + 1) * (1 - a * a)
        self.kernel.grad += x.T @ da
        dcount = dstates[1] - (d * (a - mean)).sum(1, keepdims=True) / (new + 1) ** 2
        return da @ self.kernel.value.T, [d * (1 - 1 / (new + 1)), dcount]


class ResidualCell(AbstractRNNCell):
    """Another cell, and its input added to its output: cells may be made of cells."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = GRUCell(units)
        self.children = (self.inner,)
        self.state_size = units

    def build(self, input_shape: Any) -> None:
        self.inner.dtype = self.dtype
        self.inner.make_weights(input_shape)

    def forward(self, inputs: Any, states: Any, training: bool = False) -> Any:  # type: ignore[override]
        y, new, saved = self.inner.forward(inputs, states, training)
        return y + inputs, new, saved

    def backward(self, saved: Any, dy: Any, dstates: Any) -> Any:  # type: ignore[override]
        dx, dstates = self.inner.backward(saved, dy, dstates)
        return dx + dy, dstates


class CellForKeras(Layer):
    """As one writes it for Keras, with NumPy in place of `keras.ops`."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="uniform", name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, self.units), initializer="uniform", name="recurrent_kernel"
        )
        self.built = True

    def call(self, inputs: Any, states: Any) -> Any:
        h = np.matmul(inputs, self.kernel)
        output = h + states[0] @ self.recurrent_kernel[:, :]
        return output, [output]
