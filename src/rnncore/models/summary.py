"""The table that `summary` prints."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Any

from rnncore.layers.layer import Layer
from rnncore.layers.parameter import Parameter
from rnncore.utils._checks import check_count, check_flag

if TYPE_CHECKING:
    from rnncore.models.model import Model

# Where the columns end, as fractions of the line: without and with the column of edges.
_POSITIONS = {3: [0.45, 0.8, 1.0], 4: [0.3, 0.56, 0.74, 1.0]}
_NARROWEST = 4
_GAP = "  "


def summary_lines(
    model: Model,
    line_length: Any,
    positions: Any,
    expand_nested: Any,
    show_trainable: Any,
    layer_range: Any,
) -> Iterator[str]:
    """Yield the lines of a table with one row per layer, and the totals.

    Unless the layers are a chain, a column says which others each is connected to. Raises for a
    wrong argument of `summary` before the first line.
    """
    if line_length is not None:
        line_length = check_count("summary", "line_length", line_length)
    if positions is not None and (
        not isinstance(positions, (list, tuple))
        or not all(isinstance(one, (int, float)) and one > 0 for one in positions)
        or list(positions) != sorted(set(positions))
    ):
        raise ValueError(
            f"summary: positions: expected a list of rising positive numbers, got {positions!r}"
        )
    if layer_range is not None and (
        not isinstance(layer_range, (list, tuple))
        or len(layer_range) != 2
        or not all(isinstance(name, str) for name in layer_range)
    ):
        raise ValueError(f"summary: layer_range: expected two names of layers, got {layer_range!r}")
    nested = check_flag("summary", "expand_nested", expand_nested)
    trained = check_flag("summary", "show_trainable", show_trainable)
    layers = model.layers
    sources: dict[str, list[str]] | None = None
    if model.built and not model.network.graph.is_chain:
        sources = {layer.name: [] for layer in layers}
        for node in model.network.graph.nodes:
            sources[node.layer.name].extend(tensor.name for tensor in node.reads)
    headings = ["Layer (type)", "Output Shape", "Param #"]
    headings += [] if sources is None else ["Connected to"]
    shares = _POSITIONS[len(headings)]
    if trained:
        headings.append("Trainable")
        shares = [*(share * 0.9 for share in shares), 1.0]

    def rows_of(layer: Layer, prefix: str = "") -> Iterator[list[str]]:
        row = [
            f"{prefix}{layer.name} ({type(layer).__name__})",
            "?" if layer.output_shape is None else str(layer.output_shape),
            f"{layer.count_params():,}" if layer.built else "0 (unbuilt)",
        ]
        if sources is not None:
            row.append("\n".join(sources.get(layer.name) or ["-"]))
        if trained:
            row.append("-" if not layer.weights else "Y" if layer.trainable else "N")
        yield row
        for inner in getattr(layer, "layers", ()) if nested else ():
            yield from rows_of(inner, prefix.replace("└", " ") + " └ ")

    rows = [headings]
    for layer in _within(layers, layer_range):
        rows.extend(rows_of(layer))
    widths = _widths(rows, line_length, positions, shares)
    rule = "-" * (sum(widths) + len(_GAP) * (len(widths) - 1))
    yield f'Model: "{model.name}"'
    yield rule
    yield from _table_lines(rows[:1], widths)
    yield rule
    yield from _table_lines(rows[1:], widths)
    yield rule
    yield f"Total params: {_count(model.weights)}"
    yield f"Trainable params: {_count(model.trainable_weights)}"
    yield f"Non-trainable params: {_count(model.non_trainable_weights)}"


def _within(layers: Sequence[Layer], bounds: Sequence[str] | None) -> Sequence[Layer]:
    """Return the layers from the first match of `bounds[0]` to the last match of `bounds[1]`."""
    if bounds is None:
        return layers
    found = []
    for pattern in bounds:
        matching = [i for i, layer in enumerate(layers) if re.match(pattern, layer.name)]
        if not matching:
            known = ", ".join(layer.name for layer in layers)
            raise ValueError(f"summary: layer_range: expected names of {known}, got {pattern!r}")
        found.append(matching)
    first, last = sorted([min(found[0]), max(found[1])])
    return layers[first : last + 1]


def _widths(
    rows: Sequence[Sequence[str]],
    length: int | None,
    positions: Sequence[float] | None,
    shares: Sequence[float],
) -> list[int]:
    """Return the widths of the columns, by default what they need."""
    needed = [
        max(len(line) for cell in column for line in cell.split("\n"))
        for column in zip(*rows, strict=True)
    ]
    if length is None and positions is None:
        return needed
    length = length or sum(needed) + len(_GAP) * (len(needed) - 1)
    positions = shares if positions is None else positions
    if len(positions) != len(needed):
        raise ValueError(
            f"summary: positions: expected one for each of {len(needed)} columns, got {positions!r}"
        )
    ends = [int(one * length) if positions[-1] <= 1 else int(one) for one in positions]
    widths = [end - start - len(_GAP) for start, end in pairwise([0, *ends])]
    widths[-1] += len(_GAP)  # behind which there is no gap
    if min(widths) < _NARROWEST:
        raise ValueError(
            f"summary: line_length: expected room for {_NARROWEST} characters in each column, got "
            f"{length} and positions {list(positions)!r}"
        )
    return widths


def _table_lines(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for row in rows:
        cells = [
            [
                part
                for line in cell.split("\n")
                for part in textwrap.wrap(line, width, break_on_hyphens=False)
            ]
            for cell, width in zip(row, widths, strict=True)
        ]
        for parts in zip_longest(*cells, fillvalue=""):
            padded = zip(parts, "<<><<", widths, strict=False)
            yield _GAP.join(f"{part:{side}{width}}" for part, side, width in padded).rstrip()


def _count(parameters: Sequence[Parameter]) -> str:
    elements = sum(parameter.size for parameter in parameters)
    size = sum(parameter.size * parameter.dtype.itemsize for parameter in parameters)
    power = next(n for n in range(4) if size < 1024 ** (n + 1) or n == 3)
    return f"{elements:,} ({size / 1024**power:.2f} {('B', 'KB', 'MB', 'GB')[power]})"
