"""Named arrays and texts in one file: the format of the safetensors package.

Eight bytes with the length of the header, little-endian; the header, JSON; the arrays one behind
the other. The header is ``{"__metadata__": {name: text}, name: {"dtype": "F32", "shape": [2, 3],
"data_offsets": [0, 24]}, ...}``. No size stated in a file is trusted before it has been checked
against the size of the file.
"""

from __future__ import annotations

import contextlib
import math
import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rnncore.saving.text import parsed, to_text
from rnncore.utils._files import replacing

# Prefix of arrays for later versions; readers that do not know them skip them.
RESERVED = "rnncore/"
# In bytes; the Python objects of parsed JSON take some tens of times as much memory.
LARGEST_HEADER = 2**23
_ALIGNMENT = 64
_LARGEST_RANK = 32
_LARGEST_ARRAY = 2**60
_LENGTH = 8

_DTYPES = {
    f"{code[0].upper()}{8 * int(code[1])}": np.dtype(f"<{code}")
    for code in ("f8", "f4", "f2", "i8", "u8", "i4", "u4", "i2", "u2", "i1", "u1")
}
_NAMES = {dtype.newbyteorder("="): name for name, dtype in _DTYPES.items()}

# In the metadata: the CRC-32 of the header, with zeros in its place, and of the arrays.
_CHECKSUM = "crc32"
_NO_CHECKSUM = b'"crc32":"00000000"'


class Archive(NamedTuple):
    """The content of a file.

    Attributes
    ----------
    metadata : dict of str to str
    arrays : dict of str to ndarray
        Read-only.
    """

    metadata: dict[str, str]
    arrays: dict[str, NDArray[Any]]

    def section(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays whose names begin with ``name/``, by what follows."""
        start = f"{name}/"
        return {k.removeprefix(start): a for k, a in self.arrays.items() if k.startswith(start)}


class First(Protocol):
    """Bytes in front of all arrays, which may depend on where these stand."""

    nbytes: int

    def to_bytes(self, offsets: Mapping[str, int], size: int) -> bytes:
        """Return them, given the offset of each array and of the end, both from their start."""


def write_archive(
    path: str | os.PathLike[str],
    metadata: Mapping[str, str],
    arrays: Mapping[str, NDArray[Any]],
    first: tuple[str, First] | None = None,
) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    OSError
        If the file cannot be written; an existing file is kept.
    ValueError, TypeError
        If an array is not numeric, or the texts are too long.
    """
    parts = archive_parts(os.fspath(path), metadata, arrays, first)
    with replacing(path) as file:
        for part in parts:
            file.write(part)


def archive_parts(
    owner: str,
    metadata: Mapping[str, str],
    arrays: Mapping[str, NDArray[Any]],
    first: tuple[str, First] | None = None,
) -> list[Any]:
    """Return the bytes of a file, part by part; `owner` begins the errors of `write_archive`."""
    entries: dict[str, Any] = {"__metadata__": {_CHECKSUM: "00000000", **metadata}}
    parts: list[NDArray[Any]] = []
    offset = 0
    if first is not None:
        name, program = first
        offset = program.nbytes
        entries[name] = {"dtype": "U8", "shape": [offset], "data_offsets": [0, offset]}
    offsets: dict[str, int] = {}
    # The widest first, so that each starts at a multiple of its item size.
    for name, array in sorted(arrays.items(), key=lambda item: -item[1].dtype.itemsize):
        native = array.dtype.newbyteorder("=")
        if native not in _NAMES:
            raise TypeError(f"{name}: expected an array of numbers, got dtype {array.dtype}")
        offsets[name] = offset
        end = offset + array.nbytes
        entries[name] = {
            "dtype": _NAMES[native],
            "shape": list(array.shape),
            "data_offsets": [offset, end],
        }
        parts.append(np.ascontiguousarray(array, _DTYPES[_NAMES[native]]).reshape(-1))
        offset = end
    if first is not None:
        parts.insert(0, np.frombuffer(first[1].to_bytes(offsets, offset), np.uint8))
    header = to_text(owner, entries, separators=(",", ":")).encode()
    header += b" " * (-(_LENGTH + len(header)) % _ALIGNMENT)
    if len(header) > LARGEST_HEADER:
        raise ValueError(
            f"{owner}: expected a configuration of at most {LARGEST_HEADER} bytes, "
            f"got {len(header)}"
        )
    checksum = zlib.crc32(header)
    for part in parts:
        checksum = zlib.crc32(part.view(np.uint8).data, checksum)
    header = header.replace(_NO_CHECKSUM, b'"crc32":"%08x"' % checksum, 1)
    return [
        len(header).to_bytes(_LENGTH, "little"),
        header,
        *(p.view(np.uint8).data for p in parts),
    ]


def read_archive(path: str | os.PathLike[str]) -> Archive:
    """Read and check a file.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not, or not all of, what `write_archive` writes.
    """
    name = os.fspath(path)
    # A pipe might never end, and opening one would wait for a writer.
    if not stat.S_ISREG(os.stat(name).st_mode) and not os.path.isdir(name):
        raise ValueError(f"{name}: expected a regular file, got something else")
    with open(name, "rb") as file:
        other = _other_format(file.read(64))
        if other:
            raise ValueError(
                f"{name}: expected a file of rnncore, got {other}; set_weights() takes what "
                "get_weights() of the same model returns in Keras"
            )
        file.seek(0)
        try:
            return _read(file, os.fstat(file.fileno()).st_size)
        except ValueError as error:
            raise ValueError(
                f"{name}: expected a file of rnncore, got a different or damaged one: {error}"
            ) from None


@contextlib.contextmanager
def understood(path: str, wrong: str) -> Iterator[None]:
    """Turn any error in the content of a file into a ValueError that names the file."""
    try:
        yield
    except Exception as error:
        text = repr(error) if isinstance(error, KeyError) else str(error) or type(error).__name__
        if isinstance(error, ValueError) and text.startswith(path):
            raise
        raise ValueError(f"{path}: {wrong}: {text}") from error


def _other_format(start: bytes) -> str | None:
    """Return which kind of Keras file starts like this, or None."""
    if start.startswith(b"\x89HDF\r\n\x1a\n"):
        return "one of HDF5, as Keras writes them (.h5, .weights.h5)"
    # The header of the first file in a zip archive, whose name begins at byte 30.
    if start.startswith(b"PK\x03\x04") and start[30:].startswith(
        (b"metadata.json", b"config.json")
    ):
        return "one of Keras (.keras)"
    return None


def _read(file: BinaryIO, size: int) -> Archive:
    length = int.from_bytes(file.read(_LENGTH), "little")
    if size < _LENGTH or length > size - _LENGTH:
        raise ValueError(f"it has {size} bytes, which is less than its header says")
    if length > LARGEST_HEADER:
        raise ValueError(f"its header has {length} bytes, more than {LARGEST_HEADER}")
    header = file.read(length)
    entries = parsed(header.decode())  # UnicodeDecodeError is a ValueError
    if not isinstance(entries, dict):
        raise ValueError("its header is no object")
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(t, str) for t in metadata.values()):
        raise ValueError("its metadata are no texts")
    places = _places(entries, size - _LENGTH - length)
    data = file.read(size - _LENGTH - length)
    if len(data) != size - _LENGTH - length:
        raise ValueError("it shrank while it was read")
    if _CHECKSUM in metadata and metadata[_CHECKSUM] != _checksum(header, metadata, data):
        raise ValueError("its checksum does not match its content")
    arrays = {
        key: np.frombuffer(data, dtype, math.prod(shape), begin).reshape(shape)
        for key, (dtype, shape, begin) in places.items()
    }
    return Archive(metadata, arrays)


