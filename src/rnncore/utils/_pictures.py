"""Can a picture be drawn and written? To be asked before long work, not after it."""

from __future__ import annotations

import os
from pathlib import Path

from rnncore.utils._atomic import expect_writable

SUFFIXES = (".png", ".svg", ".pdf")


def check_picture(option: str, path: str | os.PathLike[str]) -> None:
    """Raise unless matplotlib is there and can write a file of this name.

    ValueError for another suffix than those in `SUFFIXES`, OSError as `expect_writable` raises it,
    ImportError with the name of the extra that brings matplotlib.
    """
    expect_writable(option, os.fspath(path))
    if Path(path).suffix.lower() not in SUFFIXES:
        expected = ", ".join(SUFFIXES)
        raise ValueError(
            f"{option}: expected a name that ends in {expected}, got {os.fspath(path)!r}"
        )
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{option}: pictures need matplotlib: pip install 'rnncore[plot]'"
        ) from error
