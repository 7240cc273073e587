"""The results as text for a terminal, and what became slower since another run."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from rnncore.bench.cases import Case
from rnncore.bench.peers import OURS, VARIANTS
from rnncore.bench.results import Results, Row

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
_LEAST = 0.05
_ENOUGH_PEERS = 3


def duration(seconds: float) -> str:
    """A time with three digits and its unit.

    Examples
    --------
    >>> duration(0.00123)
    '1.23 ms'
    """
    unit, value = "s", seconds
    for smaller in ("ms", "us"):
        if value < 1:
            unit, value = smaller, value * 1e3
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {unit}"


def table(header: str, lines: Iterable[Sequence[str]]) -> str:
    """Columns of text; the first is left-aligned, and so are those that hold no digits.

    `header` has a bar between the columns.
    """
    rows = [header.split("|"), *lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = []
    for index, (_, *column) in enumerate(zip(*rows, strict=True)):
        numbers = index > 0 and all(cell[:1] in "0123456789-+" for cell in column)
        pad = str.rjust if numbers else str.ljust
        padded.append([pad(row[index], widths[index]) for row in rows])
    text = ["  ".join(cells).rstrip() for cells in zip(*padded, strict=True)]
    text.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(text)


def rows_table(results: Results) -> str:
    """Every library on every case, the fastest first."""
    lines = []
    for case in results.cases:
        found = results.of(case)
        ours = found.get(OURS)
        for index, row in enumerate(sorted(found.values(), key=lambda row: row.median)):
            lines.append(
                [
                    str(case) if index == 0 else "",
                    row.peer,
                    duration(row.median),
                    f"{100 * row.spread:.0f}%",
                    f"{row.rate / 1e9:.1f}",
                    "" if row.fraction is None else f"{100 * row.fraction:.0f}%",
                    row.bound,
                    "" if ours is None or row is ours else f"{row.median / ours.median:.2f}x",
                    row.variant,
                ]
            )
    header = "case|library|time|spread|GFLOP/s|of limit|bound|vs rnncore|how"
    return table(header, lines)


def machine_text(results: Results) -> str:
    """The machine, its limits, and the versions of everything."""
    machine = results.machine
    allowed = f", allowed {machine['affinity']}" if machine.get("affinity") else ""
    libraries = [name for name in results.versions if name not in VARIANTS]
    lines = [
        f"{results.created}  {machine['cpu']}, {machine['cpus']} CPUs{allowed}",
        f"{machine['system']}, Python {machine['python']}, load {machine['load']}",
        ", ".join(f"{name} {results.versions[name]}" for name in libraries),
    ]
    for info in results.environment.get("rnncore", [])[:1]:
        lines.append(f"rnncore runs {info['isa']} kernels; BLAS: {info['blas']}")
    if removed := results.environment.get("removed"):
        text = ", ".join(f"{name}={value}" for name, value in removed.items())
        lines.append(f"set in the environment and left out for every library: {text}")
    for measured in results.measured:
        peak, read, blas = (
            ", ".join(f"{name} {rate / 1e9:.0f}" for name, rate in rates.items())
            for rates in (measured.peak, measured.bandwidth, measured.sgemm)
        )
        lines.append(
            f"limits, {measured.threads} thread(s), {measured.isa}: FMA {peak} GFLOP/s; "
            f"reading {read} GB/s; NumPy sgemm {blas} GFLOP/s"
        )
    return "\n".join(lines)


def summary(results: Results) -> str:
    """How much faster than each library, as the geometric mean over the cases of a mode."""
    lines = []
    for mode, cases in group(results.cases, lambda case: case.mode).items():
        for peer in dict.fromkeys(row.peer for row in results.rows if row.case.mode == mode):
            found = ratios(results, peer, cases)
            if peer != OURS and found:
                figures = geometric_mean(found), min(found), max(found)
                shown = [f"{figure:.2f}" for figure in figures]
                lines.append([mode, peer, *shown, str(len(found))])
    return table("mode|library|its time / ours|least|most|cases", lines)


def ratios(results: Results, peer: str, cases: Iterable[Case]) -> list[float]:
    """Time of a library over ours, of each case that both ran."""
    both = ((results.find(case, peer), results.find(case, OURS)) for case in cases)
    return [theirs.median / ours.median for theirs, ours in both if theirs and ours]


def group(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """The items by what `key` says of them, in the order in which that comes first."""
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def geometric_mean(values: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def fits_table(fits: Sequence[dict[str, Any]]) -> str:
    """Whole programs; what "is done" counts from the start of Python."""
    header = "whole fit|library|a step|spread|samples/s|vs rnncore|import"
    header += "|first batch done|first epoch done|memory|loss"
    ours = {fit["model"]: fit["step"] for fit in fits if fit["library"] == OURS}
    lines = []
    for fit in fits:
        step, own = fit["step"], ours.get(fit["model"])
        lines.append(
            [
                fit["model"],
                fit["library"],
                duration(step),
                f"{100 * (fit['high'] - fit['low']) / step:.0f}%",
                f"{fit['samples_per_second']:.0f}",
                "" if own is None or fit["library"] == OURS else f"{step / own:.2f}x",
                duration(fit["import"]),
                duration(fit["first_batch"]),
                duration(fit["first_epoch"]),
                "" if fit["peak_bytes"] is None else f"{fit['peak_bytes'] / 2**20:.0f} MiB",
                f"{fit['loss']:.3g}",
            ]
        )
    return table(header, lines)


def memory_table(memory: Iterable[dict[str, Any]]) -> str:
    lines = [
        [
            str(Case(**found["case"])),
            found["peer"],
            f"{(found['peak_bytes'] - found['result_bytes']) / 2**20:.1f} MiB",
            f"{found['numbers_per_tbh']:.2f}",
        ]
        for found in memory
    ]
    return table("training step|library|beyond in- and outputs|numbers per T B H", lines)


def text(results: Results) -> str:
    """Everything that a run found."""
    parts = [machine_text(results)]
    if results.rows:
        parts += [rows_table(results), summary(results)]
    if results.fits:
        parts.append(fits_table(results.fits))
    if results.memory:
        parts.append(memory_table(results.memory))
    if results.floors:
        names = ("label", "figure", "wanted", "verdict", "detail")
        lines = [[floor[name] for name in names] for floor in results.floors]
        parts.append(table("floor|figure|wanted||detail", lines))
    if results.notes:
        parts.append("\n".join(f"note: {note}" for note in results.notes))
    return "\n\n".join(parts)


class Change(NamedTuple):
    """One of our rows in two runs; `ratio` is new / old without the machine's drift."""

    old: Row
    new: Row
    ratio: float
    verdict: str  # "slower", "faster" or "same"


