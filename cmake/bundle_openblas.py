"""Copy OpenBLAS for the wheel: its own file name, its own SONAME, its licence beside it.

Usage: bundle_openblas.py LIBRARY COPY LICENCE

Another package may load the same file under the same SONAME, and the dynamic linker then hands one
of them to both; rnncore sets its copy to one thread and must not do that to somebody else's. So
the SONAME is overwritten in place, in the same length, in ELF files (macOS and Windows know a
library opened by its path by that path).
"""

import importlib.metadata
import shutil
import sys
from pathlib import Path

SONAME = b"libscipy_openblas.so"
NEW_SONAME = b"librnncore_oblas0.so"


def main() -> None:
    library, copy, licence = map(Path, sys.argv[1:])
    content = library.read_bytes()
    if content.startswith(b"\x7fELF"):
        if content.count(b"\0" + SONAME + b"\0") != 1 or len(SONAME) != len(NEW_SONAME):
            sys.exit(f"{library}: expected the SONAME {SONAME.decode()} exactly once")
        content = content.replace(SONAME, NEW_SONAME)
    copy.write_bytes(content)
    files = importlib.metadata.files("scipy-openblas32") or []
    (source,) = [file for file in files if file.name == "LICENSE.txt"]
    shutil.copyfile(source.locate(), licence)


main()
