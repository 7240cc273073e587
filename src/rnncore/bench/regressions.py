"""Did something become slower than the noise explains?

Only ratios taken in one run mean much: another day the whole machine is faster or slower. So the
median change of the other libraries, where at least three of their times are in both files, counts
as the machine's own and is divided out.

A case of rnncore is slower when its median grew by more than 5% and by more than twice the
noise of both runs, and the middle halves of the samples do not overlap.
"""

from __future__ import annotations

import math
import statistics
from typing import NamedTuple

from rnncore.bench.peers import OURS
from rnncore.bench.report import duration, table
from rnncore.bench.results import Results, Row

_LEAST = 0.05
_ENOUGH_PEERS = 3


class Change(NamedTuple):
    """One of our rows in two runs; `ratio` is new / old without the machine's drift."""

    old: Row
    new: Row
    ratio: float
    verdict: str  # "slower", "faster" or "same"


def compare_runs(old: Results, new: Results) -> tuple[float | None, list[Change]]:
    """Compare our rows (all whose name begins with rnncore) that both runs have.

    Returns the machine's drift, None where too few times of other libraries say what it was, and
    the changes. ValueError when there is no such row.
    """
    pairs = [
        (before, row) for row in new.rows if (before := old.find(row.case, row.peer)) is not None
    ]
    ours = [pair for pair in pairs if pair[1].peer.startswith(OURS)]
    if not ours:
        raise ValueError("--compare: no case of rnncore is in both runs")
    others = [now.median / before.median for before, now in pairs if not now.peer.startswith(OURS)]
    drift = statistics.median(others) if len(others) >= _ENOUGH_PEERS else None
    return drift, [_change(*pair, drift or 1.0) for pair in ours]


def _change(old: Row, new: Row, drift: float) -> Change:
    ratio = new.median / old.median / drift
    noise = math.hypot(old.spread, new.spread)
    beyond = max(_LEAST, noise)  # quartile distance: twice the distance from the median
    verdict = "same"
    if ratio > 1 + beyond and new.low / drift > old.high:
        verdict = "slower"
    elif ratio < 1 / (1 + beyond) and new.high / drift < old.low:
        verdict = "faster"
    return Change(old, new, ratio, verdict)


def text(drift: float | None, changes: list[Change]) -> str:
    """A table of what changed, and how much of everything was the machine."""
    lines = [
        [
            f"{new.case} {new.peer}",
            duration(old.median),
            duration(new.median),
            f"{100 * (ratio - 1):+.0f}%",
            verdict,
        ]
        for old, new, ratio, verdict in sorted(changes, key=lambda change: -change.ratio)
        if verdict != "same"
    ]
    machine = "how much faster or slower the machine is now, too few other libraries say"
    if drift is not None:
        machine = f"the other libraries take {drift:.2f} times as long as before"
    same = len(changes) - len(lines)
    parts = [f"{same} of {len(changes)} rows of rnncore are unchanged; {machine}"]
    if lines:
        parts.append(table("case|before|now|without that|", lines))
    return "\n".join(parts)
