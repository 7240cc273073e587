"""The default context: threads and kernels that every call uses."""

from __future__ import annotations

import operator
import os
import sys
from itertools import pairwise
from typing import Any

from rnncore import _core

_ISA_NAMES = tuple(_core.ISAS)
_MAX_THREADS = 256


def _positive_int_from(variable: str) -> int:
    text = os.environ.get(variable, "")
    if not text:
        return 0
    if not text.isdecimal() or not 1 <= int(text) <= _MAX_THREADS:
        raise ValueError(f"{variable}: expected an integer from 1 to {_MAX_THREADS}, got {text!r}")
    return int(text)


def _isa_from(variable: str) -> str | None:
    name = os.environ.get(variable, "").lower()
    if not name:
        return None
    if name not in _ISA_NAMES:
        raise ValueError(f"{variable}: expected one of {', '.join(_ISA_NAMES)}, got {name!r}")
    return name


def _is_the_command() -> bool:
    """Whether this process is the command ``rnncore``, by its name or as ``python -m rnncore``."""
    if sys.argv[:1] == ["-m"]:  # Python puts the file's path there after this import
        return any(
            flags.startswith("-") and flags.endswith("m") and module == "rnncore"
            for flags, module in pairwise(sys.orig_argv)
        )
    return bool(sys.argv) and os.path.basename(sys.argv[0]) == "rnncore"


def _use(num_threads: int, max_isa: str | None, argument: str = "RNNCORE_MAX_ISA") -> None:
    """Keep these settings, and make a new default context from them."""
    global _num_threads, _max_isa
    try:
        _core.set_context(_core.Context(num_threads, max_isa))
    except ValueError as error:
        raise ValueError(
            f"{argument}: expected an instruction set of this family of CPUs, got {max_isa!r}"
        ) from error
    _num_threads, _max_isa = num_threads, max_isa


_num_threads: int
_max_isa: str | None
try:
    _use(_positive_int_from("RNNCORE_NUM_THREADS"), _isa_from("RNNCORE_MAX_ISA"))
except ValueError as error:
    # The command is a part of the package whose import fails here, so it cannot report this.
    if not _is_the_command():
        raise
    print(f"rnncore: error: {error}", file=sys.stderr)
    raise SystemExit(2) from None

# A child process has none of its parent's threads, so it begins with a pool of its own.
os.register_at_fork(after_in_child=lambda: _use(_num_threads, _max_isa))


def set_num_threads(n: int) -> None:
    """Set how many threads each call may use.

    Results do not depend on it, bit for bit. The default is the value of ``RNNCORE_NUM_THREADS``
    when rnncore is imported; otherwise one thread for each CPU that this process may run on, but no
    more than the CPU quota of its container (its cgroups), rounded up.

    Parameters
    ----------
    n : int
        Number of threads, the calling one included; 1 to 256.

    Raises
    ------
    TypeError, ValueError
        If `n` is not an integer or is out of range.

    Examples
    --------
    >>> import rnncore
    >>> rnncore.set_num_threads(1)
    >>> rnncore.get_num_threads()
    1
    """
    try:
        threads = operator.index(n)
    except TypeError as error:
        raise TypeError(f"n: expected an integer, got {n!r}") from error
    if isinstance(n, bool):
        raise TypeError(f"n: expected an integer, got {n!r}")
    if not 1 <= threads <= _MAX_THREADS:
        raise ValueError(f"n: expected 1 to {_MAX_THREADS} threads, got {threads}")
    _use(threads, _max_isa)


def get_num_threads() -> int:
    """Number of threads that a call may use, the calling one included.

    Less than was set if the system refused to start a thread.
    """
    return int(_core.get_context().num_threads)


def set_max_isa(name: str | None) -> None:
    """Limit the kernels to an instruction set; None lifts the limit.

    Parameters
    ----------
    name : {"baseline", "avx2", "avx512", "neon"} or None
        Use the best kernels up to this instruction set that the CPU can run. The default comes from
        ``RNNCORE_MAX_ISA``.

    Raises
    ------
    ValueError
        If the name is unknown or belongs to a different family of CPUs.

    Examples
    --------
    >>> import rnncore
    >>> rnncore.set_max_isa("baseline")
    >>> rnncore.info()["isa"]  # doctest: +SKIP
    'baseline'
    >>> rnncore.set_max_isa(None)
    """
    if name is not None and name not in _ISA_NAMES:
        raise ValueError(f"name: expected one of {', '.join(_ISA_NAMES)} or None, got {name!r}")
    _use(_num_threads, name, "name")


def info() -> dict[str, Any]:
    """Describe what this process runs on.

    Returns
    -------
    dict
        ``version``; ``isa``, the kernels in use; ``isas``, those that this CPU can run; ``blas``,
        the library, version and core type used in training, or ``"none"``; ``num_threads``, the
        threads that actually run (this call starts them, and the system may refuse some); ``cpus``,
        those this process may run on; ``cpu_quota``, the number of CPUs granted by its cgroups,
        None without a quota; and ``environment``, every ``OPENBLAS_*`` and ``RNNCORE_*`` variable
        that is set.

    Examples
    --------
    >>> import rnncore
    >>> sorted(rnncore.info())
    ['blas', 'cpu_quota', 'cpus', 'environment', 'isa', 'isas', 'num_threads', 'version']
    """
    from rnncore._version import __version__

    context = _core.get_context()
    cpus, cpu_quota = _core.cpus()
    return {
        "version": __version__,
        "isa": context.isa,
        "isas": _core.available_isas(),
        "blas": context.blas,
        "num_threads": context.start_threads(),
        "cpus": cpus,
        "cpu_quota": cpu_quota,
        "environment": {
            name: value
            for name, value in sorted(os.environ.items())
            if name.startswith(("OPENBLAS_", "RNNCORE_"))
        },
    }
