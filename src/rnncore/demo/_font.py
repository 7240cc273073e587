"""A stroke font: every glyph is a few lines, so text is drawn by the same code as the curves.

Unit: the capital height is 12, small letters are 8 high, tails reach down to -4. A glyph is a list
of strokes ``x,y x,y ...`` separated by ``;``. A stroke that starts with ``~`` is a smooth curve
from its first to its last point, one that starts with ``o`` a smooth closed curve; the points
between are the corners that the curve rounds off.
"""

from __future__ import annotations

from functools import cache

import numpy as np

_GLYPHS = {
    "A": "0,0 4.5,12 9,0;1.5,4 7.5,4",
    "B": "0,0 0,12;~0,12 7.5,12 7.5,6.4 0,6.4;~0,6.4 8.2,6.4 8.2,0 0,0",
    "C": "~9,9.5 9,12 0,12 0,0 9,0 9,2.5",
    "D": "0,0 0,12;~0,12 9.5,12 9.5,0 0,0",
    "E": "7.5,12 0,12 0,0 7.5,0;0,6.3 6.5,6.3",
    "F": "7.5,12 0,12 0,0;0,6 6.5,6",
    "G": "~9,9.5 9,12 0,12 0,0 9,0 9,3 9,5.5;5.2,5.5 9,5.5",
    "H": "0,0 0,12;8.5,0 8.5,12;0,6.2 8.5,6.2",
    "I": "0,0 0,12",
    "J": "~5.5,12 5.5,4 5.5,0 0,0 0,3",
    "K": "0,0 0,12;8,12 0,4.5;3,7.3 8.5,0",
    "L": "0,12 0,0 7,0",
    "M": "0,0 0,12 5,3 10,12 10,0",
    "N": "0,0 0,12 8.5,0 8.5,12",
    "O": "o0,12 0,0 10,0 10,12",
    "P": "0,0 0,12;~0,12 8.5,12 8.5,5.5 0,5.5",
    "Q": "o0,12 0,0 10,0 10,12;6,3 10,-1",
    "R": "0,0 0,12;~0,12 8.5,12 8.5,5.8 0,5.8;4.3,5.8 8.5,0",
    "S": "~8,9.5 8,12 0,12 0,6.5 8.3,6 8.3,0 0,0 0,2.5",
    "T": "0,12 9,12;4.5,12 4.5,0",
    "U": "~0,12 0,4 0,0 8.8,0 8.8,4 8.8,12",
    "V": "0,12 4.5,0 9,12",
    "W": "0,12 3,0 6,12 9,0 12,12",
    "X": "0,12 8.5,0;8.5,12 0,0",
    "Y": "0,12 4.5,6 9,12;4.5,6 4.5,0",
    "Z": "0,12 8,12 0,0 8,0",
    "a": "o6.8,8 0,8 0,0 6.8,0;6.8,8 6.8,0",
    "b": "0,12 0,0;o0,8 6.8,8 6.8,0 0,0",
    "c": "~6.3,6.2 6.3,8 0,8 0,0 6.3,0 6.3,1.8",
    "d": "6.8,12 6.8,0;o6.8,8 0,8 0,0 6.8,0",
    "e": "0,4.2 7,4.2;~7,4.2 7,8 0,8 0,0 6.4,0 6.8,1.9",
    "f": "~4.8,12 2,12 2,9 2,0;0,8 4.6,8",
    "g": "o6.8,8 0,8 0,0 6.8,0;~6.8,8 6.8,-1 6.8,-4 0.4,-4 0.2,-2.4",
    "h": "0,12 0,0;~0,4 0,8 6.3,8 6.3,4 6.3,0",
    "i": "0,8 0,0;0,11.4 0,11.5",
    "j": "~2,8 2,-1 2,-4 -0.6,-4;2,11.4 2,11.5",
    "k": "0,12 0,0;6,8 0,2.8;2.2,4.7 6.3,0",
    "l": "~0,12 0,3 0,0 2.2,0",
    "m": "0,8 0,0;~0,4 0,8 5.2,8 5.2,4 5.2,0;~5.2,4 5.2,8 10.4,8 10.4,4 10.4,0",
    "n": "0,8 0,0;~0,4 0,8 6.3,8 6.3,4 6.3,0",
    "o": "o0,8 0,0 7.2,0 7.2,8",
    "p": "0,8 0,-4;o0,8 6.8,8 6.8,0 0,0",
    "q": "6.8,8 6.8,-4;o6.8,8 0,8 0,0 6.8,0",
    "r": "0,8 0,0;~0,4 0,8 4.2,8",
    "s": "~5.5,6.3 5.5,8 0,8 0,4.3 5.8,4 5.8,0 0,0 0,1.7",
    "t": "~2,11 2,3 2,0 4.6,0;0,8 4.6,8",
    "u": "~0,8 0,4 0,0 6.3,0 6.3,4;6.3,8 6.3,0",
    "v": "0,8 3.3,0 6.6,8",
    "w": "0,8 2.5,0 5,8 7.5,0 10,8",
    "x": "0,8 6,0;6,8 0,0",
    "y": "0,8 3.4,0;6.6,8 1.8,-4",
    "z": "0,8 6,8 0,0 6,0",
    "0": "o0,12 0,0 7.5,0 7.5,12",
    "1": "1.2,9.4 4.4,12 4.4,0",
    "2": "~0.3,8.5 0.3,12 7.3,12 7.3,7 0,0;0,0 7.5,0",
    "3": "~0.5,9.8 0.5,12 7,12 7,6.4 2.8,6.4;~2.8,6.4 7.6,6.4 7.6,0 0,0 0,2.3",
    "4": "5.6,0 5.6,12 0,3.6 7.8,3.6",
    "5": "6.8,12 1,12 0.5,6.6;~0.5,6.6 2,7.8 7.5,7.8 7.5,0 0,0 0,2.2",
    "6": "~6.8,10 6.5,12 0,12 0,3.7;o0,7.4 7.5,7.4 7.5,0 0,0",
    "7": "0,12 7.5,12 2.6,0",
    "8": "o0.5,12 7,12 7,6.4 0.5,6.4;o0,6.4 7.5,6.4 7.5,0 0,0",
    "9": "~0.7,2 1,0 7.5,0 7.5,8.3;o7.5,4.6 0,4.6 0,12 7.5,12",
    ".": "0,0 0,0.1",
    ",": "0.7,0.3 0,-2",
    ":": "0,0.3 0,0.4;0,7.3 0,7.4",
    "-": "0,4.4 4.5,4.4",
    "%": "o0,12 4,12 4,6.5 0,6.5;o6,5.5 10,5.5 10,0 6,0;8.6,12 1.4,0",
    "(": "~3,14 0,10 0,1 3,-3",
    ")": "~0,14 3,10 3,1 0,-3",
    "/": "0,-1.5 5,13",
    "+": "0,5 7,5;3.5,8.5 3.5,1.5",
    " ": "",
}

