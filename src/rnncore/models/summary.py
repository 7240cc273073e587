"""The table that `summary` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rnncore.layers.base import Layer

_HEADINGS = ("Layer (type)", "Output Shape", "Param #")


def summary_lines(name: str, layers: Sequence[Layer]) -> Iterator[str]:
    """Yield the lines of a table with one row a layer, and the totals."""
    rows = [
        (
            f"{layer.name} ({type(layer).__name__})",
            "?" if layer.output_shape is None else str(layer.output_shape),
            f"{layer.count_params():,}" if layer.built else "unbuilt",
        )
        for layer in layers
    ]
    widths = [max(len(row[i]) for row in [_HEADINGS, *rows]) for i in range(3)]

    def line(cells: tuple[str, str, str]) -> str:
        return f"{cells[0]:<{widths[0]}}  {cells[1]:<{widths[1]}}  {cells[2]:>{widths[2]}}"

    rule = "-" * (sum(widths) + 4)
    yield f'Model: "{name}"'
    yield rule
    yield line(_HEADINGS)
    yield rule
    for row in rows:
        yield line(row)
    yield rule
    parameters = [parameter for layer in layers for parameter in layer.weights]
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
