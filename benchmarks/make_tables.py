"""Print tables of times and ratios, in Markdown, from files that ``rnncore bench --json`` wrote.

    rnncore bench --modes forward --threads 1,2 --json forward.json
    rnncore bench --modes train --threads 1,2 --peers torch --json train.json
    rnncore bench --modes forward,train --grid narrow --threads 1,2 --json narrow.json
    python benchmarks/make_tables.py forward.json train.json narrow.json

First the table of the README, then those of benchmarks/README.md: inference and training on one
thread, and both on two. Inference is compared with the fastest library, training with PyTorch, each
with as many threads; above 1 rnncore is faster. An empty cell was not measured. All files have to
be of one machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

from rnncore.bench.cases import CELLS, Case
from rnncore.bench.peers import LIBRARIES, ONE_THREAD, OURS, UNPACKED
from rnncore.bench.report import duration
from rnncore.bench.results import Results, Row

NAMES = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}
SHORT = {"onnxruntime": "ORT", "torch": "PyTorch", "jax": "JAX", "openvino": "OpenVINO"}
# Rows of the README: T, B, I, H.
SHOWN = (
    *((100, 1, units, units) for units in (64, 256, 1024)),
    *((100, 16, 128, 128), (100, 32, 256, 256), (100, 64, 512, 512), (20, 128, 1024, 1024)),
    (60, 48, 6, 72),
)
Table = Callable[[Results, Case], list[str]]


def sizes(case: Case) -> str:
    inputs = "" if case.inputs == case.units else f"{case.inputs} to "
    return f"{case.steps}, {case.batch}, {inputs}{case.units}"


def fastest(results: Results, case: Case) -> Row | None:
    names = ("torch",) if case.trains else LIBRARIES
    rows = [row for name, row in results.of(case).items() if name in names]
    return min(rows, key=lambda row: row.median, default=None)


def ratio(results: Results, case: Case, name: bool = True) -> str:
    """The fastest library's time over ours, and which it was."""
    ours, theirs = results.find(case, OURS), fastest(results, case)
    if ours is None or theirs is None:
        return ""
    peer = f" {SHORT.get(theirs.peer, theirs.peer)}" if name and not case.trains else ""
    return f"{theirs.median / ours.median:.2f}{peer}"


def over(results: Results, case: Case, variant: str) -> str:
    """Time of another way of ours over ours."""
    ours, above = results.find(case, OURS), results.find(case, variant)
    return "" if ours is None or above is None else f"{above.median / ours.median:.2f}"


def time(results: Results, case: Case) -> str:
    ours = results.find(case, OURS)
    return "" if ours is None else duration(ours.median)


def one_thread(results: Results, case: Case) -> list[str]:
    packing = [] if case.trains else [over(results, case, UNPACKED)]
    return [time(results, case), ratio(results, case), *packing]


def two_threads(results: Results, case: Case) -> list[str]:
    return [time(results, case), over(results, case, ONE_THREAD), ratio(results, case)]


def show(header: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    for cells in (header, ["---"] * len(header), *lines):
        print(f"| {' | '.join(cells)} |")
    print()


def detailed(title: str, results: Results, mode: str, threads: int, columns: Table) -> None:
    """A line for each shape, a few columns for each cell."""
    chosen = [c for c in results.cases if (c.mode, c.threads) == (mode, threads)]
    shapes = dict.fromkeys(replace(case, cell="lstm") for case in chosen)
    lines = []
    for shape in shapes:
        cells = [columns(results, replace(shape, cell=cell)) for cell in CELLS]
        lines.append([sizes(shape), *chain(*cells)])
    if lines:
        width = (len(lines[0]) - 1) // len(CELLS)
        print(f"{title}\n")
        names = [[NAMES[cell], *[""] * (width - 1)] for cell in CELLS]
        show(["T, B, H (I to H)", *chain(*names)], lines)


def main(paths: Sequence[str]) -> None:
    files = [Results.load(path) for path in paths]
    if len({found.machine["cpu"] for found in files}) != 1:
        sys.exit("make_tables.py: expected files of one machine")
    results = Results(rows=[*chain(*(found.rows for found in files))])
    columns = [(cell, mode, 1) for mode in ("forward", "train") for cell in CELLS]
    columns += [("lstm", "forward", 2), ("lstm", "train", 2)]
    lines = []
    for shape in SHOWN:
        cases = [Case(cell, mode, *shape, threads=threads) for cell, mode, threads in columns]
        lines.append([sizes(cases[0]), *(ratio(results, case, name=False) for case in cases)])
    ends = {("forward", 1): "", ("train", 1): ", training", ("forward", 2): ", two threads"}
    ends["train", 2] = ", training, two threads"
    show(
        ["T, B, H", *(NAMES[cell] + ends[mode, threads] for cell, mode, threads in columns)], lines
    )
    text = "our time, then the fastest peer's divided by it"
    packing = f"{text}, and ours with packing in the call"
    detailed(f"Forward: {packing}", results, "forward", 1, one_thread)
    detailed(f"Training step: {text}", results, "train", 1, one_thread)
    text = "our time, then divided by it: ours on one thread, and the fastest peer's on two"
    detailed(f"Forward on two threads: {text}", results, "forward", 2, two_threads)
    detailed(f"Training step on two threads: {text}", results, "train", 2, two_threads)


if __name__ == "__main__":
    main(sys.argv[1:])
