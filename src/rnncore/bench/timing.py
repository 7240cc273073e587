"""Time several callables against each other."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
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
    wall, cpu_time : float
        Seconds that all samples took, and CPU time of the process in them.
    """

    calls: int = 1
    seconds: list[float] = field(default_factory=list)
    wall: float = 0.0
    cpu_time: float = 0.0

    def add(self, elapsed: float, cpu_time: float) -> None:
        """Add a sample."""
        self.seconds.append(elapsed / self.calls)
        self.wall += elapsed
        self.cpu_time += cpu_time

    def is_enough(self, seconds: float, precision: float) -> bool:
        """Whether the samples say enough, see `compare`."""
        samples = len(self.seconds)
        if samples < (3 if self.seconds[0] > seconds else MIN_SAMPLES):
            return False
        return samples >= MAX_SAMPLES or self.wall >= seconds or self.uncertainty <= precision

    @property
    def cpu(self) -> float:
        """How many cores were at work."""
        return self.cpu_time / max(self.wall, 1e-12)

    @property
    def quartiles(self) -> list[float]:
        """The lower one, the median and the upper one."""
        return statistics.quantiles(self.seconds, n=4, method="inclusive")

    @property
    def uncertainty(self) -> float:
        """Half of a 95% interval of the median, as a share of it (1.57 IQR / sqrt(n))."""
        low, median, high = self.quartiles
        return float(1.57 * (high - low) / len(self.seconds) ** 0.5 / median)


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
    estimates = [max(estimate(call, clock, warmups=0), 1e-9) for call in calls]
    timings = [Timing(max(1, round(SAMPLE_SECONDS / expected))) for expected in estimates]
    active = list(range(len(calls)))
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        while active:
            for index in list(active):
                call, timing = calls[index], timings[index]
                if estimates[index] < WARM_BELOW:
                    call()
                cpu_start, start = cpu_clock(), clock()
                for _ in range(timing.calls):
                    call()
                timing.add(clock() - start, cpu_clock() - cpu_start)
                if timing.is_enough(seconds, precision):
                    active.remove(index)
    finally:
        if enabled:
            gc.enable()
    return timings
