"""States, direction and masks of all recurrent layers, whatever computes the steps."""

from __future__ import annotations

import functools
from collections.abc import Generator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore import _core
from rnncore.layers.graph.symbolic import CountedStep, MaskSteps, leaves
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.nodes import Nodes
from rnncore.layers.parameter import Parameter
from rnncore.layers.rnn.states import checked_states
from rnncore.utils._checks import check_flag

T = TypeVar("T")
States = Sequence[NDArray[Any]]
# A pass through a layer: it yields each kernel call, is sent its result, and returns the layer's
# result. Whoever runs several passes can therefore run their calls side by side.
Pass = Generator[_core.Call, Any, T]


class LayerWithStates(Layer):
    """Base of the layers whose calls take initial states and may return the final ones.

    A subclass gives `state_sizes` and `shapes_of_outputs`.
    """

    call_arguments = ("initial_state",)
    reads_mask = True
    return_sequences: bool
    return_state: bool
    output_count = 1  # how many outputs stand in front of the states

    @property
    def state_sizes(self) -> list[int]:
        """The last axis of each state."""
        raise NotImplementedError(f"{type(self).__name__}: expected a property state_sizes")

    @functools.cached_property
    def state_count(self) -> int:
        """How many states there are."""
        return len(self.state_sizes)

    def shapes_of_outputs(self, input_shape: Shape) -> list[Shape]:
        """Return the shapes of the outputs without the states."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method shapes_of_outputs")

    def nested_states(self, states: list[Any]) -> list[Any]:
        """Nest a flat list of states as a call returns them: one list for each cell."""
        return states

    def __call__(  # type: ignore[override]
        self,
        x: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
    ) -> Any:
        """Apply the layer; see `Layer.__call__`.

        Parameters
        ----------
        x : array_like or SymbolicTensor, shape (B, T, I)
        initial_state : list of array_like or SymbolicTensor, each (B, H), optional
            Initial states of the sequences; a single state need not be in a list. A stack of cells
            takes a list for each cell, `Bidirectional` the states of the forward layer, then those
            of the backward layer. Gradients flow to symbolic ones. By default those of the cell
            (zeros), or the states of a stateful layer.
        mask : array_like of bool or SymbolicTensor, shape (B, T), optional
            In a graph, defaults to the mask of the previous layers. With an `initial_state`, that
            default is passed on to the next layers but not applied here, as in Keras 3; pass the
            mask explicitly to apply it.
        training : bool, optional

        Returns
        -------
        ndarray or SymbolicTensor
            With `return_state` a tuple of the output and the states.
        """
        found = super().__call__(x, mask=mask, training=training, initial_state=initial_state)
        if not self.return_state:
            return found
        outputs = self.output_count
        return (*found[:outputs], *self.nested_states(list(found[outputs:])))

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

    def compute_output_shape(self, input_shape: Shape) -> Any:
        shapes = self.shapes_of_outputs(input_shape)
        if self.return_state:
            shapes += [(input_shape[0], size) for size in self.state_sizes]
        return shapes if len(shapes) > 1 else shapes[0]

    def mask_steps(self, inputs: list[CountedStep], masks: MaskSteps) -> MaskSteps:
        return masks[:1] * self.output_count if self.return_sequences else []

    def compute_mask(self, x: NDArray[Any], mask: NDArray[Any] | None) -> Any:
        # As in Keras, the mask is passed on unreversed even with go_backwards.
        masks = [mask if self.return_sequences else None] * self.output_count
        if self.return_state:
            masks += [None] * self.state_count
        return masks if len(masks) > 1 else masks[0]

    def infer_mask(self, f: Nodes, x: Any, mask: Any, y: Any) -> Any:
        masks = [mask if self.return_sequences else None] * self.output_count
        if self.return_state:
            masks += [None] * self.state_count
        return masks if len(masks) > 1 else masks[0]


class RecurrentLayer(LayerWithStates):
    """Base of the recurrent layers: states, direction, and which steps are returned.

    A subclass defines `state_sizes`, `output_size`, `forward_steps` and `backward_steps`. There the
    output of step t has the index t of ``x[:, t]`` in both directions, and states are a flat list
    of arrays ``(B, size)``.

    Parameters
    ----------
    return_sequences : bool, default False
        Whether to return the output of every step, ``(B, T, H)``, or only the last, ``(B, H)``.
    return_state : bool, default False
        Whether a call also returns the final states: ``[y, h]``, for an LSTM ``[y, h, c]``.
    go_backwards : bool, default False
        Process each sequence in reverse, and return the output in that order.
    stateful : bool, default False
        Whether each row of a batch starts from the final state of the same row in the previous
        batch; see `states` and `reset_state`. All batches need the size of the first one. Gradients
        stop at the start of a batch. Threads cannot share such a layer.
    unroll : bool, default False
        Without effect: it changes how Keras computes, not what.
    zero_output_for_mask : bool, default False
        Whether the output of a masked step is zero; otherwise it repeats the previous output.

    Attributes
    ----------
    states : list of Parameter or None
        With `stateful` the current states, None before the first batch. They are not weights.
    """

    def __init__(
        self,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.return_sequences = check_flag(owner, "return_sequences", return_sequences)
        self.return_state = check_flag(owner, "return_state", return_state)
        self.go_backwards = check_flag(owner, "go_backwards", go_backwards)
        self.stateful = check_flag(owner, "stateful", stateful)
        self.unroll = check_flag(owner, "unroll", unroll)
        self.zero_output_for_mask = check_flag(owner, "zero_output_for_mask", zero_output_for_mask)
        self.states: list[Parameter] | None = None

    # -- what subclasses give ------------------------------------------------------------

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the states as in Keras, nested for a stack of cells."""
        return list(self.state_sizes)

    @property
    def output_size(self) -> int:
        """The last axis of the output."""
        return self.state_sizes[0]

    def forward_steps(
        self,
        x: NDArray[Any],
        mask: NDArray[Any] | None,
        training: bool,
        initial_state: States | None,
        out: NDArray[Any] | None,
    ) -> Pass[tuple[NDArray[Any], States, Any]]:
        """Compute the output (of every step or the last), the final states, and the tape.

        Without `initial_state` sequences start from zeros, or from the cell's initial states. With
        `return_sequences` the output is written to `out` if given.
        """
        raise NotImplementedError(f"{type(self).__name__}: expected a method forward_steps")

    def backward_steps(
        self,
        tape: Any,
        dy: NDArray[Any] | None,
        dstates: Sequence[NDArray[Any] | None],
        need_dx: bool,
    ) -> Pass[tuple[NDArray[Any] | None, States]]:
        """Compute the gradients of x and the initial states from those of output and states."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method backward_steps")

    def infer_steps(
        self, f: Nodes, x: Any, mask: Any, initial_state: Any, sequences: int
    ) -> list[Any]:
        """Return the output and the final states, as nodes.

        `sequences` is 0 for the last output only, 1 for all of them in the order of processing, 2
        for all of them in the order of x.
        """
        raise ValueError(
            f"{self.name}: runtime: expected a cell that runs without Python, got a cell of one's "
            "own"
        )

    # -- calls ---------------------------------------------------------------------------

    def infer(self, f: Nodes, x: Any, mask: Any = None, initial_state: Any = None) -> Any:
        found = self.infer_steps(f, x, mask, initial_state, int(self.return_sequences))
        return found if self.return_state else found[0]

    def shapes_of_outputs(self, input_shape: Shape) -> list[Shape]:
        steps = (input_shape[1],) if self.return_sequences else ()
        return [(input_shape[0], *steps, self.output_size)]

    def forward(
        self,
        x: NDArray[Any],
        *,
        mask: NDArray[Any] | None = None,
        training: bool = False,
        initial_state: States | None = None,
    ) -> tuple[Any, Any]:
        y, states, tape = run(self.forward_pass(x, mask, training, initial_state))
        # Steps are in the order of x; Keras returns them in the order of processing.
        y = y[:, ::-1] if self.return_sequences and self.go_backwards else y
        return ([y, *states] if self.return_state else y), tape

    def backward(self, tape: Any, dy: Any, *, need_dx: bool = True) -> tuple[Any, dict[str, Any]]:
        dstates: Any = [None] * self.state_count
        if self.return_state:
            dy, *dstates = dy
        if dy is not None and self.return_sequences and self.go_backwards:
            dy = dy[:, ::-1]
        dx, dinitial = run(self.backward_pass(tape, dy, dstates, need_dx))
        return dx, {"initial_state": list(dinitial)}

    def forward_pass(
        self,
        x: NDArray[Any],
        mask: NDArray[Any] | None,
        training: bool,
        initial_state: States | None,
        out: NDArray[Any] | None = None,
    ) -> Pass[tuple[NDArray[Any], States, Any]]:
        """Run `forward_steps` from the layer's initial states."""
        if self.stateful:
            initial_state = self.start_states(x, initial_state)
        y, states, tape = yield from self.forward_steps(x, mask, training, initial_state, out)
        if self.stateful:
            self.keep_states(states)
        without = None
        if mask is not None and not self.return_sequences:
            # As in Keras, whatever the states, fully masked rows have an output of zero, and with
            # `zero_output_for_mask` rows whose last step is masked.
            last = mask[:, 0 if self.go_backwards else -1]
            without = np.logical_not(last if self.zero_output_for_mask else mask.any(axis=1))
            y = without_rows(y, without)
        return y, states, (tape, without)

    def backward_pass(
        self,
        tape: Any,
        dy: NDArray[Any] | None,
        dstates: Sequence[NDArray[Any] | None],
        need_dx: bool,
    ) -> Pass[tuple[NDArray[Any] | None, States]]:
        """Compute the gradients of a `forward_pass`; `dy` is in the order of x."""
        tape, without = tape
        if dy is not None and without is not None:
            dy = without_rows(dy, without)
        return self.backward_steps(tape, dy, dstates, need_dx)

    # -- states from batch to batch ------------------------------------------------------

    def make_weights(self, input_shape: Shape) -> None:
        super().make_weights(input_shape)
        if self.stateful and self.states is None and input_shape[0] is not None:
            self.make_states(input_shape[0])

    def forget_weights(self) -> None:
        super().forget_weights()
        self.states = None

    def check_input_shape(self, shape: Shape) -> None:
        super().check_input_shape(shape)
        states = self.states
        if states is not None and shape[0] is not None and shape[0] != states[0].shape[0]:
            raise ValueError(
                f"{self.name}: x: expected {states[0].shape[0]} samples, as in the first batch of "
                f"this stateful layer, got {shape[0]}"
            )

    def stateful_layers(self) -> list[Any]:
        return [self] if self.stateful else []

    def reversing_layer(self) -> Layer | None:
        return self if self.go_backwards and self.return_sequences else None

    def start_states(self, x: NDArray[Any], given: States | None) -> States:
        """Return what a batch of a stateful layer starts from: the given states, or its own."""
        if self.states is None:
            self.make_states(len(x))
        self.check_input_shape(x.shape)
        return given or [state.value for state in self.states or ()]

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """Return the default initial states: zeros, or those of the cell.

        Parameters
        ----------
        batch_size : int

        Returns
        -------
        list of ndarray, each (batch_size, H)
        """
        return [np.zeros((batch_size, size), self.dtype) for size in self.state_sizes]

    def make_states(self, batch_size: int) -> None:
        """Make the states of a stateful layer for a batch size."""
        self.states = [
            Parameter(self, f"state_{index}", state, trainable=False)
            for index, state in enumerate(leaves(self.get_initial_state(batch_size)))
        ]

    def keep_states(self, states: States) -> None:
        """Keep these as the initial states of the next batch."""
        for state, new in zip(self.states or (), states, strict=True):
            np.copyto(state.value, new)

    def reset_state(self, states: Sequence[ArrayLike] | ArrayLike | None = None) -> None:
        """Reset the states of a stateful layer to zeros, or to `states`.

        Parameters
        ----------
        states : list of array_like, each (B, H), optional

        Raises
        ------
        ValueError, TypeError
            If the number of states or their shapes are wrong, or the layer is not stateful.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncore.layers import GRU
        >>> layer, x = GRU(2, stateful=True), np.ones((1, 3, 2))
        >>> first, second = layer(x), layer(x)
        >>> layer.reset_state()
        >>> bool((first != second).any() and (layer(x) == first).all())
        True
        """
        if states is not None:
            if not self.stateful:
                raise ValueError(
                    f"{self.name}: states: expected None for a layer that is not stateful, "
                    f"got {type(states).__name__}"
                )
            batch_size = None if self.states is None else len(self.states[0].value)
            new = checked_states(
                f"{self.name}: states", states, self.state_sizes, batch_size, self.dtype
            )
            if self.states is None:
                self.make_states(len(new[0]))
            self.keep_states(new)
        elif self.states is not None:
            for state in self.states:
                state.value[...] = 0

    def reset_states(self, states: Sequence[ArrayLike] | ArrayLike | None = None) -> None:
        """Same as `reset_state`."""
        self.reset_state(states)


def without_rows(array: NDArray[Any], rows: NDArray[np.bool_]) -> NDArray[Any]:
    """Return a copy of `array` with some rows set to zero."""
    return np.where(rows[:, None], array.dtype.type(0), array) if rows.any() else array


def run(one: Pass[T]) -> T:
    """Run a pass and return its result."""
    try:
        call = next(one)
        while True:
            call = one.send(_core.run(call))
    except StopIteration as end:
        found: T = end.value
        return found


def run_together(passes: Sequence[Pass[T]]) -> list[T]:
    """Run independent passes, with their kernel calls side by side."""
    found: list[Any] = [None] * len(passes)
    waiting = list(enumerate(passes))
    results: Sequence[Any] = found  # of the calls for which those wait
    while waiting:
        calls, called = [], []
        for one, result in zip(waiting, results, strict=True):
            try:
                calls.append(one[1].send(result))
                called.append(one)
            except StopIteration as end:
                found[one[0]] = end.value
        waiting = called
        # A single call gets all threads to itself.
        results = _core.run_together(calls) if len(calls) > 1 else [*map(_core.run, calls)]
    return found
