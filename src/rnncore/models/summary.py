"""The table that `summary` prints."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rnncore.layers._members import unique
from rnncore.layers.layer import Layer
from rnncore.layers.parameter import Parameter
from rnncore.utils._checks import check_count, check_flag

if TYPE_CHECKING:
    from rnncore.models.model import Model

# Where the columns end, as fractions of the line: without and with the column of edges.
_POSITIONS = {3: [0.45, 0.8, 1.0], 4: [0.3, 0.56, 0.74, 1.0]}
_NARROWEST = 4
_GAP = "  "


class Options(NamedTuple):
    """The arguments of `summary`."""

    line_length: int | None
    positions: Sequence[float] | None
    expand_nested: bool
    show_trainable: bool
    layer_range: Sequence[str] | None


def checked_options(
    line_length: Any,
    positions: Any,
    expand_nested: Any,
    show_trainable: Any,
    layer_range: Any,
) -> Options:
    """Return the arguments of `summary`, or raise and name the wrong one."""
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
    return Options(
        line_length,
        positions,
        check_flag("summary", "expand_nested", expand_nested),
        check_flag("summary", "show_trainable", show_trainable),
        layer_range,
    )


def summary_lines(model: Model, options: Options) -> Iterator[str]:
    """Yield the lines of a table with one row per layer, and the totals.

    Unless the layers are a chain, a column says which others each is connected to.
    """
    layers = model.layers
    sources: dict[str, list[str]] | None = None
    if model.built and not model.network.graph.is_chain:
        sources = {layer.name: [] for layer in layers}
        for node in model.network.graph.nodes:
            sources[node.layer.name].extend(tensor.name for tensor in node.reads)
    headings = ["Layer (type)", "Output Shape", "Param #"]
    headings += [] if sources is None else ["Connected to"]
    columns = len(headings)
    headings += ["Trainable"] if options.show_trainable else []
    rows = [headings]
    for layer in _within(layers, options.layer_range):
        rows.extend(_rows(layer, sources, options, ""))
    widths = _widths(rows, options, columns)
    rule = "-" * (sum(widths) + len(_GAP) * (len(widths) - 1))
    yield f'Model: "{model.name}"'
    yield rule
    yield from _table_lines(rows[:1], widths)
    yield rule
    yield from _table_lines(rows[1:], widths)
    yield rule
    parameters = unique(parameter for layer in layers for parameter in layer.weights)
    trainable = [parameter for parameter in parameters if parameter.trainable]
    fixed = [parameter for parameter in parameters if not parameter.trainable]
    yield f"Total params: {_count(parameters)}"
    yield f"Trainable params: {_count(trainable)}"
    yield f"Non-trainable params: {_count(fixed)}"


def _rows(
    layer: Layer, sources: Mapping[str, Sequence[str]] | None, options: Options, prefix: str
) -> Iterator[list[str]]:
    row = [
        f"{prefix}{layer.name} ({type(layer).__name__})",
        "?" if layer.output_shape is None else str(layer.output_shape),
        f"{layer.count_params():,}" if layer.built else "0 (unbuilt)",
    ]
    if sources is not None:
        row.append("\n".join(sources.get(layer.name) or ["-"]))
    if options.show_trainable:
        row.append("-" if not layer.weights else "Y" if layer.trainable else "N")
    yield row
    if options.expand_nested:
        deeper = prefix.replace("└", " ") + " └ "
        for inner in getattr(layer, "layers", ()):
            yield from _rows(inner, sources, options, deeper)


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


def _widths(rows: Sequence[Sequence[str]], options: Options, columns: int) -> list[int]:
    """Return the widths of the columns, by default what they need."""
    needed = [
        max(len(line) for cell in column for line in cell.split("\n"))
        for column in zip(*rows, strict=True)
    ]
    if options.line_length is None and options.positions is None:
        return needed
    if options.line_length is None:
        length = sum(needed) + len(_GAP) * (len(needed) - 1)
    else:
        length = options.line_length
    positions = options.positions
    if positions is None:
        shares = _POSITIONS[columns]
        positions = [share * 0.9 for share in shares] + [1.0] if options.show_trainable else shares
    if len(positions) != len(needed):
        raise ValueError(
            f"summary: positions: expected one for each of {len(needed)} columns, got {positions!r}"
        )
    ends = [int(one * length) if positions[-1] <= 1 else int(one) for one in positions]
    starts = [0, *ends[:-1]]
    gaps = [len(_GAP)] * (len(ends) - 1) + [0]
    widths = [end - start - gap for start, end, gap in zip(starts, ends, gaps, strict=True)]
    if min(widths) < _NARROWEST:
        raise ValueError(
            f"summary: line_length: expected room for {_NARROWEST} characters in each column, got "
            f"{length} and positions {list(positions)!r}"
        )
    return widths


def _table_lines(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for row in rows:
        cells = [
            [part for line in cell.split("\n") for part in _wrapped(line, width)]
            for cell, width in zip(row, widths, strict=True)
        ]
        for index in range(max(map(len, cells))):
            parts = [cell[index] if index < len(cell) else "" for cell in cells]
            padded = [
                part.rjust(width) if column == 2 else part.ljust(width)
                for column, (part, width) in enumerate(zip(parts, widths, strict=True))
            ]
            yield _GAP.join(padded).rstrip()


def _wrapped(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    return textwrap.wrap(line, width, drop_whitespace=True, break_on_hyphens=False)


def _count(parameters: Sequence[Parameter]) -> str:
    elements = sum(parameter.size for parameter in parameters)
    size = float(sum(parameter.size * parameter.dtype.itemsize for parameter in parameters))
    units = ["B", "KB", "MB", "GB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        del units[0]
    return f"{elements:,} ({size:.2f} {units[0]})"
