"""The project's targets: how much faster than the fastest peer, how near to the machine's limit.

A floor names the cases that it needs and computes one figure from their results. Figures are ratios
of one run; those of time are the peer's time over ours unless the label says otherwise. Some are
shown with no target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rnncore.bench.cases import CELLS, LIMITS, STACKS, TAILS, Case, Shape, make_cases
from rnncore.bench.peers import LIBRARIES, OURS
from rnncore.bench.report import duration, geometric_mean
from rnncore.bench.results import Results, Row
from rnncore.bench.run import Run
from rnncore.bench.work import count

PADDED, NO_BLAS = "rnncore-padded", "rnncore-noblas"
EXTRA = (PADDED, NO_BLAS)
MANY = tuple(shape for shape in LIMITS if shape[1] >= 16)
LARGE = tuple(shape for shape in MANY if shape[3] >= 256)
LARGEST = MANY[-2:]
RAGGED = ((100, 32, 64, 64), (100, 32, 256, 256), (300, 16, 128, 128))
HOG = Case("lstm", "forward", 20, 16, 128, 128, threads=2)
HOG_CALLS = 1000
MEMORY_SHAPE = (100, 64, 256, 256)

Figure = tuple[float, str] | None  # the figure and how it came about; None: not measured
Evaluate = Callable[[Results], Figure]


@dataclass(frozen=True)
class Floor:
    """One target.

    Attributes
    ----------
    label : str
    wanted : float or None
        The figure has to reach it, or with `at_most` must not be above it; None: it is shown only.
    cases : tuple of Case
        What has to be timed.
    evaluate : callable
        The figure from the results.
    peers : tuple of str
        Libraries that the cases are timed in, beside rnncore.
    at_most : bool
    extra : {"", "fit", "memory", "hog"}
        What else has to be measured.
    """

    label: str
    wanted: float | None
    cases: tuple[Case, ...]
    evaluate: Evaluate
    peers: tuple[str, ...] = ()
    at_most: bool = False
    extra: str = ""

    def result(self, results: Results) -> dict[str, str | float]:
        """The figure and the verdict: "met", "missed", "shown" or "not measured"."""
        found = self.evaluate(results)
        sign = "<=" if self.at_most else ">="
        entry: dict[str, str | float] = {
            "label": self.label,
            "wanted": "" if self.wanted is None else f"{sign} {self.wanted:.4g}",
            "figure": "",
            "verdict": "not measured",
            "detail": "",
        }
        if found is not None:
            value, entry["detail"] = found
            entry |= {"figure": f"{value:.3g}", "verdict": self._verdict(value)}
        return entry

    def _verdict(self, value: float) -> str:
        if self.wanted is None:
            return "shown"
        met = value <= self.wanted if self.at_most else value >= self.wanted
        return "met" if met else "missed"


def measure(chosen: Sequence[Floor], run: Run) -> None:
    """Time what the floors need, each case once, and put the verdicts into the results."""
    wanted: dict[Case, set[str]] = {}
    for floor in chosen:
        for case in floor.cases:
            wanted.setdefault(case, set()).update(floor.peers)
    available = run.peers
    extras = {floor.extra for floor in chosen}
    try:
        for peers in dict.fromkeys(frozenset(names) for names in wanted.values()):
            run.peers = [name for name in available if name in peers]
            run.cases([case for case, names in wanted.items() if names == peers], EXTRA)
        run.peers = available
        if "fit" in extras:
            run.fits()
        if "memory" in extras:
            run.memory(make_cases(CELLS, ["train"], [MEMORY_SHAPE]), [OURS, "torch"])
        if "hog" in extras:
            run.hog(HOG, HOG_CALLS)
    finally:  # who interrupts it sees what there is
        run.peers = available
        run.results.floors = [floor.result(run.results) for floor in chosen]


def select(words: str = "") -> list[Floor]:
    """The floors whose labels hold all the words; ValueError when there are none."""
    found = [f for f in all_floors() if all(word in f.label.split() for word in words.split())]
    if not found:
        names = f"{next(all_floors()).label!r} or 'tails gru train ...'"
        raise ValueError(f"--floors: expected words of names like {names}, got {words!r}")
    return found


def all_floors() -> Iterator[Floor]:
    yield from _forward()
    yield from _train()
    yield from _step()
    yield from _ragged()
    yield from _threads()
    yield from _tails()
    yield from _stacks()
    yield from _variants()
    yield from _fit()
    yield from _memory()


# ---- figures ----------------------------------------------------------------------------------


def _fastest(results: Results, case: Case, peers: Iterable[str]) -> Row | None:
    rows = [row for name, row in results.of(case).items() if name in set(peers)]
    return min(rows, key=lambda row: row.median, default=None)


def _against(case: Case, peers: Sequence[str]) -> Evaluate:
    def evaluate(results: Results) -> Figure:
        ours, theirs = results.find(case, OURS), _fastest(results, case, peers)
        if ours is None or theirs is None:
            return None
        detail = f"{theirs.peer} {duration(theirs.median)}, ours {duration(ours.median)}"
        return theirs.median / ours.median, detail

    return evaluate


def _mean_against(cases: Sequence[Case], peers: Sequence[str]) -> Evaluate:
    def evaluate(results: Results) -> Figure:
        figures = [_against(case, peers)(results) for case in cases]
        found = [figure[0] for figure in figures if figure is not None]
        return (geometric_mean(found), f"{len(found)} cases") if found else None

    return evaluate


def _of_peak(case: Case) -> Evaluate:
    def evaluate(results: Results) -> Figure:
        ours, machine = results.find(case, OURS), results.machine_for(case)
        if ours is None or machine is None:
            return None
        peak = machine.peak[case.dtype]
        return ours.rate / peak, f"{ours.rate / 1e9:.0f} of {peak / 1e9:.0f} GFLOP/s"

    return evaluate


def _ours(above: Case, below: Case, of: str = OURS, over: str = OURS) -> Evaluate:
    """Time of one case (in one of our variants) over that of another."""

    def evaluate(results: Results) -> Figure:
        first, second = results.find(above, of), results.find(below, over)
        if first is None or second is None:
            return None
        detail = f"{duration(first.median)} / {duration(second.median)}"
        return first.median / second.median, detail

    return evaluate


# ---- the floors -------------------------------------------------------------------------------


def _case(cell: str, mode: str, shape: Shape, threads: int = 1, dtype: str = "float32") -> Case:
    return Case(cell, mode, *shape, threads=threads, dtype=dtype)


def _peer_floor(
    case: Case, wanted: float | None, peers: tuple[str, ...] = LIBRARIES, group: str = ""
) -> Floor:
    versus = "fastest peer" if len(peers) > 1 else peers[0]
    label = f"{group}{case} vs {versus}"
    return Floor(label, wanted, (case,), _against(case, peers), peers)


def _forward() -> Iterator[Floor]:
    many = [_case(cell, "forward", shape) for shape in MANY for cell in CELLS]
    for case in many:
        yield _peer_floor(case, 0.95 if case.shape in LARGEST else 1.0)
    label = "forward B >= 16, geometric mean vs fastest peer"
    yield Floor(label, 1.15, tuple(many), _mean_against(many, LIBRARIES), LIBRARIES)
    for case in many:
        if case.shape in LARGE:
            yield Floor(f"{case} of FMA peak", 0.8, (case,), _of_peak(case), LIBRARIES)
    single = {64: (1.8, 2.0, 2.0), 256: (1.3, 1.5, 1.5), 1024: (1.1, 1.1, 1.1)}
    for shape in LIMITS:
        if shape[1] == 1:
            for cell, wanted in zip(CELLS, single[shape[3]], strict=True):
                yield _peer_floor(_case(cell, "forward", shape), wanted)
    for cell in CELLS:
        yield _time_loop(cell)
    for units in (64, 256):
        for batch in (2, 3, 4):
            for cell in CELLS:
                yield _peer_floor(_case(cell, "forward", (100, batch, units, units)), 1.2)


def _time_loop(cell: str) -> Floor:
    """Bandwidth of the time loop, from the difference of two lengths: without call and packing."""
    short, long = (_case(cell, "forward", (steps, 1, 1, 1024)) for steps in (100, 300))

    def evaluate(results: Results) -> Figure:
        first, second = results.find(short, OURS), results.find(long, OURS)
        machine = results.machine_for(short)
        if first is None or second is None or machine is None:
            return None
        size = count(short).weight_bytes
        level = machine.level_of(size)
        step = (second.median - first.median) / (long.steps - short.steps)
        if step <= 0:
            return None
        rate = size / step
        detail = f"{rate / 1e9:.0f} of {machine.bandwidth[level] / 1e9:.0f} GB/s from {level}"
        return rate / machine.bandwidth[level], detail

    label = f"{cell} forward B1 H1024 time loop, share of bandwidth"
    return Floor(label, 0.9, (short, long), evaluate)


def _train() -> Iterator[Floor]:
    torch = ("torch",)
    for shape in MANY:
        lstm = 1.1 if shape == MANY[-1] else 1.2
        for cell, wanted in zip(CELLS, (lstm, 2.0, 2.0), strict=True):
            yield _peer_floor(_case(cell, "train", shape), wanted, torch)
    single = {64: (2.0, 8.0, 8.0), 256: (1.8, 6.0, 6.0), 1024: (2.0, 4.0, 3.0)}
    for shape in LIMITS:
        if shape[1] == 1:
            for cell, wanted in zip(CELLS, single[shape[3]], strict=True):
                yield _peer_floor(_case(cell, "train", shape), wanted, torch)


def _step() -> Iterator[Floor]:
    for cell, microseconds in zip(CELLS, (6.0, 4.8, 3.8), strict=True):
        case = _case(cell, "step", (1, 1, 64, 64))

        def evaluate(results: Results, case: Case = case) -> Figure:
            ours = results.find(case, OURS)
            return None if ours is None else (ours.median * 1e6, f"of {ours.samples} samples")

        yield Floor(f"{case}, us", microseconds, (case,), evaluate, LIBRARIES, at_most=True)
        yield _peer_floor(case, 2.0, ("onnxruntime",))


def _ragged() -> Iterator[Floor]:
    for mode in ("ragged_forward", "ragged"):
        for case in make_cases(CELLS, [mode], RAGGED):

            def evaluate(results: Results, case: Case = case) -> Figure:
                ours, full = results.find(case, OURS), results.find(case, PADDED)
                if ours is None or full is None:
                    return None
                allowed = 1.1 * ours.share + 0.02
                ratio = ours.median / full.median
                detail = f"{ratio:.3f} of the full batch at a share of {ours.share:.3f}"
                return ratio / allowed, detail

            label = f"{case} over (1.1 x share + 0.02) x full batch"
            yield Floor(label, 1.0, (case,), evaluate, ("torch",), at_most=True)
    for case in make_cases(("lstm", "gru"), ["ragged"], RAGGED):
        if case.rows == "lengths" and not (case.cell == "gru" and case.units == 64):
            wanted = 3.5 if case.cell == "gru" else 5.0 if case.units == 256 else 10.0
            yield _peer_floor(case, wanted, ("torch",))


def _threads() -> Iterator[Floor]:
    for mode in ("forward", "train"):
        for shape in LIMITS:
            for cell in CELLS:
                yield _speed_up(cell, mode, shape)
    label = f"{HOG_CALLS} calls of {HOG} beside a busy process, over quiet"

    def hogged(results: Results) -> Figure:
        if results.hog is None:
            return None
        quiet, busy = results.hog
        return busy / quiet, f"{duration(busy)} / {duration(quiet)}"

    yield Floor(label, 3.0, (), hogged, at_most=True, extra="hog")


def _speed_up(cell: str, mode: str, shape: Shape, group: str = "") -> Floor:
    """One thread's time over that of two."""
    one, two = (_case(cell, mode, shape, threads) for threads in (1, 2))
    steps, batch, _, units = shape
    wanted = 1.8 if batch >= 16 and units >= 128 and steps >= 20 else 0.95
    return Floor(f"{group}{two} speed-up", wanted, (one, two), _ours(one, two))


