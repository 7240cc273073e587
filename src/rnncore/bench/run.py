"""Starts the measuring processes and collects what they find.

All libraries take turns in one process, so that a disturbance meets all of them. There is one
process for each number of threads and limit of the ISA, in an environment made for it.
"""

from __future__ import annotations

import datetime
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from tempfile import TemporaryFile
from typing import Any

from rnncore.bench import fit, machine, report
from rnncore.bench.cases import Case, count
from rnncore.bench.machine import Measured
from rnncore.bench.peers import LIBRARIES, OURS, PEERS
from rnncore.bench.results import Results, Row, row_of
from rnncore.training.progress import Progress

_STDERR_SHOWN = 400
# Names by which libraries learn their number of threads, all read when they are loaded.
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC", "RNNCORE_NUM_THREADS")
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow", "JAX_PLATFORMS": "cpu"}
_AVX2 = {
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}


def tampered(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables that are set and would change what libraries do: recorded, then left out."""
    prefixes = ("OPENBLAS_", "GOTO_", "BLIS_", "KMP_")
    return {name: value for name, value in sorted(environ.items()) if name.startswith(prefixes)}


def worker_environment(
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
    >>> worker_environment(1, environ={"OPENBLAS_CORETYPE": "Haswell"})["OMP_NUM_THREADS"]
    '1'
    """
    removed = {*tampered(environ), "RNNCORE_MAX_ISA"}
    result = {name: value for name, value in environ.items() if name not in removed}
    result |= dict.fromkeys(_THREADS, str(threads)) | _QUIET
    if threads == 1:
        result["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    if exact_memory:
        result |= {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    if isa is not None:
        result |= {"RNNCORE_MAX_ISA": isa} | (_AVX2 if isa == "avx2" else {})
    return result


class Run:
    """One run of the benchmark.

    Parameters
    ----------
    peers : sequence of str
        Libraries beside rnncore, by the names in `rnncore.bench.peers`.
    seconds : float
        For each library on each case.
    progress : Progress, optional
        Shows how many cases each process is through with.
    """

    def __init__(
        self,
        peers: Sequence[str] = LIBRARIES,
        seconds: float = 1.0,
        progress: Progress | None = None,
    ) -> None:
        self.peers = list(peers)
        self.seconds = seconds
        self.results = Results(
            created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            machine=machine.describe(),
            environment={"removed": tampered()},
        )
        self._progress = progress or Progress(0)
        self._skipped: set[str] = set()
        # The library that a process is at, and the cases that it is through with.
        self._at = ""
        self._finished: list[Case] = []
        self._measured: set[tuple[int, str | None]] = set()

    # -- the parts of a run ----------------------------------------------------------------

    def cases(
        self,
        cases: Iterable[Case],
        extra: Sequence[str] = (),
        peers: Collection[str] = LIBRARIES,
    ) -> None:
        """Time cases in rnncore, in its variants named in `extra`, and in those of the peers."""
        names = [OURS, *extra, *(name for name in self.peers if name in peers)]
        jobs = report.group(cases, lambda case: (case.threads, case.isa))
        self._progress.begin(sum(map(len, jobs.values())))
        for (threads, isa), group in jobs.items():
            self.machine(min(threads, machine.cpus()), isa)
            self._cases(threads, isa, group, names)

    def machine(self, threads: int, isa: str | None) -> None:
        """Measure the machine, once for each number of threads and limit of the ISA."""
        if (threads, isa) in self._measured:
            return
        self._measured.add((threads, isa))
        failure = self._work("machine", {"threads": threads}, threads, isa)
        if isa is not None and failure is not None:
            raise ValueError(f"--isa: expected kernels of this machine, got {isa!r}: {failure}")
        best = self.results.measured[-1].isa if self.results.measured else None
        if isa not in (None, best):
            raise ValueError(f"--isa: expected at most {best}, which runs here, got {isa!r}")

    def memory(self, cases: Iterable[Case]) -> None:
        """Peak memory of training steps in rnncore and PyTorch, each in a process of its own."""
        for case in cases:
            for peer in (OURS, "torch"):
                if PEERS[peer].unsupported(case) is None and peer not in self._skipped:
                    self._work("memory", {"peer": peer, "case": case}, case.threads)

    def hog(self, case: Case, calls: int) -> None:
        """Seconds of `calls` calls, quiet and with another process on one of the cores."""
        self._work("hog", {"case": case, "calls": calls}, case.threads)

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
            command = [sys.executable, "-P", fit.__file__, library, model]
            done = subprocess.run(
                [*command, repr(time.time()), str(epochs)],
                env=worker_environment(1),
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
            job = {"peers": names, "threads": threads, "seconds": self.seconds, "cases": remaining}
            failure = self._work("cases", job, threads, isa)
            remaining = [case for case in remaining if case not in self._finished]
            if failure is None:
                return
            if self._at not in (*names, OURS):  # it would die again, whatever is left out
                raise RuntimeError(f"the process that measures failed: {failure}")
            self._note(f"{self._at}: its process died and went on without it: {failure}")
            if self._at == OURS:
                raise RuntimeError(f"rnncore failed: {failure}")
            names = [name for name in names if name != self._at]

    def _work(
        self, kind: str, job: dict[str, Any], threads: int, isa: str | None = None
    ) -> str | None:
        """Run one worker; returns what it said last when it failed."""
        self._at, self._finished = "", []
        # The job is read from a file, so that it does not matter when the process dies.
        with TemporaryFile("w+") as given, TemporaryFile("w+", errors="replace") as errors:
            json.dump([kind, job], given, default=asdict)
            given.seek(0)
            with subprocess.Popen(
                [sys.executable, "-m", "rnncore.bench.worker"],
                env=worker_environment(threads, isa, exact_memory=kind == "memory"),
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as process:
                try:
                    for line in process.stdout or ():
                        self._take(*json.loads(line))
                except BaseException:  # Ctrl-C too: what it would still measure has no reader
                    process.kill()
                    raise
            if process.returncode == 0:
                return None
            errors.seek(0)
            failure = _last_line(errors.read()) or f"exit code {process.returncode}"
        if kind != "cases":
            self._note(f"{kind}: left out: {failure}")
        return failure

    def _take(self, kind: str, content: Any) -> None:
        if kind == "case":
            case, rows = content
            for row in rows:
                self._add_row(row_of(row))
            self._finished.append(Case(**case))
            self._progress.step(dict)
        elif kind == "at":
            self._at = content
        elif kind == "version":
            self.results.versions |= content
        elif kind == "missing":
            self._skipped.add(content)
        elif kind == "note":
            self._note(content)
        elif kind == "machine":
            measured, info = content
            self.results.measured.append(Measured(**measured))
            self.results.environment.setdefault("rnncore", []).append(info)
        elif kind == "memory":
            self.results.memory.append(content)
        elif kind == "hog":
            self.results.hog = tuple(content)

    def _add_row(self, row: Row) -> None:
        measured = self.results.machine_for(row.case)
        if measured is not None:
            seconds, bound = measured.limit(count(row.case, row.share), row.case.dtype)
            row = replace(row, limit=seconds, bound=bound)
        if row.cpu > row.case.threads + 0.3:
            cores = f"{row.cpu} cores were at work, not {row.case.threads}"
            self._note(f"{row.peer}: {row.case}: {cores}")
        self.results.rows.append(row)

    def _note(self, text: str) -> None:
        if text not in self.results.notes:
            self.results.notes.append(text)


def _last_line(text: str) -> str:
    return "".join(text.strip().splitlines()[-1:])[:_STDERR_SHOWN]
