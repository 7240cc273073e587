"""Bidirectional: a recurrent layer over the sequence and another over its reverse."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.layers._members import members
from rnncore.layers.layer import Shape
from rnncore.layers.nodes import Nodes
from rnncore.layers.parameter import Parameter
from rnncore.layers.rnn.recurrent_layer import (
    LayerWithStates,
    RecurrentLayer,
    States,
    run_together,
)
from rnncore.layers.tape import Tape
from rnncore.utils._checks import check_choice, check_type

Array = NDArray[Any]
Room = Callable[[str], Array]  # gives an array of the output's shape under a name


def _average(one: Array, other: Array, room: Room) -> Array:
    y: Array = np.add(one, other, out=room("y"))
    y *= 0.5
    return y


# How two outputs become one, and how both get their gradients from that of the merged one.
MERGE_MODES: dict[str, tuple[Callable[..., Array], Callable[..., Sequence[Array]]]] = {
    "concat": (
        lambda one, other, room: np.concatenate([one, other], axis=-1),
        lambda dy, one, other, room: _halves(dy, one.shape[-1]),
    ),
    "sum": (
        lambda one, other, room: np.add(one, other, out=room("y")),
        lambda dy, one, other, room: (dy, dy),
    ),
    "mul": (
        lambda one, other, room: np.multiply(one, other, out=room("y")),
        lambda dy, one, other, room: (
            np.multiply(dy, other, out=room("dy")),
            np.multiply(dy, one, out=room("other dy")),
        ),
    ),
    "ave": (
        _average,
        lambda dy, one, other, room: [np.multiply(dy, 0.5, out=room("dy"))] * 2,
    ),
}


class Bidirectional(LayerWithStates):
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
    children: tuple[RecurrentLayer, RecurrentLayer]

    def __init__(
        self,
        layer: RecurrentLayer,
        merge_mode: str | None = "concat",
        weights: Sequence[ArrayLike] | None = None,
        backward_layer: RecurrentLayer | None = None,
        **kwargs: Any,
    ) -> None:
        given = {"layer": layer}
        if backward_layer is not None:
            given["backward_layer"] = backward_layer
        for argument, value in given.items():
            expected = "a recurrent layer (SimpleRNN, LSTM, GRU, RNN)"
            check_type("Bidirectional", argument, value, RecurrentLayer, expected)
            if type(value).forward is not RecurrentLayer.forward:
                raise TypeError(
                    f"Bidirectional: {argument}: expected a layer that does not override forward, "
                    f"since the kernels of both directions run together, got {value!r}"
                )
        self.merge_mode = check_choice(
            "Bidirectional", "merge_mode", merge_mode, (*MERGE_MODES, None)
        )
        self.output_count = 2 if merge_mode is None else 1
        self.forward_layer = _copied(layer, "forward_")
        if backward_layer is None:
            backward_layer = _copied(layer, "backward_")
            backward_layer.go_backwards = not layer.go_backwards
        self.backward_layer = backward_layer
        flags = ("return_sequences", "return_state", "stateful")
        alike = {argument: getattr(layer, argument) for argument in flags}
        vars(self).update(alike)
        for argument, wanted in {"go_backwards": not layer.go_backwards, **alike}.items():
            got = getattr(backward_layer, argument)
            if got != wanted:
                raise ValueError(
                    f"Bidirectional: backward_layer: expected {argument}={wanted}, "
                    f"the layer being as it is, got {got}"
                )
        # As in Keras: a masked step would repeat different outputs in the two directions.
        for one in (self.forward_layer, self.backward_layer):
            one.zero_output_for_mask = one.return_sequences
        self.children = (self.forward_layer, self.backward_layer)
        super().__init__(**kwargs)
        self.declared_input_shape = self.declared_input_shape or layer.declared_input_shape
        self.declared_batch_size = self.declared_batch_size or layer.declared_batch_size
        self._first_weights = weights or None  # as in Keras an empty list means none

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
    def state_sizes(self) -> list[int]:
        """The last axis of each state, those of the forward layer first."""
        return [size for layer in self.children for size in layer.state_sizes]

    def build(self, input_shape: Shape) -> None:
        sizes = [layer.output_size for layer in self.children]
        if self.merge_mode not in (None, "concat") and sizes[0] != sizes[1]:
            raise ValueError(
                f"{self.name}: backward_layer: expected {sizes[0]} units for merge_mode "
                f"{self.merge_mode!r}, got {sizes[1]}"
            )
        for layer in self.children:
            self.build_inside(layer, input_shape)
        if self._first_weights is not None:
            self.set_weights(self._first_weights)

    def shapes_of_outputs(self, input_shape: Shape) -> list[Shape]:
        shapes = [layer.shapes_of_outputs(input_shape)[0] for layer in self.children]
        if self.merge_mode == "concat":
            shapes[0] = (*shapes[0][:-1], sum(layer.output_size for layer in self.children))
        return shapes[: self.output_count]

    # -- calls ---------------------------------------------------------------------------

    def nested_states(self, states: list[Any]) -> list[Any]:
        parts = zip(self.children, self._parts(states), strict=True)
        return [one for layer, part in parts for one in layer.nested_states(part)]

    def _parts(self, states: Any) -> Any:
        """Return the states of each direction, None for each where there are none."""
        count = self.forward_layer.state_count
        return (None, None) if states is None else (states[:count], states[count:])

    def forward(
        self,
        x: Array,
        *,
        mask: Array | None = None,
        training: bool = False,
        initial_state: States | None = None,
    ) -> tuple[Any, Any]:
        tape = self.tape(training)
        whole: Array | None = None
        outs: Sequence[Array | None] = (None, None)
        if self.merge_mode == "concat" and self.return_sequences:
            # Each direction writes its half of the output.
            sizes = [layer.output_size for layer in self.children]
            whole = tape.take("y", (*x.shape[:2], sum(sizes)), x.dtype)
            outs = _halves(whole, sizes[0])
        starts = self._parts(initial_state)
        results = run_together(
            [
                layer.forward_pass(x, mask, training, start, out)
                for layer, start, out in zip(self.children, starts, outs, strict=True)
            ]
        )
        ys, states, tapes = zip(*results, strict=True)
        penalties = [
            layer.activity_regularizer and layer.penalize(y, tape, layer.name)
            for layer, y in zip(self.children, ys, strict=True)
        ]
        tape.saved = (tapes, penalties, ys)
        if self.merge_mode is None:
            outputs = [*ys]
        elif whole is not None:
            outputs = [whole]
        else:
            outputs = [MERGE_MODES[self.merge_mode][0](*ys, _room(tape, ys[0]))]
        if self.return_state:
            outputs += [*states[0], *states[1]]
        return (outputs if len(outputs) > 1 else outputs[0]), tape

    def infer(self, f: Nodes, x: Any, mask: Any = None, initial_state: Any = None) -> Any:
        starts = self._parts(initial_state)
        found = [
            layer.infer_steps(f, x, mask, start, 2 if self.return_sequences else 0)
            for layer, start in zip(self.children, starts, strict=True)
        ]
        ys, states = [one[0] for one in found], [state for one in found for state in one[1:]]
        if self.merge_mode is not None:
            ys = [_merged(f, self.merge_mode, *ys)]
        outputs = [*ys, *states]
        return outputs if len(outputs) > 1 else outputs[0]

    def backward(self, tape: Tape, dy: Any, *, need_dx: bool = True) -> tuple[Any, dict[str, Any]]:
        tapes, penalties, ys = self.used(tape)
        given = dy if isinstance(dy, list) else [dy]
        dstates = given[self.output_count :] or [None] * self.state_count
        dys: Sequence[Array | None] = given[: self.output_count]
        if self.merge_mode is not None:
            dy = given[0]
            dys = (None, None)
            if dy is not None:
                dys = MERGE_MODES[self.merge_mode][1](dy, *ys, _room(tape, dy))
        (dx, one), (other_dx, other) = run_together(
            [
                layer.backward_pass(
                    kept, one if penalty is None else layer.penalized(one, penalty), dstate, need_dx
                )
                for layer, kept, one, penalty, dstate in zip(
                    self.children, tapes, dys, penalties, self._parts(dstates), strict=True
                )
            ]
        )
        if dx is not None and other_dx is not None:
            dx += other_dx
        return dx, {"initial_state": [*one, *other]}

    def reversing_layer(self) -> None:
        return None  # both directions come in the order of the input

    # -- states from batch to batch ------------------------------------------------------

    @property
    def states(self) -> tuple[Parameter, ...] | None:
        """The states of a stateful layer; None before the first batch."""
        one, other = (layer.states for layer in self.children)
        return None if one is None or other is None else (*one, *other)

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
        for layer, part in zip(self.children, self._parts(states), strict=True):
            layer.reset_state(part)

    def reset_states(self, states: Sequence[ArrayLike] | None = None) -> None:
        """Same as `reset_state`."""
        self.reset_state(states)


def _merged(f: Nodes, mode: str, one: Any, other: Any) -> Any:
    """Return both outputs as one, as a node."""
    if mode == "concat":
        return f.node("concat", [one, other], attributes=[-1])
    merged = f.node("binary", [one, other], attributes=[2 if mode == "mul" else 0])
    return f.node("binary", [merged], [np.asarray(2)], [3]) if mode == "ave" else merged


def _room(tape: Tape, like: Array) -> Room:
    return lambda name: tape.take(name, like.shape, like.dtype)


def _halves(array: Array, size: int) -> tuple[Array, Array]:
    """Split the last axis into the parts of the two directions."""
    return array[..., :size], array[..., size:]


def _copied(layer: RecurrentLayer, prefix: str) -> RecurrentLayer:
    """Return a copy of a layer that is not built yet."""
    found = copy.deepcopy(layer)
    for one in members(found):
        one.forget_weights()
    found.name = prefix + layer.name.removeprefix(prefix)
    return found
