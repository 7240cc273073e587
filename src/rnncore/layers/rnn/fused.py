"""What SimpleRNN, LSTM and GRU share: weights, dropout, and the calls of the kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rnncore import _core, activations
from rnncore.layers._arguments import SEQUENCE
from rnncore.layers.layer import Shape
from rnncore.layers.nodes import Nodes
from rnncore.layers.parameter import Parameter
from rnncore.layers.rnn.recurrent_layer import Pass, RecurrentLayer, States
from rnncore.layers.tape import FRESH, Tape
from rnncore.utils._checks import check_count, check_flag, check_number, check_seed
from rnncore.utils.random import Draws

if TYPE_CHECKING:
    from rnncore.layers.rnn.fused_cell import FusedCell


class KernelTape(Tape):
    """A tape with the kernels' packed weights and working memory."""

    def __init__(self) -> None:
        super().__init__()
        self.workspace = _core.Workspace()


class FusedLayer(RecurrentLayer):
    """Base of the recurrent layers with kernels; a subclass names its operation and its gates."""

    unsupported: Mapping[str, Any] = {
        **RecurrentLayer.unsupported,
        "time_major": False,
        "implementation": 2,
        "use_cudnn": "auto",
    }
    input_axes = SEQUENCE
    fixed_axes = (-1,)
    size_arguments = ("units",)

    operation: str  # name of the cell
    gates: int  # number of blocks of `units` columns in the kernels
    state_count: int  # number of state arrays
    # Attributes that the operation takes as arguments of the same names.
    options: tuple[str, ...] = ("activation",)
    tape_class = KernelTape
    cell_class: ClassVar[type[FusedCell]]

    def __init__(
        self,
        units: int,
        *,
        activation: Any,
        use_bias: bool,
        dropout: Any,
        recurrent_dropout: Any,
        seed: Any,
        **kwargs: Any,
    ) -> None:
        owner = self._owner
        for weight in ("kernel", "recurrent", "bias"):
            self.choose(weight, kwargs)
            for kind in self.chosen(weight):
                del kwargs[f"{weight}_{kind}"]
        super().__init__(**kwargs)
        self.units = check_count(owner, "units", units)
        self.activation = named_activation(owner, "activation", activation)
        self.use_bias = check_flag(owner, "use_bias", use_bias)
        self.dropout = check_number(owner, "dropout", dropout, low=0, high=1, open_high=True)
        self.recurrent_dropout = check_number(
            owner, "recurrent_dropout", recurrent_dropout, low=0, high=1, open_high=True
        )
        self.seed = check_seed(owner, seed)
        self.draws: Draws = Draws(self.seed)

    def build(self, input_shape: Shape) -> None:
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
        defaults = {"activation": "tanh", "recurrent_activation": "sigmoid", "reset_after": True}
        self._options: list[Any] = [getattr(self, name, value) for name, value in defaults.items()]

    def build_bias(self) -> Parameter:
        """Make the bias; GRU and LSTM override its shape or its values."""
        return self.add_weight("bias", (self.gates * self.units,), **self.chosen("bias"))

    @property
    def cell(self) -> FusedCell:
        """The layer as a cell that shares its weights, for single steps or an `RNN`."""
        return self.cell_class.of(self)

    @property
    def kernel_path(self) -> str:
        """Which kernels the layer uses: "generic" if it trains with `recurrent_dropout` or has
        activations other than tanh (and sigmoid for the gates), else "fused"."""
        return _core.kernel_path(
            self.operation,
            self.activation,
            getattr(self, "recurrent_activation", "sigmoid"),
            self.recurrent_dropout > 0,
        )

    @property
    def state_sizes(self) -> list[int]:
        return [self.units] * self.state_count

    # -- dropout -------------------------------------------------------------------------

    def draw_seeds(self) -> None:
        super().draw_seeds()
        if self.dropout or self.recurrent_dropout:
            self.draws.choose_key()

    def _draw_factors(self, out: NDArray[Any], rate: float) -> None:
        """Fill `out` with 0 and ``1 / (1 - rate)``, the same for all steps of a batch."""
        out.fill(1)
        _core.dropout(out, out, rate, *self.draws.next())

    # -- the calls of the kernels --------------------------------------------------------

    def forward_steps(
        self,
        x: NDArray[Any],
        mask: NDArray[Any] | None,
        training: bool,
        initial_state: States | None,
        out: NDArray[Any] | None,
    ) -> Pass[tuple[NDArray[Any], States, Any]]:
        tape: Any = self.tape(True)  # for its workspace, in inference too
        factors = recurrent_factors = None
        if training:
            if self.dropout:
                factors = tape.take("input factors", (x.shape[0], 1, x.shape[2]), x.dtype)
                self._draw_factors(factors, self.dropout)
                x = np.multiply(x, factors, out=tape.take("x", x.shape, x.dtype))
            if self.recurrent_dropout:  # of the state, for each gate
                shape = (self.gates, x.shape[0], self.units)
                recurrent_factors = tape.take("state factors", shape, x.dtype)
                self._draw_factors(recurrent_factors, self.recurrent_dropout)
            if out is None and self.return_sequences:
                out = tape.take("y", (*x.shape[:2], self.units), x.dtype)
        if mask is not None and mask.all():
            mask = None  # the kernels need not compact rows of which every step is real
        activation, recurrent_activation, reset_after = self._options
        y, states, recorded = yield _core.forward_call(
            self.operation,
            x,
            self.kernel.value,
            self.recurrent_kernel.value,
            None if self.bias is None else self.bias.value,
            initial_state,
            None,  # lengths
            mask,
            self.go_backwards,
            False,  # time_major
            out,
            activation,
            reset_after,
            training,
            tape.workspace,
            self.return_sequences,  # need_y
            self.zero_output_for_mask,
            recurrent_activation,
            recurrent_factors,
        )
        tape.saved = (recorded, factors)
        if not training:
            self.used(tape)
            tape = FRESH
        return (y if self.return_sequences else states[0]), states, tape

    def infer_steps(
        self, f: Nodes, x: Any, mask: Any, initial_state: Any, sequences: int
    ) -> list[Any]:
        activation, recurrent_activation, reset_after = self._options
        names = _core.ACTIVATIONS
        attributes = [
            _core.CELLS[self.operation],
            names[activation],
            0 if self.operation == "simple_rnn" else names[recurrent_activation],
            int(reset_after and self.operation == "gru"),
            int(self.go_backwards),
            sequences,
            int(self.zero_output_for_mask),
        ]
        tensors = [self.kernel, self.recurrent_kernel, self.bias]
        outputs = 1 + (self.state_count if self.return_state else 0)
        found = f.node(
            "recurrent", [x, mask, *(initial_state or ())], tensors, attributes, outputs=outputs
        )
        return found if outputs > 1 else [found]

    def backward_steps(
        self,
        tape: KernelTape,
        dy: NDArray[Any] | None,
        dstates: Sequence[NDArray[Any] | None],
        need_dx: bool,
    ) -> Pass[tuple[NDArray[Any] | None, States]]:
        recorded, factors = self.used(tape)
        if not self.return_sequences:  # the output is the state h
            dh = dstates[0]
            if dh is None or dy is None:
                dh = dy if dh is None else dh
            else:
                dh = np.add(dy, dh, out=tape.take("dh", dh.shape, dh.dtype))
            dy, dstates = None, [dh, *dstates[1:]]
        kernel = self.kernel
        dx = None
        if need_dx:
            shape = (recorded.batch, recorded.steps, kernel.shape[0])
            dx = tape.take("dx", shape, kernel.dtype)
        gradients = yield _core.backward_call(
            self.operation,
            recorded,
            dy,
            dstates,
            need_dx,
            dx=dx,
            dkernel=kernel.grad,
            drecurrent_kernel=self.recurrent_kernel.grad,
            dbias=None if self.bias is None else self.bias.grad,
        )
        if dx is not None and factors is not None:
            np.multiply(dx, factors, out=dx)
        return dx, gradients[-1]


def named_activation(owner: str, argument: str, value: Any) -> str:
    """Return the name of an activation that the kernels have, or raise and list them."""
    names = _core.ACTIVATIONS
    try:
        name = activations.get(value).kernel
    except (ValueError, TypeError):
        name = None
    if name not in names:
        raise ValueError(
            f"{owner}: {argument}: expected one of {', '.join(names)} "
            f"(no other is supported yet), got {value!r}"
        )
    return str(name)
