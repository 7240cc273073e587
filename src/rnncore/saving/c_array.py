"""Models as C arrays, for programs that have no files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rnncore import _core
from rnncore.networks.program import MAGIC, only_program
from rnncore.saving.archive import archive_parts, read_archive
from rnncore.saving.runtime_file import PROGRAM
from rnncore.utils._files import replacing

_PER_LINE = 24
_HEADER = """\
/* The model {model}, for rnncore_model_from_memory. Written by `rnncore export-c`. */
#ifndef {guard}
#define {guard}

#include <stddef.h>

#ifdef __cplusplus
extern "C" {{
#endif

extern const unsigned char {name}[];
extern const size_t {name}_size;

#ifdef __cplusplus
}}
#endif

#endif
"""
# Any alignment works; this one the bytes have in a file, too.
_SOURCE = """\
/* The model {model}. Written by `rnncore export-c`. */
#include "{header}"

#if defined(__GNUC__)
#define ALIGNED __attribute__((aligned(64)))
#elif defined(_MSC_VER)
#define ALIGNED __declspec(align(64))
#else
#define ALIGNED _Alignas(64)
#endif

const size_t {name}_size = {size};
ALIGNED const unsigned char {name}[] = {{
"""


def export_c(
    model: str | os.PathLike[str], source: str | os.PathLike[str], name: str | None = None
) -> None:
    """Write a file that the C library runs as a C array, and a header beside it.

    The array holds the program of the model and the weights that it reads, and nothing else of the
    file.

    Parameters
    ----------
    model : str or path
        A file of ``model.save(path, runtime=True)``.
    source : str or path
        Ends in ``.c``; the header has the same name with ``.h``.
    name : str, optional
        Of the array; by default that of `source`.

    Raises
    ------
    OSError
        If a file cannot be read or written.
    ValueError
        If the file holds no program or is damaged, or a name is none in C.
    """
    path = Path(source)
    if path.suffix != ".c":
        raise ValueError(f"expected a name of a file that ends in .c, got {str(path)!r}")
    identifier = re.sub(r"\W", "_", path.stem, flags=re.ASCII) if name is None else name
    if not re.fullmatch(r"[A-Za-z_]\w*", identifier, re.ASCII):
        raise ValueError(f"name: expected an identifier of C, got {identifier!r}")
    data = _bare_file(model)
    header = path.with_suffix(".h")
    words = {
        "model": re.sub(r"[^\w. -]", "_", Path(model).name),  # nothing that ends a comment
        "name": identifier,
        "guard": f"{identifier.upper()}_H",
        "header": header.name,
        "size": len(data),
    }
    with replacing(path) as file:
        file.write(_SOURCE.format(**words).encode())
        file.writelines(_lines(data))
        file.write(b"};\n")
    with replacing(header) as file:
        file.write(_HEADER.format(**words).encode())


def _bare_file(model: str | os.PathLike[str]) -> bytes:
    """Return a file with nothing but the program of another, and what it reads."""
    path = os.fspath(model)
    read_archive(path)  # which checks it
    data = Path(path).read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    if not data.startswith(MAGIC, start):
        raise ValueError(
            f"{path}: expected a model that C can run, which save(path, runtime=True) writes, "
            "got a file without a program"
        )
    try:
        _core.Model(data)
    except ValueError as error:
        raise ValueError(f"{path}: {str(error).removeprefix('model: ')}") from None
    program = np.frombuffer(only_program(data[start:]), np.uint8)
    return b"".join(archive_parts(path, {}, {PROGRAM: program}))


def _lines(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _PER_LINE):
        yield f"    {','.join(map(str, data[start : start + _PER_LINE]))},\n".encode()
