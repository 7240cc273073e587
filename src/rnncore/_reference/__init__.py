"""The oracle: every function of :mod:`rnncore.ops` once more, in plain NumPy and float64.

Written from the equations (docs/equations.md), one row and one time step at a time, with nothing
in common with the kernels that it judges: it imports NumPy only. It takes the arguments of its twin
in ``rnncore.ops``, in any float dtype, computes in float64 and returns float64.

`dense` stands beside them as the oracle of `rnncore.layers.Dense`.

It is slow. Tests and benchmarks use it; nothing else may import it.
"""

from rnncore._reference.dense import dense, dense_backward, dense_forward
from rnncore._reference.gru import gru, gru_backward, gru_forward
from rnncore._reference.lstm import lstm, lstm_backward, lstm_forward
from rnncore._reference.simple_rnn import simple_rnn, simple_rnn_backward, simple_rnn_forward

__all__ = [
    "dense",
    "dense_backward",
    "dense_forward",
    "gru",
    "gru_backward",
    "gru_forward",
    "lstm",
    "lstm_backward",
    "lstm_forward",
    "simple_rnn",
    "simple_rnn_backward",
    "simple_rnn_forward",
]
