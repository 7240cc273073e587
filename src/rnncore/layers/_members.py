"""Layers and the layers inside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnncore.layers.layer import Layer


def walk(*layers: Layer) -> Iterator[Layer]:
    """Yield each layer and all layers inside it, as often as it is met."""
    for layer in layers:
        yield layer
        yield from walk(*layer.children)


def members(layer: Layer) -> list[Layer]:
    """Return a layer and all layers inside it, each once."""
    return unique(walk(layer))


def unique(items: Any) -> list[Any]:
    """Return each item once, by identity, in the order of first appearance."""
    return list({id(item): item for item in items}.values())
