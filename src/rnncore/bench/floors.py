"""The project's targets: how much faster than the fastest peer, how near to the machine's limit.

A floor names the cases that it needs and computes one figure from their results. Figures are ratios
of one run; those of time are the peer's time over ours unless the label says otherwise. Some are
shown with no target.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from rnncore.bench.cases import CELLS, Case, Shape, count, make_cases, parse_grid
from rnncore.bench.peers import (
    LIBRARIES,
    NO_BLAS,
    ONE_THREAD,
    OURS,
    PADDED,
    STREAM,
    TWO_THREADS,
    VARIANTS,
)
from rnncore.bench.report import duration, geometric_mean
from rnncore.bench.results import Results, Row
from rnncore.bench.run import Run

TORCH = ("torch",)
# What LSTM, GRU and SimpleRNN have to reach against the fastest peer, and in training against
# PyTorch.
TARGETS = {
    "100x16x128": ((1.0, 1.0, 1.0), (1.2, 2.0, 2.0)),
    "100x32x256": ((1.0, 1.0, 1.0), (1.2, 2.0, 2.0)),
    "100x64x512": ((0.95, 0.95, 0.95), (1.2, 2.0, 2.0)),
    "20x128x1024": ((0.95, 0.95, 0.95), (1.1, 2.0, 2.0)),
    "100x1x64": ((1.8, 2.0, 2.0), (2.0, 8.0, 8.0)),
    "100x1x256": ((1.3, 1.5, 1.5), (1.8, 6.0, 6.0)),
    "100x1x1024": ((1.1, 1.1, 1.1), (2.0, 4.0, 3.0)),
    "1000x1x64": ((1.8, 2.0, 2.0), (2.0, 8.0, 8.0)),
}
ONE_ROW = {100: (1.8, 2.0, 2.0), 400: (1.3, 1.5, 1.5)}  # the same by the most units
# One thread's time over that of two where it is longer than SHORT and there are 16 rows or more.
SPEED_UPS = {"forward": 1.7, "train": 1.65}
SHORT = 0.7e-3
NO_HARM = 0.95
STEP_MICROSECONDS = (6.0, 4.8, 3.8)
STREAM_TARGETS = (5.0, 5.0, 4.0)  # how much faster than ONNX Runtime with bound buffers
STREAM_MICROSECONDS = 2.0
MEMORY_NUMBERS = (9.0, 8.0, 4.0)

LIMITS, FEW, NARROW = (parse_grid(name) for name in ("limits", "few", "narrow"))
MANY = [shape for shape in LIMITS if shape[1] >= 16]
LARGE = [shape for shape in MANY if shape[3] >= 256]
RAGGED = parse_grid("100x32x64,100x32x256,300x16x128")
MEMORY_SHAPE = (100, 64, 256, 256)
HOG = Case("lstm", "forward", 20, 16, 128, 128, threads=2)
HOG_CALLS = 1000

_T = TypeVar("_T")
Figure = tuple[float, str]  # and how it came about


class NotMeasured(Exception):
    """Something that a figure needs is not in the results."""


@dataclass(frozen=True)
class Floor:
    """One target.

    Attributes
    ----------
    label : str
    wanted : float or None
        The figure has to reach it, or with `at_most` must not be above it; None: it is shown only.
    cases : collection of Case
        What has to be timed.
    evaluate : callable
        The figure from the results, or `NotMeasured`.
    peers : sequence of str
        Libraries that the cases are timed in, beside rnncore.
    at_most : bool
    extra : {"", "fit", "memory", "hog"}
        What else has to be measured.
    """

    label: str
    wanted: float | None
    cases: Collection[Case]
    evaluate: Callable[[Results], Figure]
    peers: Sequence[str] = ()
    at_most: bool = False
    extra: str = ""

    def result(self, results: Results) -> dict[str, str | float]:
        """The figure and the verdict: "met", "missed", "shown" or "not measured"."""
        sign = "<=" if self.at_most else ">="
        entry: dict[str, str | float] = {
            "label": self.label,
            "wanted": "" if self.wanted is None else f"{sign} {self.wanted:.4g}",
            "figure": "",
            "verdict": "not measured",
            "detail": "",
        }
        with contextlib.suppress(NotMeasured):
            value, entry["detail"] = self.evaluate(results)
            entry |= {"figure": f"{value:.3g}", "verdict": "shown"}
            if self.wanted is not None:
                met = value <= self.wanted if self.at_most else value >= self.wanted
                entry["verdict"] = "met" if met else "missed"
        return entry


def measure(chosen: Sequence[Floor], run: Run) -> None:
    """Time what the floors need, each case once, and put the verdicts into the results."""
    wanted: dict[Case, set[str]] = {}
    for floor in chosen:
        for case in floor.cases:
            wanted.setdefault(case, set()).update(floor.peers)
    extras = {floor.extra for floor in chosen}
    try:
        for peers in dict.fromkeys(map(frozenset, wanted.values())):
            run.cases([case for case, names in wanted.items() if names == peers], VARIANTS, peers)
        if "fit" in extras:
            run.fits()
        if "memory" in extras:
            run.memory(make_cases(CELLS, ["train"], [MEMORY_SHAPE]))
        if "hog" in extras:
            run.hog(HOG, HOG_CALLS)
    finally:  # who interrupts it sees what there is
        run.results.floors = [floor.result(run.results) for floor in chosen]


def select(words: str = "") -> list[Floor]:
    """The floors whose labels hold all the words; ValueError when there are none."""
    found = [f for f in all_floors() if all(word in f.label.split() for word in words.split())]
    if not found:
        names = f"{next(all_floors()).label!r} or 'tails gru train ...'"
        raise ValueError(f"--floors: expected words of names like {names}, got {words!r}")
    return found


def all_floors() -> Iterator[Floor]:
    groups = _peers, _limits, _step, _ragged, _threads, _tails, _few, _narrow, _stacks, _variants
    for group in (*groups, _fits, _memory):
        yield from group()


# ---- figures ----------------------------------------------------------------------------------


def _found(value: _T | None) -> _T:
    if value is None:
        raise NotMeasured("it was not measured")
    return value


def _row(results: Results, case: Case, peer: str = OURS) -> Row:
    return _found(results.find(case, peer))


def _ratio(above: Case, peers: Sequence[str], below: Case, over: str, results: Results) -> Figure:
    """Time of one case in the fastest of some libraries over that of one in another library."""
    rows = [row for name, row in results.of(above).items() if name in peers]
    first = _found(min(rows, key=lambda row: row.median, default=None))
    second = _row(results, below, over)
    names = f"{first.peer} {duration(first.median)} / {second.peer} {duration(second.median)}"
    return first.median / second.median, names


def _mean_ratio(cases: Sequence[Case], results: Results) -> Figure:
    found = []
    for case in cases:
        with contextlib.suppress(NotMeasured):
            found.append(_ratio(case, LIBRARIES, case, OURS, results)[0])
    return geometric_mean(_found(found or None)), f"{len(found)} cases"


def _of_peak(case: Case, results: Results) -> Figure:
    ours, peak = _row(results, case), _found(results.machine_for(case)).peak[case.dtype]
    return ours.rate / peak, f"{ours.rate / 1e9:.0f} of {peak / 1e9:.0f} GFLOP/s"


def _of_bandwidth(lengths: Sequence[Case], results: Results) -> Figure:
    """Of the time loop, from the difference of two lengths: without call and packing."""
    short, long = lengths
    size, machine = count(short).weight_bytes, _found(results.machine_for(short))
    level = machine.level_of(size)
    seconds = _row(results, long).median - _row(results, short).median
    if seconds <= 0:
        raise NotMeasured("the longer sequence took less time")
    rate, most = size * (long.steps - short.steps) / seconds, machine.bandwidth[level]
    return rate / most, f"{rate / 1e9:.0f} of {most / 1e9:.0f} GB/s from {level}"


def _microseconds(case: Case, peer: str, results: Results) -> Figure:
    ours = _row(results, case, peer)
    return ours.median * 1e6, f"of {ours.samples} samples"


def _of_speed_up(two: Case, results: Results) -> Figure:
    figure, detail = _ratio(two, (ONE_THREAD,), two, OURS, results)
    least = SPEED_UPS[two.mode] if _row(results, two, ONE_THREAD).median > SHORT else NO_HARM
    return figure / least, f"{figure:.2f} of {least}, {detail}"


def _of_share(case: Case, results: Results) -> Figure:
    ours, full = _row(results, case), _row(results, case, PADDED)
    ratio = ours.median / full.median
    detail = f"{ratio:.3f} of the full batch at a share of {ours.share:.3f}"
    return ratio / (1.1 * ours.share + 0.02), detail


def _hogged(results: Results) -> Figure:
    quiet, busy = _found(results.hog)
    return busy / quiet, f"{duration(busy)} / {duration(quiet)}"


def _fit(model: str, library: str, figure: str, results: Results) -> float:
    """The least of a library's ways, ``keras`` and ``keras-jit``."""
    fits = [fit for fit in results.fits if fit["model"] == model]
    figures = [fit[figure] for fit in fits if fit["library"].startswith(library)]
    return float(_found(min(figures, default=None)))


