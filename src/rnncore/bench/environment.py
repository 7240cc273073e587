"""The environment that a measuring process starts with: the same for every library."""

from __future__ import annotations

import os
from collections.abc import Mapping

# Names by which libraries learn their number of threads, all read when they are loaded.
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC", "RNNCORE_NUM_THREADS")
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow", "JAX_PLATFORMS": "cpu"}
_LIMITS = {
    "avx2": {
        "RNNCORE_MAX_ISA": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    }
}


def tampered(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables that are set and would change what libraries do: recorded, then left out."""
    prefixes = ("OPENBLAS_", "GOTO_", "BLIS_", "KMP_")
    return {name: value for name, value in sorted(environ.items()) if name.startswith(prefixes)}


def for_worker(
    threads: int,
    isa: str | None = None,
    exact_memory: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """The environment of a process that measures with `threads` threads.

    With `exact_memory` the C library gives every large block back at once (glibc), so that the
    resident size of the process is what is in use.

    Examples
    --------
    >>> for_worker(1, environ={"OPENBLAS_CORETYPE": "Haswell"})["OMP_NUM_THREADS"]
    '1'
    """
    removed = tampered(environ)
    result = {name: value for name, value in environ.items() if name not in removed}
    result |= dict.fromkeys(_THREADS, str(threads)) | _QUIET
    if threads == 1:
        result["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    result.pop("RNNCORE_MAX_ISA", None)
    if exact_memory:
        result |= {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    if isa is not None:
        result |= _LIMITS.get(isa, {"RNNCORE_MAX_ISA": isa})
    return result
