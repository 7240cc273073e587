"""Starts the measuring processes and collects what they find.

One thread: one process, in which all libraries take turns, so that a disturbance meets all of them.
More threads: one process a library, because the pools of several libraries, spinning while they
wait, ruin each other's times.
"""

from __future__ import annotations

import datetime
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rnncore.bench import environment, fit, machine
from rnncore.bench.cases import Case
from rnncore.bench.machine import Measured
from rnncore.bench.peers import LIBRARIES, OURS, PEERS
from rnncore.bench.results import Results, Row
from rnncore.bench.work import count, limit

Done = Callable[[Case], None]
_STDERR_SHOWN = 400


class Run:
    """One run of the benchmark.

    Parameters
    ----------
    peers : sequence of str
        Libraries beside rnncore, by the names in `rnncore.bench.peers`.
    seconds : float
        For each library on each case.
    done : callable, optional
        Told of each case when all libraries are through with it in one process.
    """

    def __init__(
        self,
        peers: Sequence[str] = LIBRARIES,
        seconds: float = 1.0,
        done: Done | None = None,
    ) -> None:
        self.peers = list(peers)
        self.seconds = seconds
        self.results = Results(
            created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            machine=machine.describe(),
            environment={"removed": environment.tampered()},
        )
        self._done = done or (lambda case: None)
        self._skipped: dict[str, str] = {}
        self._at = ""
        self._measured: set[tuple[int, str | None]] = set()

    # -- the parts of a run ----------------------------------------------------------------

    def cases(self, cases: Iterable[Case], extra: Sequence[str] = ()) -> None:
        """Time cases in rnncore, in its variants named in `extra`, and in the peers."""
        groups: dict[tuple[int, str | None], list[Case]] = {}
        for case in cases:
            groups.setdefault((case.threads, case.isa), []).append(case)
        for (threads, isa), group in groups.items():
            self.machine(threads, isa)
            names = [OURS, *extra, *self.peers]
            for part in [names] if threads == 1 else [[name] for name in names]:
                self._cases(threads, isa, group, part)

    def machine(self, threads: int, isa: str | None) -> None:
        """Measure the machine, once for each number of threads and limit of the ISA."""
        if (threads, isa) not in self._measured:
            self._measured.add((threads, isa))
            failure = self._work({"kind": "machine", "threads": threads}, threads, isa)
            if isa is not None and failure is not None:
                raise ValueError(f"--isa: expected kernels of this machine, got {isa!r}: {failure}")
            best = self.results.measured[-1].isa if self.results.measured else None
            if isa is not None and isa != best:
                raise ValueError(f"--isa: expected at most {best}, which runs here, got {isa!r}")

    def memory(self, cases: Iterable[Case], peers: Sequence[str]) -> None:
        """Peak memory of training steps, each in a process of its own."""
        for case in cases:
            for peer in peers:
                if PEERS[peer].unsupported(case) is None and peer not in self._skipped:
                    job = {"kind": "memory", "peer": peer, "case": case.as_dict()}
                    self._work(job, case.threads, None)

    def hog(self, case: Case, calls: int) -> None:
        """Seconds of `calls` calls, quiet and with another process on one of the cores."""
        self._work({"kind": "hog", "case": case.as_dict(), "calls": calls}, case.threads, None)

    def fits(
        self,
        libraries: Iterable[str] | None = None,
        models: Iterable[str] = fit.MODELS,
        epochs: int = 20,
    ) -> None:
        """Whole programs, see `rnncore.bench.fit`, in rnncore and in the peers by default."""
        if libraries is None:
            wanted = {OURS, *self.peers}
            libraries = [name for name in fit.LIBRARIES if name.partition("-")[0] in wanted]
        for model, library in itertools.product(models, libraries):
            command = [sys.executable, "-P", str(Path(fit.__file__)), library, model]
            done = subprocess.run(
                [*command, repr(time.time()), str(epochs)],
                env=environment.for_worker(1),
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode == 0:
                found = json.loads(done.stdout.splitlines()[-1])
                self.results.versions.setdefault(library.partition("-")[0], found["version"])
                self.results.fits.append(found)
            else:
                self._note(f"fit {model}: {library} left out: {_last_line(done.stderr)}")

    # -- processes -------------------------------------------------------------------------

    def _cases(self, threads: int, isa: str | None, cases: list[Case], names: list[str]) -> None:
        """Run them in one process, and in another without it when a library kills the process."""
        remaining = list(cases)
        names = [name for name in names if name not in self._skipped]
        while remaining and names:
            job = {
                "kind": "cases",
                "peers": names,
                "threads": threads,
                "seconds": self.seconds,
                "cases": [case.as_dict() for case in remaining],
            }
            finished: list[Case] = []
            failure = self._work(job, threads, isa, finished)
            remaining = [case for case in remaining if case not in finished]
            if failure is None:
                return
            if self._at not in (*names, OURS):  # it would die again, whatever is left out
                raise RuntimeError(f"the process that measures failed: {failure}")
            self._note(f"{self._at}: its process died and went on without it: {failure}")
            if self._at == OURS:
                raise RuntimeError(f"rnncore failed: {failure}")
            names = [name for name in names if name != self._at]

    def _work(
        self, job: dict[str, Any], threads: int, isa: str | None, finished: list[Case] | None = None
    ) -> str | None:
        """Run one worker; returns what it said last when it failed."""
        self._at = ""
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
            with subprocess.Popen(
                [sys.executable, "-m", "rnncore.bench.worker"],
                env=environment.for_worker(threads, isa, exact_memory=job["kind"] == "memory"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as process:
                try:
                    for event in _converse(process, job):
                        self._take(event, finished)
                except BaseException:  # Ctrl-C too: what it would still measure has no reader
                    process.kill()
                    raise
            code = process.returncode
            if code == 0:
                return None
            errors.seek(0)
            failure = _last_line(errors.read()) or f"exit code {code}"
        if finished is None:
            self._note(f"{job['kind']}: left out: {failure}")
        return failure

    def _take(self, event: dict[str, Any], finished: list[Case] | None) -> None:
        kind = event["event"]
        if kind == "row":
            self._add_row(Row.from_dict(event["row"]))
        elif kind == "case":
            case = Case.from_dict(event["case"])
            if finished is not None:
                finished.append(case)
            self._done(case)
        elif kind == "at":
            self._at = event["peer"]
        elif kind == "version":
            self.results.versions[event["peer"]] = event["version"]
        elif kind == "missing":
            self._skipped[event["peer"]] = event["reason"]
            self._note(f"{event['peer']}: left out: {event['reason']}")
        elif kind == "note":
            self._note(event["text"])
        elif kind == "measured":
            self.results.measured.append(Measured(**event["measured"]))
            self.results.environment.setdefault("rnncore", []).append(event["info"])
        elif kind == "memory":
            self.results.memory.append(event["memory"])
        elif kind == "hog":
            self.results.hog = event["quiet"], event["hogged"]

    def _add_row(self, row: Row) -> None:
        measured = self.results.machine_for(row.case)
        if measured is not None:
            padded = row.peer == "rnncore-padded"
            found = limit(row.case, count(row.case, 1.0 if padded else row.share), measured)
            row = replace(row, limit=found.seconds, bound=found.bound)
        if row.cpu > row.case.threads + 0.3:
            self._note(
                f"{row.peer}: {row.case}: {row.cpu} cores were at work, not {row.case.threads}"
            )
        self.results.rows.append(row)

    def _note(self, text: str) -> None:
        if text not in self.results.notes:
            self.results.notes.append(text)


def _converse(process: subprocess.Popen[str], job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("expected pipes to the worker")
    try:
        process.stdin.write(json.dumps(job))
        process.stdin.close()
    except BrokenPipeError:  # it died at once; its exit code says so
        return
    for line in process.stdout:
        yield json.loads(line)


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:_STDERR_SHOWN] if lines else ""