def _places(
    entries: Mapping[str, Any], size: int
) -> dict[str, tuple[np.dtype[Any], tuple[int, ...], int]]:
    """Return dtype, shape and offset of each array; they fill `size` bytes without holes."""
    found = {}
    stretches = []
    for name, entry in entries.items():
        if not isinstance(entry, dict):
            raise ValueError(f"{name}: its entry is not an object")
        shape = _integers(name, "shape", entry.get("shape"))
        offsets = _integers(name, "data_offsets", entry.get("data_offsets"))
        if len(offsets) != 2 or not offsets[0] <= offsets[1] <= size:
            raise ValueError(f"{name}: its place {offsets} is not inside the file")
        stretches.append(offsets)
        if name.startswith(RESERVED):
            continue
        dtype = entry.get("dtype")
        if not isinstance(dtype, str) or dtype not in _DTYPES:
            raise ValueError(f"{name}: its dtype {dtype!r} is not one of {', '.join(_DTYPES)}")
        # Empty axes count as one here: NumPy, too, wants the others to be addressable.
        if len(shape) > _LARGEST_RANK or math.prod(n or 1 for n in shape) > _LARGEST_ARRAY:
            raise ValueError(f"{name}: its shape is larger than that of any array")
        if math.prod(shape) * _DTYPES[dtype].itemsize != offsets[1] - offsets[0]:
            raise ValueError(
                f"{name}: its shape does not match its {offsets[1] - offsets[0]} bytes"
            )
        found[name] = (_DTYPES[dtype], shape, offsets[0])
    end = 0
    for begin, stop in sorted(stretches):
        if begin != end:
            raise ValueError(f"there is a hole or an overlap at byte {end} of its arrays")
        end = stop
    if end != size:
        raise ValueError(f"its arrays end at byte {end} of {size}")
    return found


def _integers(name: str, key: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or any(type(n) is not int or not 0 <= n < 2**63 for n in value):
        raise ValueError(f"{name}: its {key} is not a list of sizes")
    return tuple(value)


def _checksum(header: bytes, metadata: Mapping[str, str], data: bytes) -> str:
    written = b'"crc32":"%s"' % metadata[_CHECKSUM].encode()
    return f"{zlib.crc32(data, zlib.crc32(header.replace(written, _NO_CHECKSUM, 1))):08x}"
