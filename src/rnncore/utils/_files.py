"""Write files whole or not at all, and check before long work that they can be written."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import importlib
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

_SUFFIX = ".rnncore-tmp"


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file that replaces `path` if the block ends without an error.

    If the program or the machine stops, `path` holds either the old or the new content. Until the
    block ends the new file lies next to it, under a name unique to this writer. A killed program
    leaves it behind; the next write to `path` removes it.
    """
    expect_writable("path", os.fspath(path))
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:  # write directly to a device
            yield file
        return
    target = os.path.realpath(path)  # keep links
    folder, name = os.path.split(target)
    prefix = os.path.join(folder, f"{name[:50]}.")  # short enough for the suffix to fit
    _remove_abandoned(prefix)
    with _created(prefix) as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(file.name)
            raise
    _sync_folder(folder)


def expect_writable(argument: str, path: str, *, makes_folders: bool = False) -> None:
    """Raise OSError if no file can be written to a path; write nothing.

    With `makes_folders`, missing parent folders are fine.
    """
    expected = f"{argument}: expected a file that can be written, got {path!r}"
    if os.path.isdir(os.path.realpath(path)):  # "" is where we are
        raise IsADirectoryError(f"{expected}, a folder")
    if os.path.exists(path) and not os.path.isfile(path):
        return  # a device
    folder = os.path.dirname(os.path.realpath(path))
    while makes_folders and not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not os.path.exists(folder):
        raise FileNotFoundError(f"{expected}: there is no folder {folder!r}")
    if not os.path.isdir(folder):
        raise NotADirectoryError(f"{expected}: {folder!r} is no folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{expected}: no file can be made in {folder!r}")


def save_figure(figure: Any, path: str | os.PathLike[str], **options: Any) -> None:
    """Write a matplotlib figure whole or not at all; the suffix of `path` is its format."""
    target = Path(path)
    if not target.suffix:
        target = target.with_name(f"{target.name}.png")
    with replacing(target) as file:
        figure.savefig(file, format=target.suffix[1:], **options)


@contextlib.contextmanager
def locked(file: BinaryIO) -> Iterator[None]:
    """Hold a lock on the file during the block."""
    _lock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        _lock(file, fcntl.LOCK_UN)


def _lock(file: BinaryIO, operation: int) -> bool:
    """Return whether a file could be locked. The lock of a killed program ends with it."""
    try:
        fcntl.flock(file, operation)
    except OSError:  # another program has it, or the file system has no locks
        return False
    return True


def _created(prefix: str) -> BinaryIO:
    """Return a new file, locked, with the permissions that any new file gets."""
    while True:
        file = open(f"{prefix}{uuid.uuid4().hex[:12]}{_SUFFIX}", "xb")  # noqa: SIM115
        _lock(file, fcntl.LOCK_EX)
        if os.path.exists(file.name):
            return file
        file.close()  # mistaken for abandoned before it was locked


def _remove_abandoned(prefix: str) -> None:
    """Remove files left by killed writers, which no one has locked."""
    for name in glob.iglob(f"{glob.escape(prefix)}*{_SUFFIX}"):
        with contextlib.suppress(OSError), open(name, "rb") as file:
            if _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
                os.unlink(name)


def _sync_folder(folder: str) -> None:
    """Make the new name survive a loss of power, if the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


SUFFIXES = (".png", ".svg", ".pdf")


def check_picture(option: str, path: str | os.PathLike[str]) -> None:
    """Raise unless matplotlib is installed and can write a file of this name.

    ValueError for a suffix not in `SUFFIXES`, OSError as raised by `expect_writable`, ImportError
    with the name of the extra that installs matplotlib.
    """
    expect_writable(option, os.fspath(path))
    checked_suffix(option, path, SUFFIXES)
    plot_module(option, "matplotlib.figure")


def checked_suffix(option: str, path: str | os.PathLike[str], known: Sequence[str]) -> str:
    """Return the suffix of a path in small letters; ValueError for one that is not known."""
    suffix = Path(path).suffix.lower()
    if suffix not in known:
        expected = ", ".join(known)
        raise ValueError(
            f"{option}: expected a name that ends in {expected}, got {os.fspath(path)!r}"
        )
    return suffix


def plot_module(owner: str, name: str) -> Any:
    """Import a module of the extra "plot"; ImportError without it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise ImportError(f"{owner}: needs {package}: pip install 'rnncore[plot]'") from error
