"""Write a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import BinaryIO


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` when the block has ended without an error.

    Whenever the program or the machine stops, `path` holds the old content or the new one. Until
    then the new one lies beside it, under the same name with ``.tmp`` behind; a killed program
    leaves that, and the next write overwrites it.
    """
    target = os.fspath(path)
    temporary = f"{target}.tmp"
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(os.path.dirname(target) or ".")


def _sync_folder(folder: str) -> None:
    """Make the new name last through a loss of power, where the system can do that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
