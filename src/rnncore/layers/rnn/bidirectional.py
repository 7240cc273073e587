"""Bidirectional: a recurrent layer over the sequence and another over its reverse."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.layers._members import members
from rnncore.layers.graph.counted import CountedStep
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.parameter import Parameter
from rnncore.layers.rnn.recurrent_layer import RecurrentLayer, States, run_together
from rnncore.layers.rnn.states import checked_states
from rnncore.layers.tape import Tape

# How two outputs become one; "concat" is handled separately.
_MERGES: dict[str, Callable[..., Any]] = {
    "sum": np.add,
    "ave": np.add,  # and halved
    "mul": np.multiply,
}
MERGE_MODES = ("concat", *_MERGES)


class Bidirectional(Layer):
    """Two recurrent layers, one for each direction, with separate weights.

    With two threads both directions run at the same time, with the same bits as one after the
    other.

    Parameters
    ----------
    layer : SimpleRNN, LSTM, GRU or RNN
        Copied, with new weights, for the forward direction. The other direction gets a copy with
        the opposite `go_backwards`.
    merge_mode : {"concat", "sum", "mul", "ave", None}, default "concat"
        How to merge the outputs of the two directions: side by side on the last axis, or element by
        element. None returns both.
    weights : list of array_like, optional
        Initial weights, those of the forward layer first.
    backward_layer : SimpleRNN, LSTM, GRU or RNN, optional
        The layer for the other direction. Used as it is, it must have the opposite `go_backwards`
        and the same `return_sequences`, `return_state` and `stateful`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If a layer is not recurrent or does not match the other one, weights have wrong shapes, or
        an argument is unknown or not supported yet.

    Notes
    -----
    With `return_sequences` step t of either direction is at ``[:, t]``: the output of the backward
    layer is in the order of the input. The output at masked steps is zero. With `return_state` a
    call returns the output (or both), the states of the forward layer, and those of the backward
    layer. `initial_state` lists the states in the same order. Weights: those of the forward layer,
    then those of the backward layer.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import LSTM, Bidirectional
    >>> Bidirectional(LSTM(4, return_sequences=True))(np.zeros((2, 5, 3))).shape
    (2, 5, 8)
    >>> y, *states = Bidirectional(LSTM(4, return_state=True))(np.zeros((2, 5, 3)))
    >>> len(states)
    4
    """

    wraps = "forward_layer"
    fixed_axes = (-1,)
    call_arguments = ("initial_state",)

    reads_mask = True

    def __init__(
        self,
        layer: RecurrentLayer,
        merge_mode: str | None = "concat",
        weights: Sequence[ArrayLike] | None = None,
        backward_layer: RecurrentLayer | None = None,
        **kwargs: Any,
    ) -> None:
        for argument, value in (("layer", layer), ("backward_layer", backward_layer)):
            if not isinstance(value, RecurrentLayer) and (value is not None or argument == "layer"):
                raise TypeError(
                    f"Bidirectional: {argument}: expected a recurrent layer (SimpleRNN, LSTM, "
                    f"GRU, RNN), got {value!r}"
                )
            if value is not None and type(value).forward is not RecurrentLayer.forward:
                raise TypeError(
                    f"Bidirectional: {argument}: expected a layer that does not override forward, "
                    f"since the kernels of both directions run together, got {value!r}"
                )
        if merge_mode is not None and merge_mode not in MERGE_MODES:
            raise ValueError(
                f"Bidirectional: merge_mode: expected one of {', '.join(MERGE_MODES)} and None, "
                f"got {merge_mode!r}"
            )
        if "input_shape" not in kwargs and layer.declared_input_shape is not None:
            kwargs["input_shape"] = layer.declared_input_shape
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = layer.explicit_dtype
        super().__init__(**kwargs)
        if self.declared_batch_size is None:
            self.declared_batch_size = layer.declared_batch_size
        self.merge_mode = merge_mode
        self.forward_layer = _copied(layer, "forward_")
        if backward_layer is None:
            backward_layer = _copied(layer, "backward_")
            backward_layer.go_backwards = not layer.go_backwards
        self.backward_layer = backward_layer
        self._check_layers()
        # As in Keras: a masked step would repeat different outputs in the two directions.
        for one in (self.forward_layer, self.backward_layer):
            one.zero_output_for_mask = one.return_sequences
        self.children: tuple[RecurrentLayer, RecurrentLayer] = (
            self.forward_layer,
            self.backward_layer,
        )
        self._first_weights = weights or None  # as in Keras an empty list means none
        if not self.trainable:
            self.trainable = False  # and with it both directions

    def _check_layers(self) -> None:
        layer = self.forward_layer
        for argument, wanted in (
            ("go_backwards", not layer.go_backwards),
            ("return_sequences", layer.return_sequences),
            ("return_state", layer.return_state),
            ("stateful", layer.stateful),
        ):
            got = getattr(self.backward_layer, argument)
            if got != wanted:
                raise ValueError(
                    f"Bidirectional: backward_layer: expected {argument}={wanted}, "
                    f"the layer being as it is, got {got}"
                )

    def current_arguments(self) -> dict[str, Any]:
        layers = {"layer": self.forward_layer, "backward_layer": self.backward_layer}
        return {**super().current_arguments(), **layers}

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal layer, as `from_config` takes them."""
        config = super().get_config()
        inner = config["layer"]["config"]
        inner["name"] = inner["name"].removeprefix("forward_")  # which the copy gets again
        return config

    @property
    def return_sequences(self) -> bool:
        """Whether the output has all steps."""
        return self.forward_layer.return_sequences

    @property
    def return_state(self) -> bool:
        """Whether a call also returns the final states."""
        return self.forward_layer.return_state

    @property
    def stateful(self) -> bool:  # type: ignore[override]
        """Whether a batch starts from the final states of the previous batch."""
        return self.forward_layer.stateful

    @property
    def state_sizes(self) -> list[int]:
        """The last axis of each state, those of the forward layer first."""
        return [size for layer in self.children for size in layer.state_sizes]

    def build(self, input_shape: Shape) -> None:
        sizes = [layer.output_size for layer in self.children]
        if self.merge_mode in _MERGES and sizes[0] != sizes[1]:
            raise ValueError(
                f"{self.name}: backward_layer: expected {sizes[0]} units for merge_mode "
                f"{self.merge_mode!r}, got {sizes[1]}"
            )
        for layer in self.children:
            layer.dtype = self.dtype
            layer.make_weights(input_shape)
        if self._first_weights is not None:
            self.set_weights(self._first_weights)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        one, other = (
            found[0] if isinstance(found, list) else found
            for found in (layer.compute_output_shape(input_shape) for layer in self.children)
        )
        merged = (*one[:-1], one[-1] + other[-1]) if self.merge_mode == "concat" else one
        outputs = [one, other] if self.merge_mode is None else [merged]
        if self.return_state:
            outputs += [(input_shape[0], size) for size in self.state_sizes]
        return outputs if len(outputs) > 1 else outputs[0]

    def mask_steps(
        self, inputs: list[CountedStep], masks: list[CountedStep | None]
    ) -> list[CountedStep | None]:
        directions = 2 if self.merge_mode is None else 1
        return masks[:1] * directions if self.return_sequences else []

    def compute_mask(self, x: NDArray[Any], mask: NDArray[Any] | None) -> Any:
        masks = [mask if self.return_sequences else None] * (2 if self.merge_mode is None else 1)
        if self.return_state:
            masks += [None] * len(self.state_sizes)
        return masks if len(masks) > 1 else masks[0]

    # -- calls ---------------------------------------------------------------------------

    def __call__(  # type: ignore[override]
        self,
        x: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
    ) -> Any:
        """Apply the layer; see `RecurrentLayer.__call__`.

        `initial_state` holds the states of the forward layer, then those of the backward layer.
        """
        found = super().__call__(x, mask=mask, training=training, initial_state=initial_state)
        if not self.return_state:
            return found
        outputs = 2 if self.merge_mode is None else 1
        middle = outputs + len(self.forward_layer.state_sizes)
        one = self.forward_layer.nested_states(list(found[outputs:middle]))
        other = self.backward_layer.nested_states(list(found[middle:]))
        return (*found[:outputs], *one, *other)

    def check_arguments(self, arguments: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
        found = super().check_arguments(arguments, shape)
        if "initial_state" in found:
            found["initial_state"] = checked_states(
                f"{self.name}: initial_state",
                found["initial_state"],
                self.state_sizes,
                shape[0],
                self.dtype,
            )
        return found

    def forward(
        self,
        x: NDArray[Any],
        *,
        mask: NDArray[Any] | None = None,
        training: bool = False,
        initial_state: States | None = None,
    ) -> tuple[Any, Any]:
        tape = self.tape(training)
        whole: NDArray[Any] | None = None
        outs: Sequence[NDArray[Any] | None] = (None, None)
        if self.merge_mode == "concat" and self.return_sequences:
            # Each direction writes its half of the output.
            sizes = [layer.output_size for layer in self.children]
            whole = tape.take("y", (*x.shape[:2], sum(sizes)), x.dtype)
            outs = self._halves(whole)
        count = len(self.forward_layer.state_sizes)
        given = initial_state
        starts = (None, None) if given is None else (given[:count], given[count:])
        results = run_together(
            [
                layer.forward_pass(x, mask, training, start, out)
                for layer, start, out in zip(self.children, starts, outs, strict=True)
            ]
        )
        ys = [y for y, _, _ in results]
        penalties = [
            layer.activity_regularizer and layer.penalize(y, tape, layer.name)
            for layer, y in zip(self.children, ys, strict=True)
        ]
        tape.saved = ([kept for _, _, kept in results], penalties, ys)
        outputs = ys
        if self.merge_mode is not None:
            outputs = [self._merged(ys, tape) if whole is None else whole]
        if self.return_state:
            outputs = [*outputs, *(state for _, states, _ in results for state in states)]
        return (outputs if len(outputs) > 1 else outputs[0]), tape

    def _merged(self, ys: Sequence[NDArray[Any]], tape: Tape) -> NDArray[Any]:
        if self.merge_mode == "concat":
            return np.concatenate(ys, axis=-1)
        out = tape.take("y", ys[0].shape, ys[0].dtype)
        merged: NDArray[Any] = _MERGES[str(self.merge_mode)](*ys, out=out)
        if self.merge_mode == "ave":
            merged *= 0.5
        return merged

    def backward(self, tape: Tape, dy: Any, *, need_dx: bool = True) -> tuple[Any, dict[str, Any]]:
        tapes, penalties, ys = self.used(tape)
        given = dy if isinstance(dy, list) else [dy]
        outputs = 2 if self.merge_mode is None else 1
        dys = given[:2] if self.merge_mode is None else self._parts(given[0], ys, tape)
        dstates = given[outputs:] or [None] * len(self.state_sizes)
        count = len(self.forward_layer.state_sizes)
        (dx, one), (other_dx, other) = run_together(
            [
                layer.backward_pass(
                    kept, one if penalty is None else layer.penalized(one, penalty), dstate, need_dx
                )
                for layer, kept, one, penalty, dstate in zip(
                    self.children,
                    tapes,
                    dys,
                    penalties,
                    (dstates[:count], dstates[count:]),
                    strict=True,
                )
            ]
        )
        if dx is not None and other_dx is not None:
            dx += other_dx
        return dx, {"initial_state": [*one, *other]}

    def _parts(
        self, dy: NDArray[Any] | None, ys: Sequence[NDArray[Any]], tape: Tape
    ) -> Sequence[NDArray[Any] | None]:
        """Return the gradients of the two outputs from that of the merged one."""
        if dy is None:
            return None, None
        if self.merge_mode == "concat":
            return self._halves(dy)
        if self.merge_mode == "sum":
            return dy, dy
        room = [tape.take(f"dy {index}", dy.shape, dy.dtype) for index in range(2)]
        if self.merge_mode == "ave":
            half = np.multiply(dy, 0.5, out=room[0])
            return half, half
        return [np.multiply(dy, y, out=out) for y, out in zip(ys[::-1], room, strict=True)]

    def _halves(self, array: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Split the last axis into the parts of the two directions."""
        size = self.forward_layer.output_size
        return array[..., :size], array[..., size:]

    def reversing_layer(self) -> None:
        return None  # both directions come in the order of the input

    # -- states from batch to batch ------------------------------------------------------

    @property
    def states(self) -> tuple[Parameter, ...] | None:
        """The states of a stateful layer; None before the first batch."""
        found = [layer.states for layer in self.children]
        if found[0] is None or found[1] is None:
            return None
        return (*found[0], *found[1])

    def reset_state(self, states: Sequence[ArrayLike] | None = None) -> None:
        """Reset the states of a stateful layer to zeros, or to `states`.

        Parameters
        ----------
        states : list of array_like, each (B, H), optional
            Those of the forward layer, then those of the backward layer.

        Raises
        ------
        AttributeError
            If the layer is not stateful, as in Keras.
        ValueError, TypeError
            If the number of states or their shapes are wrong.
        """
        if not self.stateful:
            raise AttributeError(f"{self.name}: reset_state: expected stateful=True, got False")
        count = len(self.forward_layer.state_sizes)
        parts = (None, None) if states is None else (states[:count], states[count:])
        for layer, part in zip(self.children, parts, strict=True):
            layer.reset_state(part)

    def reset_states(self, states: Sequence[ArrayLike] | None = None) -> None:
        """Same as `reset_state`."""
        self.reset_state(states)


def _copied(layer: RecurrentLayer, prefix: str) -> RecurrentLayer:
    """Return a copy of a layer that is not built yet."""
    found = copy.deepcopy(layer)
    for one in members(found):
        one.forget_weights()
    found.name = prefix + layer.name.removeprefix(prefix)
    return found
