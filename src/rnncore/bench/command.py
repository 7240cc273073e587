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
Beside rnncore there may be rows of rnncore-padded, which runs ragged batches as full ones, and of
rnncore-noblas, which trains with its own matrix products.
"""
_MODES = ("forward", "train", "step")
_GRID = f"{', '.join(GRIDS)}, or shapes TxBxIxH or TxBxH (I = H) with commas between"
_MEMORY_SHAPE = (100, 64, 256, 256)
_INTERRUPTED = "interrupted: what is not here was not measured"
# Options that choose what is measured, and those that some of them leave a choice of.
_CHOICES = ("cells", "modes", "grid", "threads", "dtypes", "isa")
_ALONE = {"floors": ("peers", "seconds"), "memory": ("cells", "grid"), "load": ()}


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
    what.add_argument(
        "--cells",
        type=_names(GATES),
        metavar="A,B",
        help=f"of {', '.join(GATES)}; default {', '.join(CELLS)}; gru_before: reset_after=False",
    )
    what.add_argument(
        "--modes",
        type=_names(MODES),
        metavar="A,B",
        help=f"of {', '.join(MODES)}; default {', '.join(_MODES)}",
    )
    what.add_argument(
        "--grid",
        type=parse_grid,
        metavar="GRID",
        help=f"{_GRID}; default limits",
    )
    what.add_argument("--threads", type=_threads, metavar="N,M", help="default 1")
    what.add_argument(
        "--dtypes",
        type=_names(DTYPES),
        metavar="A,B",
        help=f"of {', '.join(DTYPES)}; default float32",
    )
    what.add_argument(
        "--isa",
        choices=list(_core.ISAS),
        metavar="NAME",
        help=f"kernels at most of this kind, peers likewise: {', '.join(_core.ISAS)}",
    )
    what.add_argument(
        "--peers",
        type=_names(LIBRARIES),
        metavar="A,B",
        help=f"of {', '.join(LIBRARIES)}; default all that are installed",
    )
    what.add_argument("--seconds", type=_seconds, help="for each library on each case; default 1")
    out = parser.add_argument_group("what to do with the results")
    out.add_argument("--json", metavar="FILE", help="write everything that was found")
    suffixes = ", ".join(plots.SUFFIXES)
    out.add_argument("--plot", metavar="FILE", help=f"write a picture ({suffixes}), by matplotlib")
    out.add_argument("--load", metavar="FILE", help="show the results of this JSON, run nothing")
    out.add_argument(
        "--compare",
        metavar="FILE",
        help="show what became slower since this JSON; runs its cases unless others are chosen",
    )
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
    if options.plot:
        plots.check(options.plot)
    for option, others in _ALONE.items():
        if _is_given(options, option):
            _check_alone(options, f"--{option}", (option, *others))
    if options.modes == ["fit"]:  # whole programs
        _check_alone(options, "--modes fit", ("modes", "peers"))
    if options.fail and not (options.floors is not None or options.compare or options.load):
        raise ValueError("--fail: expected --floors or --compare beside it")
    old = _load("--compare", options.compare) if options.compare else None
    results = _load("--load", options.load) if options.load else _measure(options, old)
    print(report.text(results))
    # First what cannot be had again.
    if options.json:
        results.save(options.json)
    if options.plot:
        plots.save(results, options.plot)
    failed = any(floor["verdict"] == "missed" for floor in results.floors)
    if old is not None:
        comparison = regressions.compare_runs(old, results)
        print("\n" + regressions.text(comparison))
        failed = failed or bool(comparison.slower)
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


def _check_alone(options: argparse.Namespace, option: str, others: Sequence[str]) -> None:
    """Raise ValueError for an option, not of `others`, that would be passed over."""
    for name in ("quick", "floors", "memory", *_CHOICES, "peers", "seconds"):
        if name not in others and _is_given(options, name):
            raise ValueError(f"{option}: expected no --{name} beside it, it would be passed over")


def _is_given(options: argparse.Namespace, name: str) -> bool:
    return getattr(options, name) not in (None, False)


def _load(option: str, path: str) -> Results:
    try:
        return Results.load(path)
    except OSError as error:
        raise ValueError(f"{option}: cannot read {path!r}: {error.strerror}") from error


def _measure(options: argparse.Namespace, old: Results | None) -> Results:
    warning = machine.busy_warning()
    if warning:
        print(f"warning: {warning}", file=sys.stderr)
    progress = Progress(1, stream=sys.stderr, only_bar=True)
    seconds = options.seconds or (0.2 if options.quick else 1.0)
    work = Run(options.peers or LIBRARIES, seconds, done=lambda case: progress.step(dict))
    work.results.command = sys.argv[1:]
    if warning:
        work.results.notes.append(warning)
    try:
        _run_all(options, work, progress, old)
    except KeyboardInterrupt:  # what was measured may be worth an hour
        work.results.notes.append(_INTERRUPTED)
    progress.abandon()
    return work.results


def _run_all(
    options: argparse.Namespace, work: Run, progress: Progress, old: Results | None
) -> None:
    cells = options.cells or CELLS
    if options.floors is not None:
        chosen = floors.select(options.floors)
        cases = [case for floor in chosen for case in floor.cases]
        progress.begin(_count_steps(dict.fromkeys(cases), work, floors.EXTRA))
        floors.measure(chosen, work)
    elif options.memory:
        shapes = options.grid or [_MEMORY_SHAPE]
        work.memory(make_cases(cells, ["train"], shapes), [OURS, "torch"])
    elif old is not None and not any(_is_given(options, name) for name in ("quick", *_CHOICES)):
        if not old.cases:
            raise ValueError("--compare: there is no case in this file: say what to run")
        before = {row.peer for row in old.rows}
        extra = [name for name in floors.EXTRA if name in before]
        if options.peers is None:
            work.peers = [name for name in LIBRARIES if name in before]
        progress.begin(_count_steps(old.cases, work, extra))
        work.cases(old.cases, extra)
    else:
        modes = options.modes or _MODES
        shapes = options.grid or GRIDS["quick" if options.quick else "limits"]
        cases = make_cases(
            cells,
            modes,
            shapes,
            options.threads or [1],
            options.dtypes or ["float32"],
            options.isa,
        )
        extra = [floors.PADDED] if any(mode.startswith("rag") for mode in modes) else []
        progress.begin(_count_steps(cases, work, extra))
        work.cases(cases, extra)
        if "fit" in modes:
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
                f"expected {_GRID}, all numbers positive, got {part!r}"
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


def _threads(text: str) -> list[int]:
    counts = [int(part) if part.isdecimal() else 0 for part in text.split(",")]
    if min(counts) < 1:
        raise argparse.ArgumentTypeError(f"expected positive numbers, got {text!r}")
    if max(counts) > machine.cpus():
        raise argparse.ArgumentTypeError(
            f"expected at most {machine.cpus()}, a CPU for each thread, got {text!r}"
        )
    return counts


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("rnncore bench")
    add_arguments(parser)
    return run(parser.parse_args(arguments))
