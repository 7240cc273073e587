"""Recurrent layers as functions of arrays, forward and backward.

Shapes: T time steps, B batch, I input size, H hidden size. ``x`` is (B, T, I) and may have any
strides, float32 or float64; every other float array of a call has the dtype of ``x``. ``state`` is
a tuple, ``(h, c)`` for an LSTM and ``(h,)`` for the others, each (B, H).

``lstm`` runs a layer, ``lstm_forward`` also keeps what ``lstm_backward`` needs; ``gru`` and
``simple_rnn`` likewise. ``lstm_weights`` packs weights once for many calls, where each call of
``lstm`` with arrays packs them anew. The equations and their gradients are in docs/equations.md.

There are also the plain array functions that Keras programs use in metrics, such as ``mean``,
``square`` and ``cast``: see `rnncore.ops.arrays`.
"""

from typing import Any

from rnncore.ops import arrays
from rnncore.ops._cells import Gradients, Weights
from rnncore.ops.gru import gru, gru_backward, gru_forward, gru_weights
from rnncore.ops.lstm import lstm, lstm_backward, lstm_forward, lstm_weights
from rnncore.ops.simple_rnn import (
    simple_rnn,
    simple_rnn_backward,
    simple_rnn_forward,
    simple_rnn_weights,
)

__all__ = [
    "Gradients",
    "Weights",
    "gru",
    "gru_backward",
    "gru_forward",
    "gru_weights",
    "lstm",
    "lstm_backward",
    "lstm_forward",
    "lstm_weights",
    "simple_rnn",
    "simple_rnn_backward",
    "simple_rnn_forward",
    "simple_rnn_weights",
]


def __getattr__(name: str) -> Any:
    if name in arrays.FUNCTIONS:
        return arrays.FUNCTIONS[name]
    raise AttributeError(f"module 'rnncore.ops' has no attribute {name!r}")
