"""Can a picture be drawn and written? To be asked before long work, not after it."""

from __future__ import annotations

import os
from pathlib import Path

SUFFIXES = (".png", ".svg", ".pdf")


def check_picture(option: str, path: str | os.PathLike[str]) -> None:
    """Raise unless matplotlib is there and can write a file of this name.

    ValueError for another suffix than those in `SUFFIXES`, OSError as `check_place` raises it,
    ImportError with the name of the extra that brings matplotlib.
    """
    check_place(option, path)
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


def check_place(option: str, path: str | os.PathLike[str]) -> None:
    """Raise OSError unless a file of this name can be written."""
    target = Path(path)
    if target.is_dir() or not target.parent.is_dir():
        raise OSError(f"{option}: expected a file in a folder that exists, got {str(target)!r}")
    if not os.access(target if target.exists() else target.parent, os.W_OK):
        raise OSError(f"{option}: expected a file that may be written, got {str(target)!r}")
