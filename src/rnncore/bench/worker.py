"""A measuring process: takes a job as JSON on standard input, writes events as JSON lines.

    python -m rnncore.bench.worker < job.json

A job is a kind and its arguments, an event a kind and its content. Everything that is timed runs
here, in an environment made for it (see `rnncore.bench.run`). What libraries print goes to standard
error.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import rnncore
from rnncore.bench import machine
from rnncore.bench.cases import Case, Problem, count, make_problem, output_names
from rnncore.bench.fit import memory
from rnncore.bench.peers import LIBRARIES, OURS, PADDED, PEERS, Candidate, Outputs, Peer
from rnncore.bench.results import Row
from rnncore.testing import backward_tolerance, forward_tolerance, normwise_error

Emit = Callable[[str, Any], None]
Call = Callable[[], Any]
Clock = Callable[[], float]

SAMPLE_SECONDS = 0.001  # calls are repeated within a sample until it takes this long
WARM_BELOW = 0.02  # a sample of quicker calls begins with one that fills the caches again
SETTLE_SECONDS = 0.3  # the threads of a new pool may share a core for nearly as long
REST_SECONDS = 0.012  # CPU time is counted in ticks of up to 4 ms
WAKE_SECONDS = 0.006  # for threads that slept
MIN_SAMPLES = 7
MAX_SAMPLES = 400

_CLEAR = Path("/proc/self/clear_refs")


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


def repeat(call: Call, seconds: float, clock: Clock = time.perf_counter) -> None:
    """Call until so many seconds have passed: its threads wake, and are given a core each."""
    until = clock() + seconds
    while clock() < until:
        call()


def rest(cpu_clock: Clock = time.process_time, sleep: Callable[[float], Any] = time.sleep) -> None:
    """Wait until no thread of this process is at work: idle ones may spin for a tenth of a second.

    After a second it goes on anyway.
    """
    for _ in range(round(1 / REST_SECONDS)):
        start = cpu_clock()
        sleep(REST_SECONDS)
        if cpu_clock() - start < REST_SECONDS / 4:
            return


def compare(
    calls: Sequence[Call],
    seconds: float = 1.0,
    precision: float = 0.01,
    threads: int = 1,
    clock: Clock = time.perf_counter,
    cpu_clock: Clock = time.process_time,
) -> list[Timing]:
    """Time warm callables in turn, sample by sample, so that a disturbance meets all of them.

    A callable has had enough when its median is known to `precision`, or after `seconds` of its
    own, but never before `MIN_SAMPLES` samples (3 where a call takes longer than `seconds`).

    With several threads the pool of one library would spin while another is timed. So all rest
    before each sample, which is longer therefore, and its own threads are woken.
    """
    estimates = [max(estimate(call, clock, warmups=0), 1e-9) for call in calls]
    sample = SAMPLE_SECONDS if threads == 1 else 10 * SAMPLE_SECONDS
    timings = [Timing(max(1, round(sample / expected))) for expected in estimates]
    active = list(range(len(calls)))
    gc.collect()
    gc.disable()
    try:
        while active:
            for index in list(active):
                call, timing = calls[index], timings[index]
                if threads > 1:
                    rest()
                    repeat(call, WAKE_SECONDS, clock)
                elif estimates[index] < WARM_BELOW:
                    call()
                cpu_start, start = cpu_clock(), clock()
                for _ in range(timing.calls):
                    call()
                timing.add(clock() - start, cpu_clock() - cpu_start)
                if timing.is_enough(seconds, precision):
                    active.remove(index)
    finally:
        gc.enable()
    return timings


def load_peers(emit: Emit, names: Sequence[str], threads: int) -> list[Peer]:
    """Imports libraries and sets their threads; tells which are missing."""
    loaded = []
    for name in names:
        peer = PEERS[name]
        emit("at", name)
        try:
            version = peer.version()
            peer.configure(threads)
        except ImportError as error:
            emit("note", f"{name}: left out: {error}")
            emit("missing", name)
        else:
            emit("version", {name: version})
            loaded.append(peer)
    return loaded


def run_cases(
    emit: Emit, peers: Sequence[str], threads: int, seconds: float, cases: Sequence[dict[str, Any]]
) -> None:
    """Runs each case in every library, in turn."""
    loaded = load_peers(emit, peers, threads)
    for values in cases:
        emit("case", (values, run_case(emit, Case(**values), loaded, seconds)))


def run_case(emit: Emit, case: Case, peers: Sequence[Peer], seconds: float) -> list[Row]:
    """Prepares, compares and times; libraries that cannot run it are left out with a note."""
    problem = make_problem(case)
    expected = _expected(problem)
    runners: list[tuple[Peer, Candidate, float]] = []
    for peer in peers:
        reason = peer.unsupported(case)
        if reason is not None:
            if peer.name in LIBRARIES:
                emit("note", f"{peer.name}: {case.mode}: {reason}")
            continue
        emit("at", peer.name)
        found = _fastest(emit, peer, problem, expected)
        if found is not None:
            runners.append((peer, *found))
            if case.threads > 1:
                repeat(found[0].call, SETTLE_SECONDS)
    calls = [candidate.call for _, candidate, _ in runners]
    timings = compare(calls, seconds, threads=case.threads)
    return [
        _row(problem, peer, candidate, timing, error)
        for (peer, candidate, error), timing in zip(runners, timings, strict=True)
    ]


def _expected(problem: Problem) -> Outputs:
    """What rnncore computes. One thread gives the bits of any number."""
    threads = rnncore.get_num_threads()
    rnncore.set_num_threads(1)
    try:
        (candidate,) = PEERS[OURS].prepare(problem)
        return candidate.outputs(candidate.call())
    finally:
        rnncore.set_num_threads(threads)


def _fastest(
    emit: Emit, peer: Peer, problem: Problem, expected: Outputs
) -> tuple[Candidate, float] | None:
    """The fastest of a library's ways that run here and compute the same, and its error."""
    about = f"{peer.name}: {problem.case}: "
    try:
        candidates = peer.prepare(problem)
    except Exception as failure:  # a library may fail in any way, and is left out
        emit("note", f"{about}cannot prepare: {failure!r:.200}")
        return None
    found: list[tuple[float, Candidate, float]] = []
    for candidate in candidates:
        try:
            outputs = candidate.outputs(candidate.call())
            error, what = agreement(problem.case, outputs, expected)
            elapsed = estimate(candidate.call, warmups=1)
        except Exception as failure:
            emit("note", f"{about}{candidate.label} fails: {failure!r:.200}")
            continue
        if error <= 1:
            found.append((elapsed, candidate, error))
        else:
            differs = f"differs in {what}: {error:.3g} tolerances"
            emit("note", f"{about}{candidate.label} {differs}")
    return min(found, key=lambda one: one[0])[1:] if found else None