def _tails() -> Iterator[Floor]:
    """Sizes that fill no tile."""
    group = "tails "
    for shape in TAILS:
        batch = shape[1]
        forward = 1.0 if batch >= 16 else 1.2 if batch in (2, 3, 4) else None
        for cell, torch in zip(CELLS, (1.2, 2.0, 2.0), strict=True):
            yield _peer_floor(_case(cell, "forward", shape), forward, group=group)
            train = torch if batch >= 16 else None
            yield _peer_floor(_case(cell, "train", shape), train, ("torch",), group)
            for mode in ("forward", "train"):
                yield _speed_up(cell, mode, shape, group)


def _stacks() -> Iterator[Floor]:
    """Two bidirectional layers; no target against the peers."""
    for mode in ("stack", "stack_train"):
        for shape in STACKS:
            for cell in CELLS:
                for threads in (1, 2):
                    yield _peer_floor(_case(cell, mode, shape, threads), None)
                yield _speed_up(cell, mode, shape)


def _variants() -> Iterator[Floor]:
    for shape in (LIMITS[0], LIMITS[1], *MANY[:2]):
        before, after = (_case(cell, "forward", shape) for cell in ("gru_before", "gru"))
        yield Floor(f"{before} speed over gru", 0.85, (after, before), _ours(after, before))
    for mode in ("forward", "train"):
        for shape in LARGE:
            for cell in CELLS:
                single = _case(cell, mode, shape)
                double = _case(cell, mode, shape, dtype="float64")
                label = f"{double} speed over float32"
                yield Floor(label, 0.45, (single, double), _ours(single, double))
    for shape in MANY:
        for cell in CELLS:
            case = _case(cell, "train", shape)
            evaluate = _ours(case, case, OURS, NO_BLAS)
            yield Floor(f"{case} speed without BLAS", 0.8, (case,), evaluate)
    for case in make_cases(CELLS, ["forward"], LARGE, isa="avx2"):
        yield Floor(f"{case} of FMA peak", 0.8, (case,), _of_peak(case), ("torch",))
        yield _peer_floor(case, 0.95 if case.shape in LARGEST else 1.0, ("torch",))