def _fit_ratio(model: str, library: str, results: Results) -> Figure:
    ours, theirs = (_fit(model, name, "step", results) for name in (OURS, library))
    return theirs / ours, f"{duration(theirs)} / {duration(ours)} a step"


def _first_epoch(results: Results) -> Figure:
    return _fit("regression", OURS, "first_epoch", results), "from the start of Python"


def _memory_numbers(cell: str, results: Results) -> Figure:
    entries = [entry for entry in results.memory if entry["case"]["cell"] == cell]
    found = {entry["peer"]: float(entry["numbers_per_tbh"]) for entry in entries}
    return _found(found.get(OURS)), f"torch {found['torch']:.3g}" if "torch" in found else ""


# ---- the floors -------------------------------------------------------------------------------


def _peer_floor(
    case: Case, wanted: float | None, peers: Sequence[str] = LIBRARIES, group: str = ""
) -> Floor:
    versus = "fastest peer" if len(peers) > 1 else peers[0]
    figure = partial(_ratio, case, peers, case, OURS)
    return Floor(f"{group}{case} vs {versus}", wanted, (case,), figure, peers)


def _own_floor(label: str, wanted: float, above: Case, below: Case, over: str = OURS) -> Floor:
    """Our time of one case over that of another, or of one of our variants."""
    figure = partial(_ratio, above, (OURS,), below, over)
    return Floor(label, wanted, dict.fromkeys((above, below)), figure)


