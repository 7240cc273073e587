"""Time several callables against each other."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Call = Callable[[], Any]
Clock = Callable[[], float]

SAMPLE_SECONDS = 0.001  # calls are repeated within a sample until it takes this long
WARM_BELOW = 0.02  # a sample of quicker calls begins with one that fills the caches again
MIN_SAMPLES = 7
MAX_SAMPLES = 400


@dataclass
class Timing:
    """Seconds a call, sample by sample.

    Attributes
    ----------
    seconds : list of float
    calls : int
        Calls in a sample.
    cpu : float
        CPU time of the process over wall time: how many cores were at work.
    """

    calls: int = 1
    seconds: list[float] = field(default_factory=list)
    cpu: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def quartiles(self) -> tuple[float, float]:
        if len(self.seconds) < 2:
            return self.seconds[0], self.seconds[0]
        low, _, high = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return low, high

    @property
    def uncertainty(self) -> float:
        """Half of a 95% interval of the median, as a share of it (1.57 IQR / sqrt(n))."""
        low, high = self.quartiles
        return float(1.57 * (high - low) / len(self.seconds) ** 0.5 / self.median)


def estimate(call: Call, clock: Clock = time.perf_counter, warmups: int = 2) -> float:
    """Seconds a call, once it is warm: the best of a few."""
    for _ in range(warmups):
        call()
    best, spent = float("inf"), 0.0
    while True:
        start = clock()
        call()
        elapsed = clock() - start
        best, spent = min(best, elapsed), spent + elapsed
        if spent > 20 * SAMPLE_SECONDS or spent > 200 * best:
            return best


def compare(
    calls: Sequence[Call],
    seconds: float = 1.0,
    precision: float = 0.01,
    clock: Clock = time.perf_counter,
    cpu_clock: Clock = time.process_time,
) -> list[Timing]:
    """Time warm callables in turn, sample by sample, so that a disturbance meets all of them.

    A callable has had enough when its median is known to `precision`, or after `seconds` of its
    own, but never before `MIN_SAMPLES` samples (3 where a call takes longer than `seconds`).
    """
    timings = []
    estimates = [estimate(call, clock, warmups=0) for call in calls]
    for expected in estimates:
        timings.append(Timing(max(1, round(SAMPLE_SECONDS / max(expected, 1e-9)))))
    spent, cpu = [0.0] * len(calls), [0.0] * len(calls)
    with _no_garbage_collection():
        active = set(range(len(calls)))
        while active:
            for index in sorted(active):
                call, timing = calls[index], timings[index]
                if estimates[index] < WARM_BELOW:
                    call()
                cpu_start, start = cpu_clock(), clock()
                for _ in range(timing.calls):
                    call()
                elapsed = clock() - start
                cpu[index] += cpu_clock() - cpu_start
                spent[index] += elapsed
                timing.seconds.append(elapsed / timing.calls)
                if _enough(timing, spent[index], seconds, precision):
                    active.discard(index)
    for index, timing in enumerate(timings):
        timing.cpu = cpu[index] / max(spent[index], 1e-12)
    return timings


def _enough(timing: Timing, spent: float, seconds: float, precision: float) -> bool:
    samples = len(timing.seconds)
    if samples >= MAX_SAMPLES:
        return True
    if samples < (3 if timing.seconds[0] > seconds else MIN_SAMPLES):
        return False
    return spent >= seconds or timing.uncertainty <= precision


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
