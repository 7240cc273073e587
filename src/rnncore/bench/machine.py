"""The machine: what it is, how busy it is, and how fast it can be at most."""

from __future__ import annotations

import os
import platform
import re
import threading
import time
import timeit
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rnncore import _core
from rnncore.bench.cases import Work

# Where the system does not tell the sizes: common ones.
_USUAL_CACHES = {"L1": 32 << 10, "L2": 1 << 20, "L3": 16 << 20}
_SAMPLE_SECONDS = 0.0005  # short, so that some samples are undisturbed on a busy machine
_SAMPLES = 200
_LARGEST_BUFFER = 512 << 20


@dataclass(frozen=True)
class Measured:
    """The most that a number of threads reaches, the best of many samples.

    Attributes
    ----------
    threads : int
    isa : str
    peak : dict
        Flops a second of multiply-adds in registers, by dtype.
    bandwidth : dict
        Bytes read a second from "L1", "L2", "L3" and "DRAM", of all threads together.
    sgemm : dict
        Flops a second of NumPy's BLAS: ``"1024x1024x1024"`` (M, N, K) and so on.
    caches : dict
        Bytes of "L1" and "L2" (a core) and "L3" (shared).
    """

    threads: int
    isa: str
    peak: dict[str, float]
    bandwidth: dict[str, float]
    sgemm: dict[str, float]
    caches: dict[str, int]

    def level_of(self, size: int) -> str:
        """The level that `size` bytes live in when each thread holds its part."""
        for level in ("L1", "L2"):
            if size <= self.threads * self.caches[level]:
                return level
        return "L3" if size <= self.caches["L3"] else "DRAM"

    def limit(self, work: Work, dtype: str) -> tuple[float, str]:
        """The least seconds that some work needs, and what sets them in the time loop: "flops", ...

        The products over all steps (projection, dx, dW, dU) are bound by the peak of FMA alone. A
        step of the recurrence takes at least the longer of its flops at the peak and its weights at
        the bandwidth of the level of memory that they live in, where several threads may each hold
        a part of them.
        """
        peak = self.peak[dtype]
        arithmetic = work.recurrent_flops / peak
        level = self.level_of(work.weight_bytes)
        reading = work.bytes / self.bandwidth[level]
        seconds = work.product_flops / peak + max(arithmetic, reading)
        return seconds, "flops" if arithmetic >= reading else level


def measure(threads: int, isa: str) -> Measured:
    """Measure with `threads` threads and the vectors of `isa`; takes two or three seconds.

    NumPy's BLAS uses as many threads as the environment told it when the process started.
    """
    caches = cache_sizes()
    sizes = {
        "L1": caches["L1"] // 2,
        "L2": caches["L1"] + (caches["L2"] - caches["L1"]) // 2,
        "L3": (caches["L3"] // 2) // threads,
        "DRAM": min(4 * caches["L3"], _LARGEST_BUFFER) // threads,
    }
    peak = {
        dtype: _best_rate([partial(_core.machine_fma, isa, dtype)] * threads)
        for dtype in ("float32", "float64")
    }
    bandwidth = {
        level: _best_rate([partial(_core.ReadBuffer(size).read, isa) for _ in range(threads)])
        for level, size in sizes.items()
    }
    sgemm = {f"{m}x{n}x{k}": _sgemm(m, n, k) for m, n, k in ((1024, 1024, 1024), (32, 1024, 256))}
    return Measured(threads, isa, peak, bandwidth, sgemm, caches)


def _enough(run: Callable[[int], float]) -> int:
    """Repetitions that take about the time of a sample."""
    n = 1
    while True:
        # The shortest of some: whoever loses the CPU in the midst of one would find one enough.
        elapsed = min(timeit.repeat(partial(run, n), timer=time.perf_counter, number=1))
        if elapsed > _SAMPLE_SECONDS / 2:
            return max(1, round(n * _SAMPLE_SECONDS / elapsed))
        n *= 2


def _best_rate(runs: Sequence[Callable[[int], float]]) -> float:
    """Best of the samples in which all threads run at once, in units a second."""
    n = _enough(runs[0])
    barrier = threading.Barrier(len(runs))

    def rate(run: Callable[[int], float]) -> float:
        barrier.wait()
        start = time.perf_counter()
        amount = run(n)
        return amount / (time.perf_counter() - start)

    best, deadline = 0.0, time.perf_counter() + 1.0
    with ThreadPoolExecutor(len(runs)) as pool:
        for _ in range(_SAMPLES):
            # Threads start a little apart, so each one's own rate counts where they all overlap.
            best = max(best, sum(pool.map(rate, runs)))
            if time.perf_counter() > deadline:
                break
    return best


def _sgemm(m: int, n: int, k: int) -> float:
    rng = np.random.default_rng(0)
    a = rng.standard_normal((m, k), np.float32)
    b = rng.standard_normal((k, n), np.float32)
    out = np.empty((m, n), np.float32)

    def multiply(times: int) -> float:
        for _ in range(times):
            np.matmul(a, b, out=out)
        return 2.0 * m * n * k * times

    return _best_rate([multiply])


def cache_sizes() -> dict[str, int]:
    """Bytes of the data caches of CPU 0, by level; usual sizes where the system does not tell."""
    sizes = dict(_USUAL_CACHES)
    for index in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        try:
            kind, level, size = (
                (index / name).read_text().strip() for name in ("type", "level", "size")
            )
        except OSError:
            continue
        found = re.fullmatch(r"(\d+)([KM])", size)
        if kind != "Instruction" and found and f"L{level}" in sizes:
            sizes[f"L{level}"] = int(found[1]) << {"K": 10, "M": 20}[found[2]]
    return sizes


def describe() -> dict[str, Any]:
    """The CPU, the system, which CPUs this process may use, and how busy the machine is."""
    return {
        "cpu": _cpu_name(),
        "cpus": os.cpu_count(),
        "affinity": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "caches": cache_sizes(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": load(),
    }


def cpus() -> int:
    """CPUs that this process may use."""
    return int(_core.cpus()[0])


def load() -> float | None:
    """Processes that wanted to run, averaged over the last minute; None where it is unknown."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def busy_warning() -> str | None:
    """What to say before measuring on a machine that has other work."""
    now = load()
    if now is None or now < 0.3 * (os.cpu_count() or 1):
        return None
    return f"the load is {now} on {os.cpu_count()} CPUs: times may be too long and noisy"


def _cpu_name() -> str:
    path = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.*)$", path.read_text(), re.M) if path.exists() else None
    return found[1].strip() if found else platform.processor() or platform.machine()