def compare_runs(old: Results, new: Results) -> tuple[float | None, list[Change]]:
    """Did something become slower than the noise explains?

    Only ratios taken in one run mean much: another day the whole machine is faster or slower. So
    the median change of the other libraries, where at least three of their times are in both files,
    counts as the machine's own and is divided out.

    A case of rnncore is slower when its median grew by more than 5% and by more than twice the
    noise of both runs, and the middle halves of the samples do not overlap.

    Our rows (all whose name begins with rnncore) that both runs have are compared, each with that
    of the same way. Returns the machine's drift, None where too few times of other libraries say
    what it was, and the changes. ValueError when there is no such row.
    """
    known = {_way(row): row for row in old.rows}
    pairs = [(known[_way(row)], row) for row in new.rows if _way(row) in known]
    ours = [pair for pair in pairs if pair[1].peer.startswith(OURS)]
    if not ours:
        raise ValueError("--compare: no case of rnncore is in both runs")
    others = [now.median / before.median for before, now in pairs if not now.peer.startswith(OURS)]
    drift = statistics.median(others) if len(others) >= _ENOUGH_PEERS else None
    return drift, [_change(*pair, drift or 1.0) for pair in ours]


def _way(row: Row) -> tuple[Case, str]:
    """What rows of two runs have in common: the library, or our way, which may pack in the call."""
    return row.case, row.variant if row.peer.startswith(OURS) else row.peer


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


def changes_text(drift: float | None, changes: list[Change]) -> str:
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
