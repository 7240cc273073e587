"""Checks of the symbolic tensors between which a model is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnncore.layers.core.input_layer import InputLayer
from rnncore.layers.graph.symbolic import SymbolicTensor
from rnncore.layers.layer import Layer
from rnncore.models.graph import Graph


def listed_tensors(argument: str, value: Any) -> tuple[list[SymbolicTensor], list[str] | None]:
    """Return the tensors in `value`, and their names where it is a dict."""
    if isinstance(value, dict):  # in Keras' order, so that lists of weights mean the same
        value = {key: value[key] for key in sorted(value, key=str)}
    names = [str(key) for key in value] if isinstance(value, dict) else None
    parts = list(value.values()) if isinstance(value, dict) else value
    tensors = list(parts) if isinstance(parts, (list, tuple)) else [parts]
    for tensor in tensors:
        if not isinstance(tensor, SymbolicTensor):
            raise TypeError(
                f"Model: {argument}: expected symbolic tensors, as Input and layers that are "
                f"called on one return, got {type(tensor).__name__}"
            )
    if not tensors:
        raise ValueError(f"Model: {argument}: expected at least one tensor, got none")
    return tensors, names


def common_dtype(graph: Graph) -> np.dtype[Any]:
    layers = [layer for layer in graph.layers if not isinstance(layer, InputLayer)]
    dtypes = {layer.dtype: layer.name for layer in layers}
    if len(dtypes) > 1:
        named = " and ".join(f"{dtype} ({name!r})" for dtype, name in dtypes.items())
        raise ValueError(f"Model: dtype: expected the same in all layers, got {named}")
    return next(iter(dtypes), np.dtype(np.float32))


def expect_own_names(layers: Sequence[Layer]) -> None:
    names = [layer.name for layer in layers]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"Model: expected a name of its own for each layer, got {name!r} twice"
            )


def unique_names(tensors: Sequence[SymbolicTensor]) -> list[str]:
    """Return the names of the layers that give the tensors, numbered where one gives several."""
    names: list[str] = []
    for tensor in tensors:
        names.append(_free(tensor.name, set(names)))
    return names


def _free(name: str, taken: set[str]) -> str:
    count, free = 0, name
    while free in taken:
        count += 1
        free = f"{name}_{count}"
    return free
