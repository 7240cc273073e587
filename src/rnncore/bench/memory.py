"""Peak memory of a training step beyond its inputs, outputs and weights (Linux only).

The kernel keeps the largest resident size of a process. It is set back just before the step, after
everything that goes in was made and a tiny step has loaded all code; the results of the step are
subtracted. What is left is tape, workspace and copies of weights, whoever allocated them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rnncore.bench.cases import Case, make_problem
from rnncore.bench.peers import PEERS

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def run_memory(job: dict[str, Any], emit: Callable[[dict[str, Any]], None]) -> None:
    """Measures one training step of one library, in a process of its own."""
    peer = PEERS[job["peer"]]
    case = Case.from_dict(job["case"])
    if not _CLEAR.exists():
        emit({"event": "note", "text": "memory: measured on Linux only"})
        return
    try:
        peer.version()
        peer.configure(case.threads)
    except ImportError as error:
        emit({"event": "missing", "peer": peer.name, "reason": str(error)})
        return
    small = replace(case, steps=4, batch=2, units=8, inputs=8)
    peer.prepare(make_problem(small))[0].call()
    problem = make_problem(case)
    candidate = peer.prepare(problem)[0]
    _CLEAR.write_text("5")
    before = _kilobytes("VmRSS")
    result = candidate.call()
    peak = (_kilobytes("VmHWM") - before) * 1024
    results = sum(_sizes(result))
    numbers = case.steps * case.batch * case.units * np.dtype(case.dtype).itemsize
    emit(
        {
            "event": "memory",
            "memory": {
                "case": case.as_dict(),
                "peer": peer.name,
                "peak_bytes": peak,
                "result_bytes": results,
                "numbers_per_tbh": (peak - results) / numbers,
            },
        }
    )


def _kilobytes(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"{_STATUS} has no {name}")
    return int(found[1])


def _sizes(result: Any) -> Iterator[int]:
    """Bytes of every array in a nested result."""
    if isinstance(result, tuple):
        for part in result:
            yield from _sizes(part)
    elif hasattr(result, "nbytes"):
        yield int(result.nbytes)
