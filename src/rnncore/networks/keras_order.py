"""The order in which Keras lists the layers of a graph, which is that of `get_weights`.

The layers farthest from the outputs, counted in steps, come first. Keras 3 counts every operation
on masks as a step too, each comparison and each "or". These lie between the layer that makes a mask
and those that read it, so they move that layer farther from the outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar, cast

from rnncore.layers.graph.symbolic import CountedStep, Node, SymbolicTensor, leaves
from rnncore.layers.layer import Layer

T = TypeVar("T")


def layers_in_order(
    inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor], nodes: Sequence[Node]
) -> list[Layer]:
    """Return the layers, the farthest from the outputs first.

    Layers at equal distance are in the order in which a walk from the outputs reaches them.

    Parameters
    ----------
    inputs, outputs : sequence of SymbolicTensor
    nodes : sequence of Node
        Those between, each after those that it needs.
    """
    steps = _steps(nodes)
    met: dict[CountedStep, int] = {}
    order = list(depth_first([steps[t.node] for t in outputs], lambda step: step.reads, met))
    far_step: dict[CountedStep, int] = {}
    far: dict[Layer, int] = {}
    first: dict[Layer, int] = {}
    for step in reversed(order):
        here = far_step.get(step, 0)
        if step.layer is not None:
            here = far[step.layer] = max(here, far.get(step.layer, 0))
            first[step.layer] = min(met[step], first.get(step.layer, met[step]))
        for read in step.reads:
            far_step[read] = max(far_step.get(read, 0), here + 1)
    for tensor in inputs:  # those that no output needs
        if tensor.node not in steps and not tensor.node.inputs:
            first.setdefault(tensor.node.layer, -1)
            far.setdefault(tensor.node.layer, 0)
    return sorted(far, key=lambda layer: (-far[layer], first[layer]))


def depth_first(
    roots: Iterable[T], needs: Callable[[T], Iterable[T]], met: dict[T, int]
) -> Iterator[T]:
    """Yield what `roots` need and they themselves, each after what it needs; number it in `met`.

    A loop, since a graph may be deeper than Python's recursion limit.
    """
    path: list[tuple[T | None, Iterator[T]]] = [(None, iter(roots))]
    while path:
        one, rest = path[-1]
        following = next(rest, None)
        if following is None:
            path.pop()
            if one is not None:
                yield one
        elif following not in met:
            met[following] = len(met)
            path.append((following, iter(needs(following))))


def _steps(nodes: Sequence[Node]) -> dict[Node, CountedStep]:
    """Return the step of each node; it reads those that compute masks for it."""
    steps: dict[Node, CountedStep] = {}
    masks: dict[SymbolicTensor, CountedStep] = {}
    for node in nodes:
        # By name, as Keras sorts them.
        given = {
            name: [one for one in leaves(value) if isinstance(one, SymbolicTensor)]
            for name, value in sorted(node.arguments.items())
        }
        found = [masks.get(tensor) for tensor in node.inputs]
        if given.get("mask"):
            found = [steps.get(tensor.node) for tensor in given["mask"]]
        read = [steps.get(tensor.node) for tensor in node.inputs]
        others = [steps.get(tensor.node) for tensors in given.values() for tensor in tensors]
        if not others and node.layer.reads_mask:  # Keras omits it if there are others
            others = found
        known = [step for step in (*read, *others) if step is not None]
        steps[node] = CountedStep(*known, rank=len(node.outputs[0].shape), layer=node.layer)
        if None not in read:
            mask_steps = node.layer.mask_steps(cast("list[CountedStep]", read), found)
            for tensor, mask in zip(node.outputs, mask_steps, strict=False):
                if mask is not None:
                    masks[tensor] = mask
    return steps
