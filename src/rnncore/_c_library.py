"""Where the C library is that an installed package brings along: headers, library, build files."""

from __future__ import annotations

from pathlib import Path

from rnncore import _core


def _prefix() -> Path:
    prefix = Path(_core.__file__).parent
    if not (prefix / "include" / "rnncore.h").exists():
        raise FileNotFoundError(
            f"{prefix / 'include'}: expected the headers of the C library; they come with an "
            "installed package (pip install), or from `cmake --install`"
        )
    return prefix


def get_include() -> str:
    """Folder of ``rnncore.h`` and its companions, for ``-I``.

    Returns
    -------
    str

    Raises
    ------
    FileNotFoundError
        The package was not installed, but is imported from where it was built.

    Examples
    --------
    >>> import os
    >>> import rnncore
    >>> os.path.basename(rnncore.get_include())
    'include'
    """
    return str(_prefix() / "include")


def cmake_dir() -> str:
    """Folder of the CMake package, for ``-Drnncore_DIR``."""
    return str(_prefix() / "lib" / "cmake" / "rnncore")


def pkgconfig_dir() -> str:
    """Folder of ``rnncore.pc``, for ``PKG_CONFIG_PATH``."""
    return str(_prefix() / "lib" / "pkgconfig")


def cflags() -> str:
    """What a C compiler needs."""
    return f"-I{get_include()}"


def libs() -> str:
    """What a linker needs: the static library, and what that needs in turn."""
    for line in Path(pkgconfig_dir(), "rnncore.pc").read_text(encoding="utf-8").splitlines():
        if line.startswith("Libs:"):
            return line.removeprefix("Libs:").strip().replace("${libdir}", str(_prefix() / "lib"))
    raise ValueError(f"{pkgconfig_dir()}/rnncore.pc: expected a line that begins with Libs:")
