"""The picture that the demo draws: its pixels, its font and its file format."""

import struct
import zlib

import numpy as np
import pytest

from rnncore.demo._canvas import Canvas, text_width
from rnncore.demo._chart import Box, Series, _round_step, chart
from rnncore.demo._font import _GLYPHS, glyph


def decode(png: bytes) -> np.ndarray:
    """The pixels of a PNG of unfiltered 8-bit RGB rows; checks every checksum."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size])[0] == zlib.crc32(
            kind + data
        )
        chunks[kind] = data
        at += 12 + size
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [8, 2, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert (rows[:, 0] == 0).all()
    return rows[:, 1:].reshape(height, width, 3)


def test_a_png_holds_the_pixels() -> None:
    canvas = Canvas(7, 5)
    canvas.rectangle(1, 2, 4, 3, (10, 20, 30))
    pixels = decode(canvas.png())
    assert pixels.shape == (5, 7, 3)
    assert pixels[2, 1:4].tolist() == [[10, 20, 30]] * 3
    assert (pixels[[0, 1, 3, 4]] == 255).all() and (pixels[2, [0, 4, 5, 6]] == 255).all()


def test_matplotlib_reads_the_file(tmp_path) -> None:
    image = pytest.importorskip("matplotlib.image")
    canvas = Canvas(30, 20)
    canvas.line(np.array([[2.0, 3.0], [28.0, 17.0]]), (200, 0, 0))
    canvas.save(tmp_path / "line.png")
    read = np.rint(image.imread(tmp_path / "line.png")[:, :, :3] * 255)
    np.testing.assert_array_equal(read, np.rint(canvas.pixels))


def test_a_line_covers_as_much_as_it_is_wide() -> None:
    canvas = Canvas(40, 30)
    canvas.line(np.array([[5.0, 15.0], [35.0, 15.0]]), (0, 0, 0), width=3)
    ink = 1 - canvas.pixels[:, :, 0] / 255
    np.testing.assert_allclose(ink[:, 10:30].sum(axis=0), 3, atol=0.02)


def test_a_line_does_not_darken_where_it_meets_itself() -> None:
    once, twice = Canvas(20, 20), Canvas(20, 20)
    there = np.array([[3.0, 4.0], [16.0, 13.0]])
    once.line(there, (0, 0, 0))
    twice.line(np.concatenate([there, there[::-1]]), (0, 0, 0))
    np.testing.assert_allclose(once.pixels, twice.pixels, atol=1e-9)


@pytest.mark.parametrize("ends", [[[-30.0, 5.0], [50.0, 5.0]], [[5.0, -9.0], [5.0, 90.0]]])
def test_what_lies_outside_is_cut_off(ends) -> None:
    canvas = Canvas(10, 12)
    canvas.line(np.array(ends), (0, 0, 0))
    assert canvas.pixels.shape == (12, 10, 3) and (canvas.pixels < 255).any()
    hidden = Canvas(10, 12)
    hidden.line(np.array(ends) + 200.0, (0, 0, 0))
    assert (hidden.pixels == 255).all()


def test_every_glyph_can_be_drawn_and_looks_like_no_other() -> None:
    seen = set()
    for character in _GLYPHS:
        canvas = Canvas(40, 60)
        canvas.text(8, 40, character, size=24)
        assert (canvas.pixels < 255).any() == (character != " ")
        seen.add(canvas.pixels.tobytes())
        assert glyph(character)[1] > 0
    assert len(seen) == len(_GLYPHS)


def test_an_unknown_character_is_named() -> None:
    with pytest.raises(ValueError, match=r"text: expected ASCII.*got 'é'"):
        Canvas(10, 10).text(0, 8, "é")


def test_anchors() -> None:
    def columns(anchor: str) -> np.ndarray:
        canvas = Canvas(200, 40)
        canvas.text(100, 30, "Hill", size=12, anchor=anchor)
        return np.flatnonzero((canvas.pixels < 200).any(axis=(0, 2)))

    width = text_width("Hill", 12)
    assert abs(columns("left")[0] - 100) <= 1 and abs(columns("right")[-1] - 100) <= 1
    assert abs(columns("middle")[0] - (100 - width / 2)) <= 2


@pytest.mark.parametrize(
    ("rough", "step"), [(1, 1), (1.2, 2), (2, 2), (3, 5), (63.5, 100), (45, 50), (0.3, 0.5)]
)
def test_round_steps(rough: float, step: float) -> None:
    assert _round_step(rough) == pytest.approx(step)


def test_a_chart_draws_each_series_where_its_values_are() -> None:
    canvas = Canvas(300, 200)
    box = Box(50, 50, 290, 170)
    x = np.linspace(1990, 2000, 50)
    red, blue = (255, 0, 0), (0, 0, 255)
    low, high = np.full(50, 25.0), np.full(50, 100.0)
    chart(canvas, box, "Title", x, [Series("low", low, red, 3), Series("high", high, blue, 3)], 5)
    middle = canvas.pixels[:, 171].copy()
    middle[:40] = 255  # title and legend
    # The axis goes from 0 to 100: 100 lies at the top of the box, 25 a quarter above the bottom.
    assert np.flatnonzero((middle == blue).all(axis=1)).mean() == pytest.approx(50, abs=1)
    assert np.flatnonzero((middle == red).all(axis=1)).mean() == pytest.approx(140, abs=1)