def _fit() -> Iterator[Floor]:
    def find(results: Results, model: str, library: str, figure: str) -> float | None:
        found = [
            entry[figure]
            for entry in results.fits
            if entry["model"] == model and entry["library"].startswith(library)
        ]
        return min(found) if found else None

    for model, library, wanted in (
        ("regression", "keras", 6.0),
        ("regression", "torch", 2.0),
        ("text", "keras", None),
        ("text", "torch", None),
    ):

        def ratio(results: Results, model: str = model, library: str = library) -> Figure:
            ours, theirs = (find(results, model, name, "step") for name in (OURS, library))
            if ours is None or theirs is None:
                return None
            return theirs / ours, f"{duration(theirs)} / {duration(ours)} a step"

        yield Floor(f"fit {model} vs {library}", wanted, (), ratio, extra="fit")

    def first(results: Results) -> Figure:
        seconds = find(results, "regression", OURS, "first_epoch")
        return None if seconds is None else (seconds, "from the start of Python")

    yield Floor("fit regression first epoch done, s", 1.0, (), first, at_most=True, extra="fit")


def _memory() -> Iterator[Floor]:
    for cell, wanted in zip(CELLS, (9.0, 8.0, 4.0), strict=True):

        def numbers(results: Results, cell: str = cell) -> Figure:
            found = {m["peer"]: m for m in results.memory if m["case"]["cell"] == cell}
            if OURS not in found:
                return None
            theirs = found.get("torch")
            detail = "" if theirs is None else f"torch {theirs['numbers_per_tbh']:.3g}"
            return float(found[OURS]["numbers_per_tbh"]), detail

        label = f"{cell} train memory, numbers per T B H"
        yield Floor(label, wanted, (), numbers, at_most=True, extra="memory")