_GAP = 3.0
_SPACE = 4.0


def _round_off(points: np.ndarray, closed: bool) -> np.ndarray:
    """Cut the corners three times (Chaikin): the limit is a quadratic B-spline."""
    for _ in range(3):
        after = np.roll(points, -1, axis=0) if closed else points[1:]
        before = points if closed else points[:-1]
        cut = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], axis=1)
        cut = cut.reshape(-1, 2)
        points = cut if closed else np.concatenate([points[:1], cut, points[-1:]])
    return np.concatenate([points, points[:1]]) if closed else points


@cache
def glyph(character: str) -> tuple[tuple[np.ndarray, ...], float]:
    """The strokes of one character, each (N, 2), and how far the next one stands behind it.

    Raises
    ------
    ValueError
        For a character that the font does not have.
    """
    if character not in _GLYPHS:
        raise ValueError(f"text: expected ASCII letters, digits and .,:-%()/+, got {character!r}")
    strokes = []
    for code in filter(None, _GLYPHS[character].split(";")):
        numbers = [pair.split(",") for pair in code.lstrip("~o").split()]
        points = np.array(numbers, dtype=np.float64)
        strokes.append(_round_off(points, code[0] == "o") if code[0] in "~o" else points)
    if not strokes:
        return (), _SPACE + _GAP
    # Digits are equally wide, so that the labels of an axis stand below each other.
    width = 7.5 if character.isdigit() else max(float(s[:, 0].max()) for s in strokes)
    return tuple(strokes), width + _GAP