def _peak_floor(case: Case, peers: Sequence[str]) -> Floor:
    return Floor(f"{case} of FMA peak", 0.8, (case,), partial(_of_peak, case), peers)


def _peers() -> Iterator[Floor]:
    for grid, (forward, train) in TARGETS.items():
        for mode, wanted, peers in (("forward", forward, LIBRARIES), ("train", train, TORCH)):
            cases = make_cases(CELLS, [mode], parse_grid(grid))
            for case, target in zip(cases, wanted, strict=True):
                yield _peer_floor(case, target, peers)


def _limits() -> Iterator[Floor]:
    many = make_cases(CELLS, ["forward"], MANY)
    label = "forward B >= 16, geometric mean vs fastest peer"
    yield Floor(label, 1.15, many, partial(_mean_ratio, many), LIBRARIES)
    for case in make_cases(CELLS, ["forward"], LARGE):
        yield _peak_floor(case, LIBRARIES)
    for cell in CELLS:
        lengths = make_cases([cell], ["forward"], parse_grid("100x1x1x1024,300x1x1x1024"))
        label = f"{cell} forward B1 H1024 time loop, share of bandwidth"
        yield Floor(label, 0.9, lengths, partial(_of_bandwidth, lengths))


def _step() -> Iterator[Floor]:
    cases = make_cases(CELLS, ["step"], [(1, 1, 64, 64)])
    for case, wanted in zip(cases, STEP_MICROSECONDS, strict=True):
        figure = partial(_microseconds, case, OURS)
        yield Floor(f"{case}, us", wanted, (case,), figure, LIBRARIES, at_most=True)
        yield _peer_floor(case, 2.0, ("onnxruntime",))
    for case, wanted in zip(cases, STREAM_TARGETS, strict=True):
        figure = partial(_ratio, case, ("onnxruntime",), case, STREAM)
        yield Floor(f"stream {case} vs onnxruntime", wanted, (case,), figure, ("onnxruntime",))
        figure = partial(_microseconds, case, STREAM)
        label = f"stream {case}, us"
        yield Floor(label, STREAM_MICROSECONDS, (case,), figure, ("onnxruntime",), at_most=True)


def _ragged() -> Iterator[Floor]:
    for case in make_cases(CELLS, ["ragged_forward", "ragged"], RAGGED):
        label = f"{case} over (1.1 x share + 0.02) x full batch"
        yield Floor(label, 1.0, (case,), partial(_of_share, case), TORCH, at_most=True)
    for case in make_cases(("lstm", "gru"), ["ragged"], RAGGED):
        if case.rows == "lengths" and not (case.cell == "gru" and case.units == 64):
            wanted = 3.5 if case.cell == "gru" else 5.0 if case.units == 256 else 10.0
            yield _peer_floor(case, wanted, TORCH)


def _threads() -> Iterator[Floor]:
    for mode in ("forward", "train"):
        yield from _speed_ups(mode, LIMITS)
    label = f"{HOG_CALLS} calls of {HOG} beside a busy process, over quiet"
    yield Floor(label, 3.0, (), _hogged, at_most=True, extra="hog")


