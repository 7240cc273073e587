"""A picture: antialiased lines and text on an RGB array, and a PNG writer."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from rnncore.demo._font import glyph

Colour = tuple[int, int, int]


class Canvas:
    """A white picture to draw on; the origin is the upper left corner, the unit a pixel.

    Parameters
    ----------
    width, height : int
        Size in pixels.

    Examples
    --------
    >>> import numpy as np
    >>> canvas = Canvas(60, 20)
    >>> canvas.line(np.array([[0.0, 0.0], [60.0, 20.0]]), (200, 0, 0))
    >>> canvas.text(5, 15, "Hi", size=10)
    >>> canvas.png()[1:4]
    b'PNG'
    """

    def __init__(self, width: int, height: int) -> None:
        self.pixels = np.full((height, width, 3), 255.0)

    def line(self, points: np.ndarray, colour: Colour, width: float = 1.5) -> None:
        """Draw a connected line through points (N, 2), its ends and corners round."""
        height, wide, _ = self.pixels.shape
        reach = width / 2 + 1
        low = np.maximum(points.min(axis=0) - reach, 0).astype(int)
        high = np.minimum(points.max(axis=0) + reach + 1, (wide, height)).astype(int)
        part = self.pixels[low[1] : high[1], low[0] : high[0]]
        cover = np.zeros(part.shape[:2])
        for start, end in zip(points[:-1] - low, points[1:] - low, strict=True):
            left, top = np.maximum(np.minimum(start, end) - reach, 0).astype(int)
            right, bottom = (np.maximum(start, end) + reach + 1).astype(int)
            area = cover[top:bottom, left:right]
            # The distance of every pixel's centre from the segment gives its share of ink.
            y, x = np.ogrid[top : top + area.shape[0], left : left + area.shape[1]]
            px, py = x + 0.5 - start[0], y + 0.5 - start[1]
            dx, dy = end - start
            along = np.clip((px * dx + py * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
            distance = np.hypot(px - along * dx, py - along * dy)
            # The larger share, not the sum: a line does not darken where it meets itself.
            np.maximum(area, np.clip(width / 2 + 0.5 - distance, 0, 1), out=area)
        part += cover[:, :, None] * (np.array(colour, np.float64) - part)

    def rectangle(self, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
        """Fill the pixels from (left, top) up to but without (right, bottom)."""
        self.pixels[top:bottom, left:right] = colour

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 12,
        colour: Colour = (60, 60, 60),
        anchor: str = "left",
        bold: bool = False,
    ) -> None:
        """Write on the baseline `y`; `size` is the height of a capital in pixels.

        `anchor` says which part of the text stands at `x`: "left", "middle" or "right".
        """
        scale = size / 12
        x -= {"left": 0.0, "middle": 0.5, "right": 1.0}[anchor] * text_width(text, size)
        for character in text:
            strokes, advance = glyph(character)
            for stroke in strokes:
                self.line(stroke * (scale, -scale) + (x, y), colour, size / (7 if bold else 9.5))
            x += advance * scale

    def png(self) -> bytes:
        """The picture as the bytes of a PNG file (8 bit RGB)."""
        pixels = np.rint(self.pixels).astype(np.uint8)
        height, width, _ = pixels.shape
        # Every row starts with the number of its filter; 0 is none.
        rows = np.zeros((height, 1 + 3 * width), np.uint8)
        rows[:, 1:] = pixels.reshape(height, -1)
        return (
            b"\x89PNG\r\n\x1a\n"
            + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9))
            + _chunk(b"IEND", b"")
        )

    def save(self, path: Path) -> None:
        """Write the picture to `path` as PNG."""
        path.write_bytes(self.png())


def text_width(text: str, size: float) -> float:
    """How many pixels wide `text` is when its capitals are `size` pixels high."""
    return (sum(glyph(character)[1] for character in text) - 3.0) * size / 12


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
