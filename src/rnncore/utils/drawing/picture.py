"""A diagram as shapes on a plane, from which every kind of file is written."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from rnncore.utils.drawing.diagram import Box, Diagram
from rnncore.utils.drawing.layout import Point, place

FONT_SIZE = 12.0
_LINE = 17.0  # height of a line of text
_PAD = 10.0  # between text and border
_MARGIN = 16.0  # around a drawing
_ARROW = 6.0

INK, EDGE, PAPER = "#1f2933", "#52606d", "#ffffff"
_FILLS = {"input": "#e3f1e5", "layer": "#e4ecf7", "model": "#f3ecdf"}


class Rectangle(NamedTuple):
    """A box with round corners; `x` and `y` are those of its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    dashed: bool


class Text(NamedTuple):
    """A line of text around `x`; `y` is its middle."""

    x: float
    y: float
    text: str
    bold: bool


class Curve(NamedTuple):
    """A line from ``points[0]`` on: each three further points are a Bezier curve's."""

    points: list[Point]


class Triangle(NamedTuple):
    """The head of an arrow."""

    points: list[Point]


Shape = Rectangle | Text | Curve | Triangle


@dataclass
class Picture:
    """Shapes in the order in which they are painted; y grows downwards."""

    width: float
    height: float
    shapes: list[Shape]


def picture(diagram: Diagram, rankdir: str) -> Picture:
    """Lay a diagram out in the direction of Graphviz' `rankdir`, with a margin around it."""
    inner = _painted(diagram, rankdir)
    moved = [_moved(shape, _MARGIN, _MARGIN) for shape in inner.shapes]
    return Picture(inner.width + 2 * _MARGIN, inner.height + 2 * _MARGIN, moved)


def text_width(text: str, bold: bool = False) -> float:
    """Return about how wide a text is, on the safe side of common fonts without serifs."""
    width = sum(
        0.34
        if c in "iljtfrI.,:;()[]' |"
        else 0.88
        if c in "mwMW@%"
        else 0.72
        if c.isupper()
        else 0.58
        for c in text
    )
    return width * FONT_SIZE * (1.06 if bold else 1.0)


def _painted(diagram: Diagram, rankdir: str) -> Picture:
    insides = [None if box.inner is None else _painted(box.inner, rankdir) for box in diagram.boxes]
    sizes = [_size(box, inside) for box, inside in zip(diagram.boxes, insides, strict=True)]
    across = rankdir in ("LR", "RL")
    placed = place(
        [(height, width) if across else (width, height) for width, height in sizes],
        [(edge.source, edge.target) for edge in diagram.edges],
    )

    def turned(point: Point) -> Point:
        x, y = point
        if rankdir in ("BT", "RL"):
            y = placed.height - y
        return (y, x) if across else (x, y)

    shapes: list[Shape] = []
    for (x, y), box, inside, (width, height) in zip(
        map(turned, placed.centres), diagram.boxes, insides, sizes, strict=True
    ):
        left, top = x - width / 2, y - height / 2
        shapes.append(Rectangle(left, top, width, height, _FILLS[box.kind], box.shared))
        middle = top + _PAD + _LINE / 2
        for index, line in enumerate([box.title, *box.lines]):
            shapes.append(Text(x, middle + index * _LINE, line, bold=index == 0))
        if inside is not None:
            below = top + _PAD + _LINE * (1 + len(box.lines)) + _PAD
            shapes.extend(_moved(shape, x - inside.width / 2, below) for shape in inside.shapes)
    for route in placed.routes:
        shapes.append(Curve([turned(point) for point in _bezier(route)]))
        shapes.append(Triangle([turned(point) for point in _head(route[-1])]))
    size = (placed.height, placed.width) if across else (placed.width, placed.height)
    return Picture(*size, shapes)


def _size(box: Box, inside: Picture | None) -> Point:
    widths = [text_width(box.title, bold=True), *map(text_width, box.lines)]
    height = _LINE * len(widths) + 2 * _PAD
    if inside is not None:
        widths.append(inside.width)
        height += inside.height + _PAD
    return max(widths) + 2 * _PAD, height


def _bezier(route: list[Point]) -> list[Point]:
    """Return the points of the curves along a route; it ends where the head begins."""
    x, y = route[-1]
    points = [*route[:-1], (x, y - _ARROW)]
    found = [points[0]]
    for index, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
        if index % 2 == 0:  # straight down
            found += [(x0, (2 * y0 + y1) / 3), (x0, (y0 + 2 * y1) / 3), (x1, y1)]
        else:
            found += [(x0, (y0 + y1) / 2), (x1, (y0 + y1) / 2), (x1, y1)]
    return found


def _head(tip: Point) -> list[Point]:
    x, y = tip
    return [tip, (x - _ARROW / 2, y - _ARROW), (x + _ARROW / 2, y - _ARROW)]


def _moved(shape: Shape, dx: float, dy: float) -> Shape:
    if isinstance(shape, (Rectangle, Text)):
        return shape._replace(x=shape.x + dx, y=shape.y + dy)
    return shape._replace(points=[(x + dx, y + dy) for x, y in shape.points])
