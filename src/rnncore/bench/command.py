"""`rnncore bench`: the command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rnncore import _core
from rnncore.bench import floors, machine, plots, regressions, report
from rnncore.bench.cases import CELLS, DTYPES, GATES, GRIDS, MODES, Case, Shape, make_cases
from rnncore.bench.peers import LIBRARIES, OURS
from rnncore.bench.results import Results
from rnncore.bench.run import Run
from rnncore.training.progress import Progress

DESCRIPTION = """\
Time recurrent layers against every library that is installed, and against what the machine can do.

Outputs are compared first, so that all compute the same thing. One thread: all libraries take turns
in one process; more: one process a library. OPENBLAS_* variables are left out for all of them.
"""
_MEMORY_SHAPE = (100, 64, 256, 256)
_INTERRUPTED = "interrupted: what is not here was not measured"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options of `rnncore bench`."""
    parser.description = DESCRIPTION
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    what = parser.add_argument_group("what to run")
    what.add_argument("--quick", action="store_true", help="a small grid, about a minute")
    what.add_argument(
        "--floors",
        nargs="?",
        const="",
        metavar="WORDS",
        help="the targets and what is reached; WORDS: those whose names have them",
    )
    what.add_argument("--memory", action="store_true", help="peak memory of training steps")
    what.add_argument("--cells", type=_names(GATES), default=list(CELLS), metavar="A,B")
    what.add_argument(
        "--modes",
        type=_names(MODES),
        default=["forward", "train", "step"],
        metavar="A,B",
        help=f"of {', '.join(MODES)}",
    )
    what.add_argument(
        "--grid",
        type=parse_grid,
        default=None,
        metavar="GRID",
        help=f"{', '.join(GRIDS)}, or shapes TxBxIxH or TxBxH (I = H) with commas between",
    )
    what.add_argument("--threads", type=_counts, default=[1], metavar="N,M")
    what.add_argument("--dtypes", type=_names(DTYPES), default=["float32"], metavar="A,B")
    what.add_argument(
        "--isa",
        choices=list(_core.ISAS),
        default=None,
        metavar="NAME",
        help=f"kernels at most of this kind, peers likewise: {', '.join(_core.ISAS)}",
    )
    what.add_argument(
        "--peers",
        type=_names(LIBRARIES),
        default=list(LIBRARIES),
        metavar="A,B",
        help=f"of {', '.join(LIBRARIES)}; default all that are installed",
    )
    what.add_argument(
        "--seconds", type=_seconds, default=None, help="for each library on each case; default 1"
    )
    out = parser.add_argument_group("what to do with the results")
    out.add_argument("--json", metavar="FILE", help="write everything that was found")
    out.add_argument("--plot", metavar="FILE", help="write a picture (.png); needs matplotlib")
    out.add_argument("--load", metavar="FILE", help="show the results of this JSON, run nothing")
    out.add_argument("--compare", metavar="FILE", help="show what became slower since this JSON")
    out.add_argument(
        "--fail", action="store_true", help="exit code 1 when a floor is missed or a row slower"
    )


