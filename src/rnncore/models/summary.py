"""The table that `summary` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rnncore.layers.base import Layer
from rnncore.models.graph import unique

_HEADINGS = ("Layer (type)", "Output Shape", "Param #", "Connected to")


def summary_lines(
    name: str, layers: Sequence[Layer], sources: Mapping[str, Sequence[str]] | None = None
) -> Iterator[str]:
    """Yield the lines of a table with one row a layer, and the totals.

    Where `sources` says for each layer which others it is connected to, that is a column, which
    goes on in further rows.
    """
    columns = 3 if sources is None else 4
    rows: list[tuple[str, ...]] = [_HEADINGS[:columns]]
    for layer in layers:
        row: tuple[str, ...] = (
            f"{layer.name} ({type(layer).__name__})",
            "?" if layer.output_shape is None else str(layer.output_shape),
            f"{layer.count_params():,}" if layer.built else "unbuilt",
        )
        if sources is None:
            rows.append(row)
            continue
        first, *others = sources.get(layer.name) or ["-"]
        rows.append((*row, first))
        rows.extend(("", "", "", other) for other in others)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if index == 2 else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()

    rule = "-" * (sum(widths) + 2 * (columns - 1))
    yield f'Model: "{name}"'
    yield rule
    yield line(rows[0])
    yield rule
    for row in rows[1:]:
        yield line(row)
    yield rule
    parameters = unique(parameter for layer in layers for parameter in layer.weights)
    total = sum(parameter.size for parameter in parameters)
    trainable = sum(parameter.size for parameter in parameters if parameter.trainable)
    itemsize = parameters[0].dtype.itemsize if parameters else 0
    yield f"Total params: {total:,} ({_bytes(total * itemsize)})"
    yield f"Trainable params: {trainable:,}"
    yield f"Non-trainable params: {total - trainable:,}"


def _bytes(size: int) -> str:
    value = float(size)
    for unit in ("B", "KB", "MB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.2f} {unit}"
        value /= 1024
    return f"{value:.2f} GB"
