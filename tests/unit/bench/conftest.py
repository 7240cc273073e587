"""Results that look like a run's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rnncore.bench.cases import Case
from rnncore.bench.machine import Measured
from rnncore.bench.results import Results, Row


def _make_row(case: Case, peer: str, median: float, spread: float = 0.02, **changes: Any) -> Row:
    row = Row(
        case=case,
        peer=peer,
        variant="v",
        median=median,
        low=median * (1 - spread / 2),
        high=median * (1 + spread / 2),
        samples=9,
        calls=1,
        cpu=1.0,
        error=0.1,
        flops=1e6,
        bytes=1e4,
    )
    return replace(row, **changes)


@pytest.fixture
def make_row() -> Callable[..., Row]:
    """A row from a case, a library and a median."""
    return _make_row


@pytest.fixture
def measured() -> Measured:
    """A machine with round numbers."""
    return Measured(
        1,
        "avx2",
        {"float32": 1e11, "float64": 5e10},
        {"L1": 2e11, "L2": 1e11, "L3": 5e10, "DRAM": 1e10},
        {"1024x1024x1024": 9e10},
        {"L1": 32768, "L2": 524288, "L3": 1 << 25},
    )


@pytest.fixture
def results() -> Results:
    """Three cases, rnncore twice as fast as torch and four times as numpy."""
    found = Results(created="2026-01-01", machine={"cpu": "x", "cpus": 2, "load": 0.0})
    found.machine |= {"system": "s", "python": "3"}
    for units in (16, 32, 64):
        case = Case("lstm", "forward", 10, 2, units, units)
        for peer, factor in (("rnncore", 1.0), ("torch", 2.0), ("numpy", 4.0)):
            found.rows.append(_make_row(case, peer, factor * units * 1e-6, limit=units * 5e-7))
    return found
