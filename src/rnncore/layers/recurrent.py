"""What SimpleRNN, LSTM and GRU share: weights, masks, direction and the calls of the kernels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from rnncore import _core, activations
from rnncore.layers._arguments import boolean
from rnncore.layers._keep import Kept
from rnncore.layers.base import Layer, Shape
from rnncore.layers.parameter import Parameter
from rnncore.utils._checks import check_count


class Recurrent(Layer):
    """Base of the recurrent layers; a subclass names its operation and its gates."""

    unsupported: Mapping[str, Any] = {
        **Layer.unsupported,
        "dropout": 0.0,
        "recurrent_dropout": 0.0,
        "seed": None,
        "return_state": False,
        "stateful": False,
        "time_major": False,
        "unroll": False,
        "implementation": 2,
        "use_cudnn": "auto",
    }
    needs_features = True
    size_arguments = ("units",)

    operation: str  # name of the cell
    gates: int  # number of blocks of `units` columns in the kernels
    states: int  # number of state arrays
    activation_names: tuple[str, ...]  # what `activation` may be

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
        return_sequences: bool,
        go_backwards: bool,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.units = check_count(owner, "units", units)
        self.activation = named_activation(owner, "activation", activation, self.activation_names)
        self.use_bias = boolean(owner, "use_bias", use_bias)
        self.choose("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self.choose("recurrent", recurrent_initializer, recurrent_regularizer, recurrent_constraint)
        self.choose("bias", bias_initializer, bias_regularizer, bias_constraint)
        self.return_sequences = boolean(owner, "return_sequences", return_sequences)
        self.go_backwards = boolean(owner, "go_backwards", go_backwards)
        self.zero_output_for_mask = boolean(owner, "zero_output_for_mask", zero_output_for_mask)
        # Packed weights and working memory, so that the next call need not allocate them again.
        self._workspaces = Kept(_core.Workspace)

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) != 3:
            raise ValueError(
                f"{self.name}: x: expected 3 axes (batch, timesteps, features), "
                f"got shape {input_shape}"
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
        """Return the arguments that only this layer's operation has."""
        return {}

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.return_sequences:
            return (input_shape[0], input_shape[1], self.units)
        return (input_shape[0], self.units)

    def compute_mask(self, x: NDArray[Any], mask: NDArray[Any] | None) -> NDArray[Any] | None:
        # As in Keras the mask goes on unreversed, with go_backwards too.
        return mask if self.return_sequences else None

    def forward(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        out = None
        if training and self.return_sequences:
            out = self._buffers.take("y", (*x.shape[:2], self.units), x.dtype)
        call = self.forward_call(x, mask, training, out)
        y = self.finish_forward(call, _core.run(call))
        # The kernel keeps y[:, t] beside x[:, t]; Keras gives the steps in processing order.
        return y[:, ::-1] if self.return_sequences and self.go_backwards else y

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        if self.return_sequences and self.go_backwards:
            dy = dy[:, ::-1]
        call = self.backward_call(dy, need_dx)
        return self.finish_backward(call, _core.run(call))

    # -- the same in two halves, so that a wrapper can run several layers at once ---------

    def forward_call(
        self,
        x: NDArray[Any],
        mask: NDArray[Any] | None,
        training: bool,
        out: NDArray[Any] | None = None,
    ) -> _core.Call:
        """Return the call of the kernels that computes the layer, ready to run."""
        if mask is not None and mask.all():
            mask = None  # nothing is masked: the kernels have a shorter way
        return _core.forward_call(
            self.operation,
            x,
            self.kernel.value,
            self.recurrent_kernel.value,
            None if self.bias is None else self.bias.value,
            None,
            None,
            mask,
            self.go_backwards,
            False,
            out,
            training=training,
            workspace=self._workspaces.take(),
            need_y=self.return_sequences,
            zero_masked=self.zero_output_for_mask,
            **self.options(),
        )

    def finish_forward(
        self, call: _core.Call, result: tuple[Any, tuple[NDArray[Any], ...], Any]
    ) -> NDArray[Any]:
        """Take the result of `forward_call`: y with each step beside its x, or the last h."""
        y, state, tape = result
        if tape is None:
            self._workspaces.give_back(call.workspace)
        else:
            self._saved = tape
        output: NDArray[Any] = y if self.return_sequences else state[0]
        return output

    def backward_call(self, dy: NDArray[Any], need_dx: bool) -> _core.Call:
        """Return the call that computes the gradients; `dy` as `finish_forward` gave y."""
        tape, self._saved = self._saved, None
        dstate = None
        if not self.return_sequences:
            dy, dstate = None, (dy, *(None,) * (self.states - 1))  # type: ignore[assignment]
        dx = None
        if need_dx:
            shape = (tape.batch, tape.steps, self.kernel.shape[0])
            dx = self._buffers.take("dx", shape, self.kernel.dtype)
        return _core.backward_call(
            self.operation,
            tape,
            dy,
            dstate,
            need_dx,
            dx=dx,
            dkernel=self.kernel.grad,
            drecurrent_kernel=self.recurrent_kernel.grad,
            dbias=None if self.bias is None else self.bias.grad,
        )

    def finish_backward(self, call: _core.Call, result: tuple[Any, ...]) -> NDArray[Any] | None:
        """Take the result of `backward_call`: dx."""
        self._workspaces.give_back(call.workspace)
        dx: NDArray[Any] | None = result[0]
        return dx


def named_activation(owner: str, argument: str, value: Any, names: tuple[str, ...]) -> str:
    """Return the name of an activation that the kernel knows, or raise listing those."""
    try:
        name = activations.get(value).name
    except (ValueError, TypeError):
        name = None
    if name not in names:
        raise ValueError(
            f"{owner}: {argument}: expected one of {', '.join(names)} "
            f"(no other is supported yet), got {value!r}"
        )
    return str(name)
