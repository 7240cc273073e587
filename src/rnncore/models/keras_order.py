"""The order in which Keras lists the layers of a graph, which is that of `get_weights`.

It puts those layers first that are farthest from the outputs, counted in steps. Keras 3 counts what
computes masks among the steps, each comparison and each "or": they stand between the layer that a
mask comes from and those that read it, and so put that layer farther from the outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce, singledispatch
from typing import Any

from rnncore.layers import (
    Attention,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Embedding,
    GlobalAveragePooling1D,
    Lambda,
    Masking,
    Softmax,
    TimeDistributed,
)
from rnncore.layers.graph.operators import TensorOperation
from rnncore.layers.graph.symbolic import Node, SymbolicTensor, leaves
from rnncore.layers.layer import Layer
from rnncore.layers.merging.merge import Merge
from rnncore.layers.rnn.recurrent_layer import Recurrence
from rnncore.models.network import Network

# The layers whose call has a mask among its arguments.
_READERS = (
    Attention,
    BatchNormalization,
    Bidirectional,
    GlobalAveragePooling1D,
    Lambda,
    Network,
    Recurrence,
    Softmax,
    TimeDistributed,
)


class _Step:
    """A call of a layer, or with no layer an operation on masks; knows the steps that it reads."""

    def __init__(self, *reads: _Step, rank: int, layer: Layer | None = None) -> None:
        self.reads = reads
        self.rank = rank  # the number of axes of what it gives
        self.layer = layer


def layers_in_order(
    inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor], nodes: Sequence[Node]
) -> list[Layer]:
    """Return the layers, the farthest from the outputs first.

    Among those that are equally far the one comes first that a walk from the outputs meets first.

    Parameters
    ----------
    inputs, outputs : sequence of SymbolicTensor
    nodes : sequence of Node
        Those between, each behind those that it needs.
    """
    steps = _steps(nodes)
    met: dict[_Step, int] = {}
    order = list(_walk([steps[tensor.node] for tensor in outputs], met))
    far_step: dict[_Step, int] = {}
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


def _walk(outputs: Sequence[_Step], met: dict[_Step, int]) -> Iterator[_Step]:
    """Yield the steps that `outputs` need, each behind those that it reads; number them in `met`.

    A loop, since a graph may be deeper than Python lets functions call each other.
    """
    path: list[tuple[_Step | None, Iterator[_Step]]] = [(None, iter(outputs))]
    while path:
        step, rest = path[-1]
        following = next(rest, None)
        if following is None:
            path.pop()
            if step is not None:
                yield step
        elif following not in met:
            met[following] = len(met)
            path.append((following, iter(following.reads)))


def _steps(nodes: Sequence[Node]) -> dict[Node, _Step]:
    """Return the step of each node; it reads those that compute masks for it."""
    steps: dict[Node, _Step] = {}
    masks: dict[SymbolicTensor, _Step] = {}
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
        if not others and isinstance(node.layer, _READERS):  # beside others Keras leaves it out
            others = found
        known = [step for step in (*read, *others) if step is not None]
        steps[node] = _Step(*known, rank=len(node.outputs[0].shape), layer=node.layer)
        if None not in read:
            for tensor, mask in zip(node.outputs, _masks(node.layer, read, found), strict=False):
                if mask is not None:
                    masks[tensor] = mask
    return steps


@singledispatch
def _masks(layer: Any, inputs: list[Any], masks: list[_Step | None]) -> list[_Step | None]:
    """Return the last operation of the mask of each output, None where there is no mask."""
    goes_on = layer.supports_masking and type(layer).compute_mask is Layer.compute_mask
    return masks[:1] if goes_on else []


@_masks.register(Network)
@_masks.register(TensorOperation)
def _no_masks(layer: Any, inputs: list[Any], masks: list[_Step | None]) -> list[_Step | None]:
    return []


@_masks.register
def _masks_of_time_distributed(
    layer: TimeDistributed, inputs: list[Any], masks: list[_Step | None]
) -> list[_Step | None]:
    return masks[:1]


@_masks.register
def _masks_of_recurrence(
    layer: Recurrence, inputs: list[Any], masks: list[_Step | None]
) -> list[_Step | None]:
    return masks[:1] if layer.return_sequences else []


@_masks.register
def _masks_of_bidirectional(
    layer: Bidirectional, inputs: list[Any], masks: list[_Step | None]
) -> list[_Step | None]:
    directions = 2 if layer.merge_mode is None else 1
    return masks[:1] * directions if layer.return_sequences else []


@_masks.register
def _masks_of_embedding(
    layer: Embedding, inputs: list[Any], masks: list[_Step | None]
) -> list[_Step | None]:
    return [_Step(inputs[0], rank=inputs[0].rank)] if layer.mask_zero else []


@_masks.register
def _masks_of_masking(
    layer: Masking, inputs: list[Any], masks: list[_Step | None]
) -> list[_Step | None]:
    equal = _Step(inputs[0], rank=inputs[0].rank)
    return [_Step(equal, rank=equal.rank - 1)]


@_masks.register
def _masks_of_attention(
    layer: Attention, inputs: list[Any], masks: list[_Step | None]
) -> list[_Step | None]:
    return [] if masks[0] is None else [_Step(masks[0], rank=masks[0].rank)]


@_masks.register
def _masks_of_merge(
    layer: Merge, inputs: list[Any], masks: list[_Step | None]
) -> list[_Step | None]:
    known = [mask for mask in masks if mask is not None]
    return [reduce(_either, known)] if len(known) == len(masks) else []


@_masks.register
def _masks_of_concatenate(
    layer: Concatenate, inputs: list[Any], masks: list[_Step | None]
) -> list[_Step | None]:
    if not any(masks):
        return []
    wide = [_widened(step, mask) for step, mask in zip(inputs, masks, strict=True)]
    joined = _Step(*wide, rank=wide[0].rank)
    return [_Step(joined, rank=joined.rank - 1)]


def _either(one: _Step, other: _Step) -> _Step:
    return _Step(one, other, rank=max(one.rank, other.rank))


def _widened(step: _Step, mask: _Step | None) -> _Step:
    """Return a mask of the rank of what it masks."""
    if mask is None:
        return _Step(step, rank=step.rank)
    if mask.rank < step.rank:
        return _either(_Step(mask, rank=mask.rank + 1), _Step(step, rank=step.rank))
    return mask
