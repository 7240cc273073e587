"""A picture: antialiased lines and text on an RGB array, and a PNG writer."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from rnncore.demo._font import glyph

Colour = tuple[int, int, int]

_PIECE = 4.0  # pixels


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
        pieces, ends = _cut(np.asarray(points, np.float64))
        middle, along = (pieces + ends) / 2, ends - pieces
        # Every piece is so short that one small square of pixels around it holds all its ink.
        reach = int(np.ceil(_PIECE / 2 + width / 2 + 1))
        offset = np.arange(-reach, reach + 1)
        x = (np.floor(middle[:, 0]).astype(int)[:, None] + offset)[:, None, :]
        y = (np.floor(middle[:, 1]).astype(int)[:, None] + offset)[:, :, None]
        # The distance of every pixel's centre from the piece gives its share of ink.
        px, py = (x + 0.5) - pieces[:, 0, None, None], (y + 0.5) - pieces[:, 1, None, None]
        dx, dy = along[:, 0, None, None], along[:, 1, None, None]
        share = np.clip((px * dx + py * dy) / np.maximum(dx * dx + dy * dy, 1e-9), 0, 1)
        ink = np.clip(width / 2 + 0.5 - np.hypot(px - share * dx, py - share * dy), 0, 1)
        height, wide, _ = self.pixels.shape
        inside = (ink > 0) & (x >= 0) & (x < wide) & (y >= 0) & (y < height)
        if not inside.any():
            return
        columns, rows = (np.broadcast_to(places, ink.shape)[inside] for places in (x, y))
        left, top = columns.min(), rows.min()
        cover = np.zeros((rows.max() - top + 1, columns.max() - left + 1))
        # The larger share, not the sum: a line does not darken where it meets itself.
        np.maximum.at(cover, (rows - top, columns - left), ink[inside])
        part = self.pixels[top : top + cover.shape[0], left : left + cover.shape[1]]
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


def _cut(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends, each (M, 2), of pieces at most `_PIECE` long of a line through points."""
    steps = points[1:] - points[:-1]
    counts = np.maximum(np.ceil(np.hypot(*steps.T) / _PIECE), 1).astype(int)
    of = np.repeat(np.arange(len(steps)), counts)
    number = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = np.stack([number, number + 1]) / counts[of]
    starts, ends = points[of] + share[:, :, None] * steps[of]
    return starts, ends


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
