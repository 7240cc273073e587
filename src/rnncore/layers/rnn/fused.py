"""What SimpleRNN, LSTM and GRU share: weights, masks, direction and the calls of the kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rnncore import _core, activations
from rnncore.layers._arguments import boolean
from rnncore.layers._keep import Kept
from rnncore.layers.layer import Shape
from rnncore.layers.parameter import Parameter
from rnncore.layers.rnn.dropout import (
    RecurrentDropout,
    check_rate,
    check_seed,
    input_factors,
)
from rnncore.layers.rnn.recurrent_layer import Call, Recurrence, States
from rnncore.utils._checks import check_count

if TYPE_CHECKING:
    from rnncore.layers.rnn.fused_cell import RecurrentCell


class Recurrent(Recurrence):
    """Base of the recurrent layers of the kernels; a subclass names its operation and its gates."""

    unsupported: Mapping[str, Any] = {
        **Recurrence.unsupported,
        "time_major": False,
        "implementation": 2,
        "use_cudnn": "auto",
    }
    fixed_axes = (-1,)
    size_arguments = ("units",)

    operation: str  # name of the cell
    gates: int  # number of blocks of `units` columns in the kernels
    state_count: int  # number of state arrays
    random_numbers = ("_key", "_calls")

    def __init__(
        self,
        units: int,
        *,
        activation: Any,
        use_bias: bool,
        kernel_initializer: Any,
        recurrent_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        recurrent_regularizer: Any,
        bias_regularizer: Any,
        kernel_constraint: Any,
        recurrent_constraint: Any,
        bias_constraint: Any,
        dropout: Any,
        recurrent_dropout: Any,
        seed: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = self._owner
        self.units = check_count(owner, "units", units)
        self.activation = named_activation(owner, "activation", activation)
        self.use_bias = boolean(owner, "use_bias", use_bias)
        self.choose("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self.choose("recurrent", recurrent_initializer, recurrent_regularizer, recurrent_constraint)
        self.choose("bias", bias_initializer, bias_regularizer, bias_constraint)
        self.dropout = check_rate(owner, "dropout", dropout)
        self.recurrent_dropout = check_rate(owner, "recurrent_dropout", recurrent_dropout)
        self.seed = check_seed(owner, seed)
        self._dropout = RecurrentDropout(self.seed)
        # Packed weights and working memory, so that the next call need not allocate them again.
        self._workspaces = Kept(_core.Workspace)

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) != 3:
            hint = "; a recurrent layer below needs return_sequences=True"
            raise ValueError(
                f"{self.name}: x: expected 3 axes (batch, timesteps, features), "
                f"got shape {input_shape}{hint if len(input_shape) == 2 else ''}"
            )
        features = input_shape[-1]
        if features is None:
            raise ValueError(
                f"{self.name}: x: expected a known number of features, got shape {input_shape}"
            )
        columns = self.gates * self.units
        self.kernel = self.add_weight("kernel", (features, columns), **self.chosen("kernel"))
        self.recurrent_kernel = self.add_weight(
            "recurrent_kernel", (self.units, columns), **self.chosen("recurrent")
        )
        self.bias = self.build_bias() if self.use_bias else None

    def build_bias(self) -> Parameter:
        """Make the bias; GRU and LSTM have their own shape or filling."""
        return self.add_weight("bias", (self.gates * self.units,), **self.chosen("bias"))

    def options(self) -> dict[str, Any]:
        """Return the arguments of the operation that make the layer what it is."""
        return {"activation": self.activation}

    @property
    def cell(self) -> RecurrentCell:
        """The layer as a cell, with the same weights: one step of it, or for an `RNN`."""
        from rnncore.layers.rnn.cells import cell_of  # which needs this module

        return cell_of(self)

    @property
    def kernel_path(self) -> str:
        """Which kernels the layer takes: "fused", or "generic" for its training with
        `recurrent_dropout` and for other activations than tanh, and sigmoid in the gates."""
        options = self.options()
        return _core.kernel_path(
            self.operation,
            options["activation"],
            options.get("recurrent_activation", "sigmoid"),
            self.recurrent_dropout > 0,
        )

    @property
    def state_sizes(self) -> list[int]:
        return [self.units] * self.state_count

    # -- dropout -------------------------------------------------------------------------

    @property
    def _key(self) -> int | None:
        return self._dropout.key

    @_key.setter
    def _key(self, value: int | None) -> None:
        self._dropout.key = value

    @property
    def _calls(self) -> int:
        return self._dropout.calls

    @_calls.setter
    def _calls(self, value: int) -> None:
        self._dropout.calls = value

    def draw_seeds(self) -> None:
        super().draw_seeds()
        if self.dropout or self.recurrent_dropout:
            self._dropout.draw_seeds()

    def drop(self, x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Return `x` after dropout, and the factors of the state for each gate (G, B, H)."""
        factors = None
        if self.dropout:
            drawn = self._dropout.factors(input_factors(self._buffers, x), self.dropout)
            x = np.multiply(x, drawn, out=self._buffers.take("x", x.shape, x.dtype))
        if self.recurrent_dropout:
            shape = (self.gates, x.shape[0], self.units)
            factors = self._buffers.take("state factors", shape, x.dtype)
            self._dropout.factors(factors, self.recurrent_dropout)
        return x, factors

    # -- the calls of the kernels --------------------------------------------------------

    def forward_call(
        self,
        x: NDArray[Any],
        mask: NDArray[Any] | None,
        training: bool,
        initial_state: States | None,
        out: NDArray[Any] | None,
    ) -> Call:
        if mask is not None and mask.all():
            mask = None  # nothing is masked: the kernels have a shorter way
        recurrent_mask = None
        if training and (self.dropout or self.recurrent_dropout):
            x, recurrent_mask = self.drop(x)
        return _core.forward_call(
            self.operation,
            x,
            self.kernel.value,
            self.recurrent_kernel.value,
            None if self.bias is None else self.bias.value,
            initial_state,
            None,
            mask,
            self.go_backwards,
            False,
            out,
            training=training,
            workspace=self._workspaces.take(),
            need_y=self.return_sequences,
            zero_masked=self.zero_output_for_mask,
            recurrent_mask=recurrent_mask,
            **self.options(),
        )

    def finish_forward(self, call: Any, result: Any) -> tuple[NDArray[Any], States]:
        y, states, tape = result
        if tape is None:
            self._workspaces.give_back(call.workspace)
        else:
            self._saved = tape
        return (y if self.return_sequences else states[0]), states

    def backward_call(
        self, dy: NDArray[Any] | None, dstates: Sequence[NDArray[Any] | None], need_dx: bool
    ) -> Call:
        tape, self._saved = self._saved, None
        if not self.return_sequences:  # the output is the state h
            dy, dstates = None, [self._sum(dy, dstates[0]), *dstates[1:]]
        dx = None
        if need_dx:
            shape = (tape.batch, tape.steps, self.kernel.shape[0])
            dx = self._buffers.take("dx", shape, self.kernel.dtype)
        return _core.backward_call(
            self.operation,
            tape,
            dy,
            dstates,
            need_dx,
            dx=dx,
            dkernel=self.kernel.grad,
            drecurrent_kernel=self.recurrent_kernel.grad,
            dbias=None if self.bias is None else self.bias.grad,
        )

    def _sum(self, one: NDArray[Any] | None, other: NDArray[Any] | None) -> NDArray[Any] | None:
        if one is None or other is None:
            return other if one is None else one
        return np.add(one, other, out=self._buffers.take("dh", one.shape, one.dtype))

    def finish_backward(self, call: Any, result: Any) -> tuple[NDArray[Any] | None, States]:
        self._workspaces.give_back(call.workspace)
        dx = result[0]
        if dx is not None and self.dropout:
            np.multiply(dx, input_factors(self._buffers, dx), out=dx)
        return dx, result[-1]


def named_activation(owner: str, argument: str, value: Any) -> str:
    """Return the name of an activation that the kernels know, or raise listing those."""
    names = _core.ACTIVATIONS
    try:
        name = activations.kernel_name(activations.get(value))
    except (ValueError, TypeError):
        name = None
    if name not in names:
        raise ValueError(
            f"{owner}: {argument}: expected one of {', '.join(names)} "
            f"(no other is supported yet), got {value!r}"
        )
    return str(name)
