"""Drawings as text of SVG and of Graphviz, and through matplotlib as other files."""

from __future__ import annotations

import os
from html import escape
from typing import Any

from rnncore.utils._atomic import replacing, save_figure
from rnncore.utils.drawing.diagram import Box, Diagram
from rnncore.utils.drawing.picture import (
    EDGE,
    FONT_SIZE,
    INK,
    PAPER,
    Curve,
    Picture,
    Rectangle,
    Text,
)

_FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
_ROUND = 4


def svg(picture: Picture, scale: float) -> str:
    """Return a picture as SVG, `scale` pixels for each of its units."""
    width, height = picture.width, picture.height
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * scale:.0f}" '
        f'height="{height * scale:.0f}" viewBox="0 0 {width:.1f} {height:.1f}" '
        f'font-family="{_FONT}" font-size="{FONT_SIZE:g}">',
        f'<rect width="100%" height="100%" fill="{PAPER}"/>',
    ]
    for shape in picture.shapes:
        if isinstance(shape, Rectangle):
            dashes = ' stroke-dasharray="5 3"' if shape.dashed else ""
            lines.append(
                f'<rect x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" '
                f'height="{shape.height:.1f}" rx="{_ROUND}" fill="{shape.fill}" '
                f'stroke="{EDGE}"{dashes}/>'
            )
        elif isinstance(shape, Text):
            weight = ' font-weight="bold"' if shape.bold else ""
            lines.append(
                f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" text-anchor="middle" '
                f'dominant-baseline="central" fill="{INK}"{weight}>{escape(shape.text)}</text>'
            )
        elif isinstance(shape, Curve):
            (first, *rest) = (f"{x:.1f} {y:.1f}" for x, y in shape.points)
            path = f"M{first} C{' '.join(rest)}"
            lines.append(f'<path d="{path}" fill="none" stroke="{EDGE}"/>')
        else:
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
            lines.append(f'<polygon points="{corners}" fill="{EDGE}"/>')
    return "\n".join([*lines, "</svg>", ""])


def dot(diagram: Diagram, rankdir: str) -> str:
    """Return a diagram in the language of Graphviz; models inside become clusters."""
    lines = ["digraph model {", f"  rankdir={rankdir};", "  node [shape=box];"]
    lines += _dot_lines(diagram, "n", "  ")
    return "\n".join([*lines, "}", ""])


def _dot_lines(diagram: Diagram, prefix: str, indent: str) -> list[str]:
    lines = []
    for number, box in enumerate(diagram.boxes):
        name = f"{prefix}{number}"
        label = "\\n".join(_quoted(line) for line in (box.title, *box.lines))
        if box.inner is None:
            style = ", style=dashed" if box.shared else ""
            lines.append(f'{indent}{name} [label="{label}"{style}];')
        else:
            lines.append(f"{indent}subgraph cluster_{name} {{")
            lines.append(f'{indent}  label="{label}";')
            lines += _dot_lines(box.inner, f"{name}_", f"{indent}  ")
            lines.append(f"{indent}}}")
    for edge in diagram.edges:
        source = _dot_end(
            diagram.boxes[edge.source], f"{prefix}{edge.source}", edge.output, out=True
        )
        target = _dot_end(
            diagram.boxes[edge.target], f"{prefix}{edge.target}", edge.input, out=False
        )
        lines.append(f"{indent}{source} -> {target};")
    return lines


def _dot_end(box: Box, name: str, index: int, *, out: bool) -> str:
    """Return the name of the box, or of the one inside of it that gives or takes a tensor."""
    if box.inner is None:
        return name
    number = (box.inner.outputs if out else box.inner.inputs)[index]
    return _dot_end(box.inner.boxes[number], f"{name}_{number}", 0, out=out)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a file whole or not at all."""
    with replacing(path) as file:
        file.write(text.encode())


def write_by_matplotlib(
    path: str | os.PathLike[str], kind: str, picture: Picture, dpi: float
) -> None:
    """Write PNG, PDF or another kind that matplotlib knows. ImportError without it."""
    try:
        from matplotlib import patches
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.path import Path
    except ImportError as error:
        raise ImportError(
            f"plot_model: to_file: a .{kind} file needs matplotlib: pip install 'rnncore[plot]' "
            "(.svg and .dot files need nothing)"
        ) from error
    inch = 72.0
    figure = Figure(figsize=(picture.width / inch, picture.height / inch))
    FigureCanvasAgg(figure)
    axes: Any = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, picture.width)
    axes.set_ylim(picture.height, 0)
    axes.axis("off")
    for shape in picture.shapes:
        if isinstance(shape, Rectangle):
            patch: Any = patches.FancyBboxPatch(
                (shape.x, shape.y),
                shape.width,
                shape.height,
                boxstyle=f"round,pad=0,rounding_size={_ROUND}",
                facecolor=shape.fill,
                edgecolor=EDGE,
                linestyle="--" if shape.dashed else "-",
            )
            axes.add_patch(patch)
        elif isinstance(shape, Text):
            axes.text(
                shape.x,
                shape.y,
                shape.text,
                ha="center",
                va="center_baseline",
                color=INK,
                fontsize=FONT_SIZE * 0.9,
                weight="bold" if shape.bold else "normal",
                parse_math=False,
            )
        elif isinstance(shape, Curve):
            codes = [Path.MOVETO] + [Path.CURVE4] * (len(shape.points) - 1)
            axes.add_patch(patches.PathPatch(Path(shape.points, codes), fill=False, ec=EDGE))
        else:
            axes.add_patch(patches.Polygon(shape.points, color=EDGE, lw=0))
    save_figure(figure, path, dpi=dpi)
