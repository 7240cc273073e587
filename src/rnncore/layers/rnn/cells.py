"""LSTMCell, GRUCell and SimpleRNNCell: one step of the layers of these names."""

from __future__ import annotations

from typing import Any

from rnncore.layers.rnn.fused import Recurrent
from rnncore.layers.rnn.fused_cell import RecurrentCell, of_layer
from rnncore.layers.rnn.gru import GRU
from rnncore.layers.rnn.lstm import LSTM
from rnncore.layers.rnn.simple_rnn import SimpleRNN


class LSTMCell(RecurrentCell):
    """One step of an LSTM: ``c = f*c' + i*g``, ``h = o*tanh(c)``.

    Parameters
    ----------
    units : int
        Size H of the states and of the output.
    activation : default "tanh"
    recurrent_activation : default "sigmoid"
        Of the gates.
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
    recurrent_initializer : default "orthogonal"
    bias_initializer : default "zeros"
    unit_forget_bias : bool, default True
        Start the bias of the forget gate at one.
    kernel_regularizer, recurrent_regularizer, bias_regularizer : optional
    kernel_constraint, recurrent_constraint, bias_constraint : optional
    dropout, recurrent_dropout : float, default 0
        Fractions of the input and of the state h that are dropped in training.
    seed : int, optional
        Of the dropout.
    **kwargs
        `name`, `dtype`, `trainable`: see `Layer`; `implementation` has no effect.

    Raises
    ------
    ValueError, TypeError
        For an argument that is unknown or out of range.

    Notes
    -----
    Weights: those of `LSTM`, which says more of the arguments. The states are
    ``[h, c]``.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import LSTMCell
    >>> cell = LSTMCell(4)
    >>> h, (h, c) = cell(np.zeros((2, 3)), cell.get_initial_state(batch_size=2))
    >>> h.shape, c.shape
    ((2, 4), (2, 4))
    """

    recurrent_activation: Any = of_layer("recurrent_activation")
    unit_forget_bias: bool = of_layer("unit_forget_bias")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        self.make_layer(
            LSTM,
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            name="lstm_cell",
        )
        super().__init__(**kwargs)


class GRUCell(RecurrentCell):
    """One step of a GRU: ``h = z*h' + (1-z)*n``.

    Parameters
    ----------
    units : int
        Size H of the states and of the output.
    activation : default "tanh"
    recurrent_activation : default "sigmoid"
        Of the gates.
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
    recurrent_initializer : default "orthogonal"
    bias_initializer : default "zeros"
    kernel_regularizer, recurrent_regularizer, bias_regularizer : optional
    kernel_constraint, recurrent_constraint, bias_constraint : optional
    dropout, recurrent_dropout : float, default 0
        Fractions of the input and of the state h that are dropped in training.
    reset_after : bool, default True
        Apply the reset gate after the product with the recurrent kernel.
    seed : int, optional
        Of the dropout.
    **kwargs
        `name`, `dtype`, `trainable`: see `Layer`; `implementation` has no effect.

    Raises
    ------
    ValueError, TypeError
        For an argument that is unknown or out of range.

    Notes
    -----
    Weights: those of `GRU`, which says more of the arguments. The state is
    ``[h]``.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import GRUCell
    >>> cell = GRUCell(4)
    >>> y, (h,) = cell(np.zeros((2, 3)), cell.get_initial_state(batch_size=2))
    >>> h.shape
    (2, 4)
    """

    recurrent_activation: Any = of_layer("recurrent_activation")
    reset_after: bool = of_layer("reset_after")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        self.make_layer(
            GRU,
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            reset_after=reset_after,
            seed=seed,
            name="gru_cell",
        )
        super().__init__(**kwargs)


class SimpleRNNCell(RecurrentCell):
    """One step of a simple RNN: ``h = f(x W + h' U + b)``.

    Parameters
    ----------
    units : int
        Size H of the states and of the output.
    activation : default "tanh"
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
    recurrent_initializer : default "orthogonal"
    bias_initializer : default "zeros"
    kernel_regularizer, recurrent_regularizer, bias_regularizer : optional
    kernel_constraint, recurrent_constraint, bias_constraint : optional
    dropout, recurrent_dropout : float, default 0
        Fractions of the input and of the state h that are dropped in training.
    seed : int, optional
        Of the dropout.
    **kwargs
        `name`, `dtype`, `trainable`: see `Layer`; `implementation` has no effect.

    Raises
    ------
    ValueError, TypeError
        For an argument that is unknown or out of range.

    Notes
    -----
    Weights: those of `SimpleRNN`, which says more of the arguments. The
    state is ``[h]``.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import SimpleRNNCell
    >>> cell = SimpleRNNCell(4)
    >>> y, (h,) = cell(np.zeros((2, 3)), cell.get_initial_state(batch_size=2))
    >>> h.shape
    (2, 4)
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        self.make_layer(
            SimpleRNN,
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            name="simple_rnn_cell",
        )
        super().__init__(**kwargs)


def cell_of(layer: Recurrent) -> RecurrentCell:
    """Return the cell of a layer, with the layer's own weights."""
    kinds: dict[str, type[RecurrentCell]] = {
        LSTM.operation: LSTMCell,
        GRU.operation: GRUCell,
        SimpleRNN.operation: SimpleRNNCell,
    }
    return kinds[layer.operation].of(layer)