def run(options: argparse.Namespace) -> int:
    """Do what the options say; returns the exit code."""
    try:
        return _run(options)
    except (ValueError, ImportError, OSError) as error:  # another file, no matplotlib, ...
        print(f"rnncore bench: error: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    # Before an hour of measuring, not after it.
    for option in ("json", "plot"):
        _check_place(f"--{option}", getattr(options, option))
    old = Results.load(options.compare) if options.compare else None
    results = Results.load(options.load) if options.load else _measure(options)
    print(report.text(results))
    # First what cannot be had again.
    if options.json:
        results.save(options.json)
    failed = any(floor["verdict"] == "missed" for floor in results.floors)
    if old is not None:
        comparison = regressions.compare_runs(old, results)
        print("\n" + regressions.text(comparison))
        failed = failed or bool(comparison.slower)
    if options.plot:
        plots.save(results, options.plot)
    if _INTERRUPTED in results.notes and not options.load:
        return 130  # what a shell expects after Ctrl-C
    return 1 if failed and options.fail else 0


def _check_place(option: str, path: str | None) -> None:
    """Raise ValueError when a file could not be written."""
    if path is None:
        return
    if Path(path).is_dir() or not Path(path).parent.is_dir():
        raise ValueError(f"{option}: expected a file in a folder that exists, got {path!r}")
    if not os.access(path if Path(path).exists() else Path(path).parent, os.W_OK):
        raise ValueError(f"{option}: expected a file that may be written, got {path!r}")


def _measure(options: argparse.Namespace) -> Results:
    warning = machine.busy_warning()
    if warning:
        print(f"warning: {warning}", file=sys.stderr)
    if options.plot:
        plots.check()
    progress = Progress(1, stream=sys.stderr, only_bar=True)
    seconds = options.seconds or (0.2 if options.quick else 1.0)
    work = Run(options.peers, seconds, done=lambda case: progress.step(dict))
    work.results.command = sys.argv[1:]
    if warning:
        work.results.notes.append(warning)
    try:
        _run_all(options, work, progress)
    except KeyboardInterrupt:  # what was measured may be worth an hour
        work.results.notes.append(_INTERRUPTED)
    progress.abandon()
    return work.results


def _run_all(options: argparse.Namespace, work: Run, progress: Progress) -> None:
    if options.floors is not None:
        chosen = floors.select(options.floors)
        cases = [case for floor in chosen for case in floor.cases]
        progress.begin(_count_steps(dict.fromkeys(cases), work, floors.EXTRA))
        floors.measure(chosen, work)
    elif options.memory:
        shapes = options.grid or [_MEMORY_SHAPE]
        work.memory(make_cases(options.cells, ["train"], shapes), [OURS, "torch"])
    else:
        shapes = options.grid or GRIDS["quick" if options.quick else "limits"]
        cases = make_cases(
            options.cells, options.modes, shapes, options.threads, options.dtypes, options.isa
        )
        extra = ["rnncore-padded"] if any(mode.startswith("rag") for mode in options.modes) else []
        progress.begin(_count_steps(cases, work, extra))
        work.cases(cases, extra)
        if "fit" in options.modes:
            work.fits()


def _count_steps(cases: Sequence[Case] | dict[Case, None], work: Run, extra: Sequence[str]) -> int:
    """How often a case will be reported: once for all libraries, or once for each."""
    each = 1 + len(work.peers) + len(extra)
    return max(1, sum(1 if case.threads == 1 else each for case in cases))


def parse_grid(text: str) -> list[Shape]:
    """The shapes of a named grid, or those that are written out.

    Examples
    --------
    >>> parse_grid("100x1x64,20x3x5x16")
    [(100, 1, 64, 64), (20, 3, 5, 16)]
    """
    if text in GRIDS:
        return list(GRIDS[text])
    shapes: list[Shape] = []
    for part in text.split(","):
        numbers = [int(number) if number.isdecimal() else 0 for number in part.split("x")]
        if len(numbers) not in (3, 4) or min(numbers) < 1:
            raise argparse.ArgumentTypeError(
                f"grid: expected {', '.join(GRIDS)} or shapes like 100x32x256, got {part!r}"
            )
        steps, batch, *sizes = numbers
        shapes.append((steps, batch, sizes[0], sizes[-1]))
    return shapes


class _names:
    """Parses names with commas between."""

    def __init__(self, known: Sequence[str] | dict[str, int]) -> None:
        self.known = list(known)

    def __call__(self, text: str) -> list[str]:
        names = text.split(",")
        for name in names:
            if name not in self.known:
                raise argparse.ArgumentTypeError(
                    f"expected names of {', '.join(self.known)}, got {name!r}"
                )
        return names


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text!r}")
    return seconds


def _counts(text: str) -> list[int]:
    counts = [int(part) if part.isdecimal() else 0 for part in text.split(",")]
    if min(counts) < 1:
        raise argparse.ArgumentTypeError(f"expected positive numbers, got {text!r}")
    return counts


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("rnncore bench")
    add_arguments(parser)
    return run(parser.parse_args(arguments))
