"""The GRU layer."""

from __future__ import annotations

from typing import Any

from rnncore.layers._arguments import boolean
from rnncore.layers.parameter import Parameter
from rnncore.layers.rnn.fused import Recurrent, named_activation


class GRU(Recurrent):
    """Gated recurrent unit: ``h = z*h' + (1-z)*n``.

    Parameters
    ----------
    units : int
        Size H of the state and of the output.
    activation : {"tanh", "sigmoid", "relu", "linear", "hard_sigmoid"}, default "tanh"
        Of the candidate n; None means linear.
    recurrent_activation : {"sigmoid", "tanh", "relu", "linear", "hard_sigmoid"}
        Of the gates, by default "sigmoid"; None means linear. With tanh and sigmoid the layer takes
        the fused kernels, else the generic ones; `kernel_path` says which.
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
    recurrent_initializer : default "orthogonal"
    bias_initializer : default "zeros"
    kernel_regularizer, recurrent_regularizer, bias_regularizer : optional
        Penalties on the weights; see `rnncore.regularizers`.
    activity_regularizer : optional
        Penalty on the output, divided by the number of samples.
    kernel_constraint, recurrent_constraint, bias_constraint : optional
        Projections of the weights after each step; see `rnncore.constraints`.
    dropout : float, default 0
        Share of the inputs that are dropped in training, from 0 to below 1: the same features at
        all steps of a sequence.
    recurrent_dropout : float, default 0
        Share of the state that is dropped in training where it meets the recurrent kernel, apart
        for each gate; the same units at all steps.
    seed : int, optional
        Of the dropout. Default: derived from `rnncore.utils.set_random_seed`.
    return_sequences : bool, default False
        Whether to return h of every step, ``(B, T, H)``, or only the last one, ``(B, H)``.
    return_state : bool, default False
        Whether a call returns the final states too, each ``(B, H)``: ``[y, h]``.
    go_backwards : bool, default False
        Process each sequence from its end; the output is in the order of processing.
    reset_after : bool, default True
        Apply the reset gate after the product with the recurrent kernel (as PyTorch and cuDNN
        do) or, False, to the state before it.
    stateful : bool, default False
        Whether a batch starts, row by row, from the states in which the one before ended; all
        batches have one size. `reset_state` starts anew.
    zero_output_for_mask : bool, default False
        Whether a masked step's output is zero; else it repeats the one before.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and the like: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        For an argument that is unknown, out of range or not supported yet.

    Notes
    -----
    Weights, gates in the order z r n: kernel ``(I, 3H)``, recurrent_kernel ``(H, 3H)``, bias
    ``(2, 3H)`` with `reset_after`, else ``(3H,)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import GRU
    >>> GRU(4)(np.zeros((2, 5, 3))).shape
    (2, 4)
    """

    operation = "gru"
    gates = 3
    state_count = 1

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        *,
        return_sequences: bool = False,
        go_backwards: bool = False,
        reset_after: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            return_sequences=return_sequences,
            go_backwards=go_backwards,
            **kwargs,
        )
        self.recurrent_activation = named_activation(
            self._owner, "recurrent_activation", recurrent_activation
        )
        self.reset_after = boolean(self._owner, "reset_after", reset_after)

    def build_bias(self) -> Parameter:
        columns = self.gates * self.units
        shape = (2, columns) if self.reset_after else (columns,)
        return self.add_weight("bias", shape, **self.chosen("bias"))

    def options(self) -> dict[str, Any]:
        return {
            **super().options(),
            "recurrent_activation": self.recurrent_activation,
            "reset_after": self.reset_after,
        }