def agreement(case: Case, outputs: Outputs, expected: Outputs) -> tuple[float, str]:
    """Compare every array, normwise, with the derived tolerances.

    Returns the error of the array that differs most, in units of its tolerance, and its name; at
    most 1 means equal.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.bench.cases import Case
    >>> case = Case("rnn", "forward", steps=1, batch=1, inputs=1, units=1)
    >>> y = np.ones((1, 1, 1), np.float32)
    >>> agreement(case, [y, y[0]], [y, y[0]])
    (0.0, '')
    """
    # In a stack the errors of the first layer run through the second: a sequence twice as long.
    steps = case.steps * (2 if case.stacked else 1)
    depth = case.units + (max(case.inputs, 2 * case.units) if case.stacked else case.inputs)
    forward = forward_tolerance(case.dtype, depth, steps)
    longest = max(depth, case.gates * case.units)
    backward = backward_tolerance(case.dtype, longest, steps, case.batch * case.steps)
    worst, which = 0.0, ""
    for name, array, wanted in zip(output_names(case), outputs, expected, strict=bool(outputs)):
        tolerance = backward if name.startswith("d") else forward
        if array.shape != wanted.shape:
            return float("inf"), f"{name} of shape {array.shape}"
        # What is added up is of size 1, so a sum that happens to cancel is held to that.
        error = normwise_error(array, wanted, floor=1.0) / tolerance
        if not error <= worst:
            worst, which = error, name
    return worst, which


