"""The walk through a graph of layers, forwards and backwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.activations import Activation
from rnncore.layers.core.activation import OutputLayer
from rnncore.layers.graph.symbolic import SymbolicTensor, leaves, replaced
from rnncore.layers.layer import Shape
from rnncore.layers.tape import Tape, Tapes
from rnncore.networks.graph import Graph, Planned, Step

# The arrays of all inputs or outputs, one for each.
Arrays = tuple[NDArray[Any], ...]
# The array of an output, and its mask (B, T) or None.
Output = tuple[NDArray[Any], NDArray[Any] | None]


class Network(Tapes):
    """What runs the layers of a graph; a model has one.

    Parameters
    ----------
    graph : Graph
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._tapes = []

    def run(
        self,
        inputs: Arrays,
        masks: Sequence[NDArray[Any] | None] | None = None,
        *,
        training: bool | None = False,
        logits: Sequence[int] = (),
    ) -> tuple[list[Output], Tape]:
        """Run the layers forward; with ``training=None`` each as given in its call in the graph.

        For the output tensors in `logits` the last layer omits its activation, for a loss that
        includes it. Also returns the tape, which `run_backward` needs.
        """
        graph = self.graph
        empty: list[Any] = [None] * graph.size  # the inputs have the first numbers
        values = [*inputs, *empty[len(inputs) :]]
        found_masks = empty if masks is None else [*masks, *empty[len(inputs) :]]
        trains = bool(training)
        own = self.tape(trains)
        tapes: list[Any] = []
        for step in graph.steps:
            # What every step needs, at once: small networks feel each lookup.
            _, layer, plain, source, target, floats, makes_mask, finished = step[:8]
            # What `_run_step` does, without what most steps do not need.
            if plain and layer.activity_regularizer is None and target not in logits:
                x, mask = values[source], found_masks[source]
                if floats is not None and x.dtype is not floats:
                    x = self._as_taken(step, x)
                y, tape = layer.forward(x, mask=mask, training=trains)
                if mask is not None or makes_mask:
                    mask = layer.compute_mask(x, mask)
                values[target], found_masks[target] = y, mask
                tapes.append((tape, None))
            else:
                tapes.append(self._run_step(step, values, found_masks, training, logits, own))
            for number in finished:
                values[number] = None
        own.saved = tapes
        return [(values[number], found_masks[number]) for number in graph.outputs], own

    def _run_step(
        self,
        step: Step,
        values: list[Any],
        found_masks: list[Any],
        training: bool | None,
        logits: Sequence[int],
        own: Tape,
    ) -> tuple[Any, Any]:
        """Run any step, write what it gives; return its tape and the gradient of its penalty."""
        layer = step.layer
        x: Any = [self._as_taken(step, values[number]) for number in step.inputs]
        mask: Any = [found_masks[number] for number in step.inputs]
        if step.takes_list:
            mask = None if all(one is None for one in mask) else mask
        else:
            x, mask = x[0], mask[0]
        y, mask, tape = self._call(step, values, x, mask, training, logits)
        if layer.is_own:
            taken: Any = [one.shape for one in x] if step.takes_list else x.shape
            layer.expect_made(y, layer.call_output_shape(taken, step.arguments))
        penalty = None
        if layer.activity_regularizer is not None:
            penalty = layer.penalize(y, own, f"penalty {step.number}")
        ys = y if step.gives_list else [y]
        masks = mask if isinstance(mask, list) else [mask]  # as in Keras, that of the first
        for index, number in enumerate(step.outputs):
            values[number] = ys[index]
            found_masks[number] = masks[index] if index < len(masks) else None
        return tape, penalty

    def _call(
        self,
        step: Step,
        values: Sequence[Any],
        x: Any,
        mask: Any,
        training: bool | None,
        logits: Sequence[int],
    ) -> tuple[Any, Any, Any]:
        """Return output, mask and tape of a call that has arguments or is otherwise special."""
        layer: Any = step.layer
        given = {"mask": mask, "training": training}
        if step.arguments:
            given = self._arguments(step, values, given)
            mask = given["mask"] if "mask" in step.arguments else mask
        if layer.is_model:
            return layer.run_as_layer(x, **given)
        if step.output in logits:
            y, tape = layer.forward_logits(x, mask=given["mask"], training=bool(training))
        else:
            y, tape = layer.forward(x, **{**given, "training": bool(given["training"])})
        return y, layer.compute_mask(x, mask), tape

    def _arguments(
        self, step: Step, values: Sequence[Any], given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the arguments of a call, with tensors replaced by arrays.

        `given` are the model's own: its `training` takes precedence, and its mask applies if the
        call has none. As in Keras 3 that mask is not applied, only passed on, if the call has other
        arrays.
        """

        def array(tensor: SymbolicTensor) -> NDArray[Any]:
            found: NDArray[Any] = values[self.graph.numbers[tensor]]
            return found

        found = {name: replaced(value, array) for name, value in step.arguments.items()}
        if "mask" in found:  # its Input is in the dtype of the model
            masks = found["mask"] if step.takes_list else [found["mask"]]
            masks = [None if one is None else one.astype(bool, copy=False) for one in masks]
            found["mask"] = masks if step.takes_list else masks[0]
        elif any(isinstance(one, np.ndarray) for one in leaves(list(found.values()))):
            found["mask"] = None
        if given["training"] is not None:
            found["training"] = given["training"]
        return {**given, **found}

    def _as_taken(self, step: Step, x: NDArray[Any]) -> NDArray[Any]:
        """Return token ids as floats for a layer that takes floats."""
        if x.dtype.kind == "f" or step.layer.takes_ids or step.layer.is_model:
            return x
        return x.astype(step.layer.dtype)

    def run_backward(
        self, tape: Tape, dys: Sequence[NDArray[Any] | None], *, need_dx: bool = False
    ) -> list[NDArray[Any] | None]:
        """Run the layers backward and write the gradients of all trainable weights.

        Returns the gradients of the inputs selected by `need_dx`.
        """
        graph = self.graph
        tapes = self.used(tape)
        gradients: list[Any] = [None] * graph.size
        for index, number in enumerate(graph.outputs):
            known, one = gradients[number], dys[index]
            gradients[number] = one if known is None else _sum(known, one, number, tape)
        plan = graph.backward_plan(need_dx)
        written: set[int] = set()  # weights of layers called by several steps
        skipped = []
        for planned in plan:
            step, plain, _, below, _ = planned
            number, layer, _, source, target = step[:5]
            kept, penalty = tapes[number]
            # What `_step_backward` does, without what most steps do not need.
            if plain and penalty is None:
                dy = gradients[target]
                if dy is None and not layer.penalizes_activity:
                    skipped.append(planned)
                    continue
                found = layer.backward(kept, dy, need_dx=bool(below))
                if below:
                    dx = found[0] if layer.call_arguments else found
                    known = gradients[source]
                    gradients[source] = dx if known is None else _sum(known, dx, source, tape)
                    del dx
                del found  # memory for the layers below
            elif not self._step_backward(planned, kept, penalty, gradients, written, tape):
                skipped.append(planned)
        if skipped:  # no loss depends on them
            done = {id(p) for one in plan if one not in skipped for p in one.weights}
            for parameter in (p for one in skipped for p in one.weights if id(p) not in done):
                parameter.grad[...] = 0
                parameter.grad_rows = None
        return gradients[: len(graph.inputs)]

    def _step_backward(
        self,
        planned: Planned,
        kept: Any,
        penalty: Any,
        gradients: list[Any],
        written: set[int],
        tape: Tape,
    ) -> bool:
        """Run any step backward and add to the gradients below; False if nothing flows into it."""
        step, _, weights, below, beside = planned
        layer = step.layer
        dys = [gradients[number] for number in step.outputs]
        dy: Any = dys if step.gives_list else dys[0]
        if penalty is not None:
            dy = layer.penalized(dy, penalty)
        elif all(one is None for one in dys) and not layer.penalizes_activity:
            return False
        again = step.shared_parameters
        before = [(p, p.grad.copy()) for p in again if id(p) in written]
        found = layer.backward(kept, dy, need_dx=bool(below))
        dx, others = found if layer.call_arguments else (found, {})
        for parameter, gradient in before:
            np.add(parameter.grad, gradient, out=parameter.grad)
            parameter.grad_rows = None
        if again:
            written.update(map(id, weights))
        for index, number in enumerate(step.inputs):
            if number in below:
                one = dx[index] if step.takes_list and dx is not None else dx
                if one is None and layer.is_own:
                    raise ValueError(
                        f"{layer.name}: backward: expected the gradient of x, got None"
                    )
                gradients[number] = _sum(gradients[number], one, number, tape)
        for name in step.arguments if beside else ():
            given = leaves(step.arguments[name])
            for tensor, one in zip(given, leaves(others.get(name, ())), strict=False):
                number = self.graph.numbers[tensor] if isinstance(tensor, SymbolicTensor) else -1
                if number in beside:
                    gradients[number] = _sum(gradients[number], one, number, tape)
        return True

    def output_activations(self) -> list[Activation | None]:
        """Return, for each output, the activation that a loss may fuse with itself, or None."""
        found: list[Activation | None] = []
        for number in self.graph.outputs:
            users = [s for s in self.graph.steps if number in (*s.outputs, *s.reads)]
            layer: Any = users[0].layer if users and number in users[0].outputs else None
            # One that something else reads too must stay as it is.
            alone = len(users) == 1 and self.graph.outputs.count(number) == 1
            fusible = alone and isinstance(layer, OutputLayer)
            found.append(layer.removable_activation if fusible else None)
        return found

    def output_shapes(self, shapes: Sequence[Shape]) -> list[Shape]:
        """Return the shapes of the outputs for inputs of `shapes`, batch axis included."""
        found: list[Any] = [None] * self.graph.size
        for number, shape in zip(self.graph.inputs, shapes, strict=True):
            found[number] = shape
        for step in self.graph.steps:
            taken: Any = [found[number] for number in step.inputs]
            taken = taken if step.takes_list else taken[0]
            given: Any = step.layer.call_output_shape(taken, step.arguments)
            for index, number in enumerate(step.outputs):
                found[number] = given[index] if step.gives_list else given
        return [found[number] for number in self.graph.outputs]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_tapes": []}


def _sum(
    one: NDArray[Any] | None, other: NDArray[Any] | None, number: int, tape: Tape
) -> NDArray[Any] | None:
    """Return the sum of two gradients as a new array, since others may read them."""
    if one is None or other is None:
        return other if one is None else one
    total = tape.take(f"gradient {number}", one.shape, one.dtype)
    return np.add(one, other, out=total)
