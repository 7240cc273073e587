"""A measuring process: takes a job as JSON on standard input, writes events as JSON lines.

    python -m rnncore.bench.worker < job.json

Everything that is timed runs here, in an environment made for it (see `environment`). What
libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

import rnncore
from rnncore.bench import machine
from rnncore.bench.cases import Case, Problem, make_problem
from rnncore.bench.check import agreement
from rnncore.bench.peers import LIBRARIES, OURS, PEERS, Candidate, Outputs, Peer
from rnncore.bench.results import Row
from rnncore.bench.timing import Timing, compare, estimate
from rnncore.bench.work import count

Emit = Callable[[dict[str, Any]], None]


def run_cases(job: dict[str, Any], emit: Emit) -> None:
    """Runs each case in every library of the job, in turn."""
    peers = _load_peers(job["peers"], int(job["threads"]), emit)
    for values in job["cases"]:
        case = Case.from_dict(values)
        for row in run_case(case, peers, float(job["seconds"]), emit):
            emit({"event": "row", "row": row.as_dict()})
        emit({"event": "case", "case": case.as_dict()})


def _load_peers(names: list[str], threads: int, emit: Emit) -> list[Peer]:
    loaded = []
    for name in names:
        peer = PEERS[name]
        emit({"event": "at", "peer": name})
        try:
            version = peer.version()
            peer.configure(threads)
        except ImportError as error:
            emit({"event": "missing", "peer": name, "reason": str(error)})
            continue
        emit({"event": "version", "peer": name, "version": version})
        loaded.append(peer)
    return loaded


def run_case(case: Case, peers: list[Peer], seconds: float, emit: Emit) -> list[Row]:
    """Prepares, compares and times; libraries that cannot run it are left out with a note."""
    problem = make_problem(case)
    expected = _expected(problem)
    runners: list[tuple[Peer, Candidate, float]] = []
    for peer in peers:
        reason = peer.unsupported(case)
        if reason is not None:
            if peer.name in LIBRARIES:
                emit({"event": "note", "text": f"{peer.name}: {case.mode}: {reason}"})
            continue
        emit({"event": "at", "peer": peer.name})
        found = _fastest(peer, problem, expected, emit)
        if found is not None:
            runners.append((peer, *found))
    if not runners:
        return []
    timings = compare([candidate.call for _, candidate, _ in runners], seconds)
    return [
        _row(case, peer, candidate, timing, error, problem.share)
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
    peer: Peer, problem: Problem, expected: Outputs, emit: Emit
) -> tuple[Candidate, float] | None:
    """The fastest of a library's ways that run here and compute the same, and its error."""
    best: tuple[float, Candidate, float] | None = None
    try:
        candidates = peer.prepare(problem)
    except Exception as error:  # a library may fail in any way, and is left out
        emit(_note(peer, problem, f"cannot prepare: {error!r:.200}"))
        return None
    for candidate in candidates:
        try:
            agreed = agreement(problem.case, candidate.outputs(candidate.call()), expected)
            elapsed = estimate(candidate.call, warmups=1)
        except Exception as error:
            emit(_note(peer, problem, f"{candidate.label} fails: {error!r:.200}"))
            continue
        if not agreed.holds:
            text = f"{candidate.label} differs in {agreed.what}: {agreed.error:.3g} tolerances"
            emit(_note(peer, problem, text))
            continue
        if best is None or elapsed < best[0]:
            best = elapsed, candidate, agreed.error
    return None if best is None else (best[1], best[2])


def _note(peer: Peer, problem: Problem, text: str) -> dict[str, Any]:
    return {"event": "note", "text": f"{peer.name}: {problem.case}: {text}"}


def _row(
    case: Case, peer: Peer, candidate: Candidate, timing: Timing, error: float, share: float
) -> Row:
    low, high = timing.quartiles
    padded = case.rows != "full" and peer.name.endswith("padded")
    work = count(case, 1.0 if padded else share)
    return Row(
        case=case,
        peer=peer.name,
        variant=candidate.label,
        median=timing.median,
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


def run_machine(job: dict[str, Any], emit: Emit) -> None:
    """Measures the machine with the job's threads, and says what rnncore runs on."""
    info = rnncore.info()
    measured = machine.measure(int(job["threads"]), str(info["isa"]))
    emit({"event": "measured", "measured": measured.as_dict(), "info": info})


def main() -> None:
    # Libraries write to file descriptor 1 as they like: events go to a copy of it.
    events: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def emit(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    from rnncore.bench.hog import run_hog
    from rnncore.bench.memory import run_memory

    kinds = {"cases": run_cases, "machine": run_machine, "memory": run_memory, "hog": run_hog}
    job = json.load(sys.stdin)
    kinds[job["kind"]](job, emit)
    events.close()


if __name__ == "__main__":
    main()
