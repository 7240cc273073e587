"""Did something become slower than the noise explains?

Only ratios taken in one run mean much: another day the whole machine is faster or slower. So the
median change of the other libraries, where at least three of their times are in both files, counts
as the machine's own and is divided out.

A case of rnncore is slower when its median grew by more than `least` and by more than twice the
noise of both runs, and the middle halves of the samples do not overlap.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

from rnncore.bench.peers import OURS
from rnncore.bench.report import duration, table
from rnncore.bench.results import Results, Row

LEAST = 0.05
_ENOUGH_PEERS = 3


@dataclass(frozen=True)
class Change:
    """One of our rows in two runs; `ratio` is new / old without the machine's drift."""

    old: Row
    new: Row
    ratio: float
    verdict: str  # "slower", "faster" or "same"


@dataclass(frozen=True)
class Comparison:
    """`drift` is None where too few times of other libraries say what it was."""

    drift: float | None
    changes: list[Change]

    @property
    def slower(self) -> list[Change]:
        return [change for change in self.changes if change.verdict == "slower"]


def compare_runs(old: Results, new: Results, least: float = LEAST) -> Comparison:
    """Compare our rows (all whose name begins with rnncore) that both runs have.

    ValueError when there is none.
    """
    pairs = [
        (before, row) for row in new.rows if (before := old.find(row.case, row.peer)) is not None
    ]
    peers = [row.median / old.median for old, row in pairs if not row.peer.startswith(OURS)]
    drift = statistics.median(peers) if len(peers) >= _ENOUGH_PEERS else None
    changes = [
        _change(before, row, drift or 1.0, least)
        for before, row in pairs
        if row.peer.startswith(OURS)
    ]
    if not changes:
        raise ValueError("--compare: no case of rnncore is in both runs")
    return Comparison(drift, changes)


def _change(old: Row, new: Row, drift: float, least: float) -> Change:
    ratio = new.median / old.median / drift
    noise = math.hypot(old.spread, new.spread)
    beyond = max(least, noise)  # quartile distance: twice the distance from the median
    if ratio > 1 + beyond and new.low / drift > old.high:
        verdict = "slower"
    elif ratio < 1 / (1 + beyond) and new.high / drift < old.low:
        verdict = "faster"
    else:
        verdict = "same"
    return Change(old, new, ratio, verdict)


def text(comparison: Comparison) -> str:
    """A table of what changed, and how much of everything was the machine."""
    changed = sorted(
        (change for change in comparison.changes if change.verdict != "same"),
        key=lambda change: -change.ratio,
    )
    lines = [
        [
            f"{change.new.case} {change.new.peer}",
            duration(change.old.median),
            duration(change.new.median),
            f"{100 * (change.ratio - 1):+.0f}%",
            change.verdict,
        ]
        for change in changed
    ]
    same = len(comparison.changes) - len(changed)
    if comparison.drift is None:
        drift = "how much faster or slower the machine is now, too few other libraries say"
    else:
        drift = f"the other libraries take {comparison.drift:.2f} times as long as before"
    parts = [f"{same} of {len(comparison.changes)} rows of rnncore are unchanged; {drift}"]
    if lines:
        parts.append(table("case|before|now|without that|", lines))
    return "\n".join(parts)
