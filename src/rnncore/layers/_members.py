"""Layers and what is inside of them, and the memory of layers that are called several times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rnncore.layers._buffers import Buffers

if TYPE_CHECKING:
    from rnncore.layers.layer import Layer

# What one call of some layers left behind: a pair for each of them.
Memory = list[tuple[Any, Buffers]]


def members(layer: Layer) -> list[Layer]:
    """Return a layer and all that are inside of it, each once."""

    def walk(layer: Layer) -> Iterator[Layer]:
        yield layer
        for child in layer.children:
            yield from walk(child)

    return unique(walk(layer))


def unique(items: Any) -> list[Any]:
    """Return each item once, by identity, in the order of first appearance."""
    return list({id(item): item for item in items}.values())


def exchange(layers: Sequence[Layer], memory: Memory | None) -> Memory:
    """Put `memory` (None: nothing yet) into layers, and return what was there."""
    found = [(layer._saved, layer._buffers) for layer in layers]
    for index, layer in enumerate(layers):
        layer._saved, layer._buffers = (None, Buffers()) if memory is None else memory[index]
    return found