def _row(problem: Problem, peer: Peer, candidate: Candidate, timing: Timing, error: float) -> Row:
    low, median, high = timing.quartiles
    share = 1.0 if peer.name == PADDED else problem.share
    work = count(problem.case, share)
    return Row(
        case=problem.case,
        peer=peer.name,
        variant=candidate.label,
        median=median,
        low=low,
        high=high,
        samples=len(timing.seconds),
        calls=timing.calls,
        cpu=round(timing.cpu, 3),
        error=error,
        flops=work.flops,
        bytes=work.bytes,
        load=machine.load(),
        share=share,
    )


def run_machine(emit: Emit, threads: int) -> None:
    """Measures the machine, and says what rnncore runs on."""
    info = rnncore.info()
    emit("machine", (machine.measure(threads, str(info["isa"])), info))


def run_memory(emit: Emit, peer: str, case: dict[str, Any]) -> None:
    """Measures one training step of one library, in a process of its own (Linux only).

    What counts is in use beyond inputs, outputs and weights. The kernel keeps the largest resident
    size of a process. It is set back just before the step, after everything that goes in was made
    and a tiny step has loaded all code; the results of the step are subtracted. What is left is
    tape, workspace and copies of weights, whoever allocated them.
    """
    wanted = Case(**case)
    if not _CLEAR.exists():
        emit("note", "memory: measured on Linux only")
        return
    if not (loaded := load_peers(emit, [peer], wanted.threads)):
        return
    (library,) = loaded
    small = replace(wanted, steps=4, batch=2, units=8, inputs=8)
    library.prepare(make_problem(small))[0].call()
    candidate = library.prepare(make_problem(wanted))[0]
    _CLEAR.write_text("5")
    before = memory("VmRSS") or 0
    result = candidate.call()
    peak = (memory("VmHWM") or 0) - before
    results = sum(_sizes(result))
    numbers = wanted.steps * wanted.batch * wanted.units * np.dtype(wanted.dtype).itemsize
    found = {"case": case, "peer": peer, "peak_bytes": peak, "result_bytes": results}
    emit("memory", {**found, "numbers_per_tbh": (peak - results) / numbers})


def _sizes(result: Any) -> Iterator[int]:
    """Bytes of every array in a nested result."""
    if isinstance(result, tuple):
        for part in result:
            yield from _sizes(part)
    elif hasattr(result, "nbytes"):
        yield int(result.nbytes)


def run_hog(emit: Emit, case: dict[str, Any], calls: int) -> None:
    """Total seconds of the calls, quiet and beside a process that never sleeps."""
    wanted = Case(**case)
    PEERS[OURS].configure(wanted.threads)
    (candidate,) = PEERS[OURS].prepare(make_problem(wanted))

    def total() -> float:
        timeit.timeit(candidate.call, number=20)
        return timeit.timeit(candidate.call, number=calls)

    quiet = total()
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as hog:
        try:
            time.sleep(0.2)  # until it runs
            hogged = total()
        finally:
            hog.kill()
    emit("hog", (quiet, hogged))


_KINDS: dict[str, Callable[..., None]] = {
    "cases": run_cases,
    "machine": run_machine,
    "memory": run_memory,
    "hog": run_hog,
}


def main() -> None:
    # Libraries write to file descriptor 1 as they like: events go to a copy of it.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as events:
        os.dup2(2, 1)

        def emit(kind: str, content: Any) -> None:
            events.write(json.dumps([kind, content], default=asdict) + "\n")
            events.flush()

        kind, arguments = json.load(sys.stdin)
        _KINDS[kind](emit, **arguments)


if __name__ == "__main__":
    main()
