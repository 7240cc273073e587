"""Many calls while another process wants one of the cores."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from rnncore.bench.cases import Case, make_problem
from rnncore.bench.peers import OURS, PEERS


def run_hog(job: dict[str, Any], emit: Callable[[dict[str, Any]], None]) -> None:
    """Total seconds of the job's number of calls, quiet and beside a process that never sleeps."""
    case = Case.from_dict(job["case"])
    PEERS[OURS].configure(case.threads)
    (candidate,) = PEERS[OURS].prepare(make_problem(case))

    def total() -> float:
        for _ in range(20):
            candidate.call()
        start = time.perf_counter()
        for _ in range(int(job["calls"])):
            candidate.call()
        return time.perf_counter() - start

    quiet = total()
    hog = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(0.2)  # until it runs
        hogged = total()
    finally:
        hog.kill()
        hog.wait()
    emit({"event": "hog", "quiet": quiet, "hogged": hogged})