def _speed_ups(mode: str, shapes: Sequence[Shape], group: str = "") -> Iterator[Floor]:
    """One thread's time over that of two."""
    for two in make_cases(CELLS, [mode], shapes, [2]):
        label, figure = f"{group}{two} speed-up", partial(_ratio, two, (ONE_THREAD,), two, OURS)
        wanted = 1.8 if two.batch >= 16 and two.units >= 128 and two.steps >= 20 else NO_HARM
        if two.batch >= 16 and two.units < 128 and mode in SPEED_UPS:
            label += f" over {SPEED_UPS[mode]}, over {NO_HARM} of a short call"
            wanted, figure = 1.0, partial(_of_speed_up, two)
        yield Floor(label, wanted, (two,), figure)


def _tails() -> Iterator[Floor]:
    """Sizes that fill no tile."""
    shapes, group = parse_grid("tails"), "tails "
    for case in make_cases(CELLS, ["forward"], shapes):
        yield _peer_floor(case, 1.0 if case.batch >= 16 else _few_rows(case), group=group)
    for case in make_cases(CELLS, ["train"], shapes):
        target = 1.2 if case.cell == "lstm" else 2.0
        yield _peer_floor(case, target if case.batch >= 16 else None, TORCH, group)
    for mode in ("forward", "train"):
        yield from _speed_ups(mode, shapes, group)


def _few_rows(case: Case) -> float | None:
    """What inference has to reach against the fastest peer."""
    if case.batch == 1:
        targets = next((ONE_ROW[units] for units in ONE_ROW if case.units <= units), None)
        return None if targets is None else targets[CELLS.index(case.cell)]
    return 1.2 if case.batch <= 4 else None


def _few() -> Iterator[Floor]:
    """Whole sequences in a few rows."""
    for case in make_cases(CELLS, ["forward"], FEW):
        yield _peer_floor(case, _few_rows(case), group="few ")
    yield from _speed_ups("forward", FEW, "few ")


def _narrow() -> Iterator[Floor]:
    """Many rows of a few inputs, and more threads than a machine of two cores has."""
    for mode in SPEED_UPS:
        yield from _speed_ups(mode, NARROW, "narrow ")
        for many in make_cases(CELLS, [mode], NARROW[:4], [4, 8]):
            label = f"narrow {many} over two threads"
            figure = partial(_ratio, many, (OURS,), many, TWO_THREADS)
            yield Floor(label, 1.3, (many,), figure, at_most=True)


def _stacks() -> Iterator[Floor]:
    """Two bidirectional layers; no target against the peers."""
    shapes = parse_grid("stacks")
    for mode in ("stack", "stack_train"):
        for case in make_cases(CELLS, [mode], shapes, [1, 2]):
            yield _peer_floor(case, None)
        yield from _speed_ups(mode, shapes)


def _variants() -> Iterator[Floor]:
    for before in make_cases(["gru_before"], ["forward"], [*LIMITS[:2], *MANY[:2]]):
        yield _own_floor(f"{before} speed over gru", 0.85, replace(before, cell="gru"), before)
    for double in make_cases(CELLS, ["forward", "train"], LARGE, dtypes=["float64"]):
        single = replace(double, dtype="float32")
        yield _own_floor(f"{double} speed over float32", 0.45, single, double)
    for case in make_cases(CELLS, ["train"], MANY):
        yield _own_floor(f"{case} speed without BLAS", 0.8, case, case, NO_BLAS)
    for case in make_cases(CELLS, ["forward"], LARGE, isa="avx2"):
        yield _peak_floor(case, TORCH)
        yield _peer_floor(case, 0.95 if case.units > 256 else 1.0, TORCH)


def _fits() -> Iterator[Floor]:
    for model, targets in (("regression", (6.0, 2.0)), ("text", (None, None))):
        for library, target in zip(("keras", "torch"), targets, strict=True):
            figure = partial(_fit_ratio, model, library)
            yield Floor(f"fit {model} vs {library}", target, (), figure, extra="fit")
    label = "fit regression first epoch done, s"
    yield Floor(label, 1.0, (), _first_epoch, at_most=True, extra="fit")


def _memory() -> Iterator[Floor]:
    for cell, wanted in zip(CELLS, MEMORY_NUMBERS, strict=True):
        label, figure = f"{cell} train memory, numbers per T B H", partial(_memory_numbers, cell)
        yield Floor(label, wanted, (), figure, at_most=True, extra="memory")
