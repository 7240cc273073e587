"""Line charts against the years."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnncore.demo._canvas import Canvas, Colour, text_width

INK: Colour = (45, 45, 50)
FAINT: Colour = (110, 110, 118)
GRID: Colour = (228, 228, 232)


class Series(NamedTuple):
    """One line: its name, y values (N,) and how it is drawn."""

    name: str
    values: np.ndarray
    colour: Colour
    width: float


class Box(NamedTuple):
    """Where the axes stand, in pixels."""

    left: int
    top: int
    right: int
    bottom: int


def chart(
    canvas: Canvas, box: Box, title: str, x: np.ndarray, series: list[Series], x_step: int
) -> None:
    """Draw `series` over `x` (N,) into `box`: title and legend above it, numbers around it.

    The y axis starts at 0 and has a line at every multiple of a round step, the x axis one at
    every multiple of `x_step`. What is drawn later lies on top.
    """
    highest = max(float(s.values.max()) for s in series)
    step = _round_step(highest / 4)
    top = step * np.ceil(highest / step)
    x_first, x_last = float(x[0]), float(x[-1])

    def across(value: np.ndarray | float) -> np.ndarray:
        return box.left + (np.asarray(value) - x_first) / (x_last - x_first) * (
            box.right - box.left
        )

    def down(value: np.ndarray | float) -> np.ndarray:
        return box.bottom - np.asarray(value) / top * (box.bottom - box.top)

    for value in np.arange(0, top + step / 2, step):
        y = round(float(down(value)))
        canvas.rectangle(box.left, y, box.right, y + 1, FAINT if value == 0 else GRID)
        canvas.text(box.left - 10, y + 5, f"{value:.0f}", 10, FAINT, "right")
    for value in range(int(np.ceil(x_first / x_step)) * x_step, int(x_last) + 1, x_step):
        place = round(float(across(value)))
        canvas.rectangle(place, box.bottom, place + 1, box.bottom + 6, FAINT)
        canvas.text(place, box.bottom + 22, str(value), 10, FAINT, "middle")

    canvas.text(box.left, box.top - 16, title, 13, INK, bold=True)
    end = float(box.right)
    for line in reversed(series):
        end -= text_width(line.name, 11)
        canvas.text(end, box.top - 16, line.name, 11, FAINT)
        stroke = np.array([[end - 32.0, box.top - 21.0], [end - 9.0, box.top - 21.0]])
        canvas.line(stroke, line.colour, max(line.width, 2.5))
        end -= 56
    for line in series:
        canvas.line(
            np.column_stack([across(x), down(np.maximum(line.values, 0))]), line.colour, line.width
        )


def _round_step(rough: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, 50... that is at least `rough`."""
    power = 10.0 ** np.floor(np.log10(rough))
    return next(float(m * power) for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
