"""What a training step needs of memory, and many calls while another process wants a core.

Memory is what is in use beyond inputs, outputs and weights (Linux only). The kernel keeps the
largest resident size of a process. It is set back just before the step, after everything that
goes in was made and a tiny step has loaded all code; the results of the step are subtracted. What
is left is tape, workspace and copies of weights, whoever allocated them.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rnncore.bench.cases import Case, make_problem
from rnncore.bench.fit import memory
from rnncore.bench.peers import OURS, PEERS, Peer

Emit = Callable[[str, Any], None]

_CLEAR = Path("/proc/self/clear_refs")


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
            emit("missing", {name: str(error)})
        else:
            emit("version", {name: version})
            loaded.append(peer)
    return loaded


def run_memory(emit: Emit, peer: str, case: dict[str, Any]) -> None:
    """Measures one training step of one library, in a process of its own."""
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
        for _ in range(20):
            candidate.call()
        start = time.perf_counter()
        for _ in range(calls):
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
    emit("hog", (quiet, hogged))
