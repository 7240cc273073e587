"""Check that a picture can be drawn and written, before long work."""

from __future__ import annotations

import os
from pathlib import Path

from rnncore.utils._atomic import expect_writable

SUFFIXES = (".png", ".svg", ".pdf")


def check_picture(option: str, path: str | os.PathLike[str]) -> None:
    """Raise unless matplotlib is installed and can write a file of this name.

    ValueError for a suffix not in `SUFFIXES`, OSError as raised by `expect_writable`, ImportError
    with the name of the extra that installs matplotlib.
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
