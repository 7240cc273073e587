"""GRU and its cell."""

from __future__ import annotations

from typing import Any

from rnncore.layers.parameter import Parameter
from rnncore.layers.rnn.fused import FusedLayer, named_activation
from rnncore.layers.rnn.fused_cell import FusedCell
from rnncore.utils._checks import check_flag
from rnncore.utils._config import passed_on


class GRU(FusedLayer):
    """Gated recurrent unit: ``h = z*h' + (1-z)*n``.

    Parameters
    ----------
    units : int
        Size H of the state and of the output.
    activation : {"tanh", "sigmoid", "relu", "linear", "hard_sigmoid"}, default "tanh"
        For the candidate n; None means linear.
    recurrent_activation : {"sigmoid", "tanh", "relu", "linear", "hard_sigmoid"}
        For the gates, by default "sigmoid"; None means linear. With tanh and sigmoid the layer uses
        the fused kernels, otherwise the generic ones; `kernel_path` says which.
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
    recurrent_initializer : default "orthogonal"
    bias_initializer : default "zeros"
    kernel_regularizer, recurrent_regularizer, bias_regularizer : optional
        Penalties on the weights; see `rnncore.regularizers`.
    activity_regularizer : optional
        Penalty on the output, divided by the number of samples.
    kernel_constraint, recurrent_constraint, bias_constraint : optional
        Applied to the weights after each step; see `rnncore.constraints`.
    dropout : float, default 0
        Fraction of the inputs to drop in training, at least 0 and below 1; the same features at
        every step of a sequence.
    recurrent_dropout : float, default 0
        Fraction of the state to drop in training before the recurrent kernel, separately for each
        gate; the same units at every step.
    seed : int, optional
        For the dropout. Default: derived from `rnncore.utils.set_random_seed`.
    return_sequences : bool, default False
        Whether to return h for every step, ``(B, T, H)``, or only the last, ``(B, H)``.
    return_state : bool, default False
        Whether a call also returns the final states, each ``(B, H)``: ``[y, h]``.
    go_backwards : bool, default False
        Process each sequence in reverse, and return the output in that order.
    reset_after : bool, default True
        Apply the reset gate after the product with the recurrent kernel (as PyTorch and cuDNN do);
        if False, to the state before it.
    stateful : bool, default False
        Whether each row of a batch starts from the final state of the same row in the previous
        batch, so all batches need the same size. `reset_state` clears the states.
    zero_output_for_mask : bool, default False
        Whether the output of a masked step is zero; otherwise it repeats the previous output.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown, out of range or not supported yet.

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
        super().__init__(**passed_on(locals(), "recurrent_activation", "reset_after"))
        self.recurrent_activation = named_activation(
            self._owner, "recurrent_activation", recurrent_activation
        )
        self.reset_after = check_flag(self._owner, "reset_after", reset_after)

    def build_bias(self) -> Parameter:
        columns = self.gates * self.units
        shape = (2, columns) if self.reset_after else (columns,)
        return self.add_weight("bias", shape, **self.chosen("bias"))


class GRUCell(FusedCell, layer_class=GRU):
    """One step of a GRU: ``h = z*h' + (1-z)*n``.

    Parameters
    ----------
    units : int
        Size H of the states and of the output.
    activation : default "tanh"
    recurrent_activation : default "sigmoid"
        For the gates.
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
    recurrent_initializer : default "orthogonal"
    bias_initializer : default "zeros"
    kernel_regularizer, recurrent_regularizer, bias_regularizer : optional
    kernel_constraint, recurrent_constraint, bias_constraint : optional
    dropout, recurrent_dropout : float, default 0
        Fractions of the input and of the state h to drop in training.
    reset_after : bool, default True
        Apply the reset gate after the product with the recurrent kernel.
    seed : int, optional
        For the dropout.
    **kwargs
        `name`, `dtype`, `trainable`: see `Layer`; `implementation` has no effect.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown or out of range.

    Notes
    -----
    Weights as in `GRU`, which describes the arguments in full. The state is ``[h]``.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import GRUCell
    >>> cell = GRUCell(4)
    >>> y, (h,) = cell(np.zeros((2, 3)), cell.get_initial_state(batch_size=2))
    >>> h.shape
    (2, 4)
    """

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
        super().__init__(passed_on(locals(), "kwargs"), **kwargs)
