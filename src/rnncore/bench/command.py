"""`rnncore bench`: the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from functools import partial

from rnncore import _core
from rnncore.bench import floors, machine, plots, report
from rnncore.bench.cases import CELLS, DTYPES, GATES, GRID_TEXT, MODES, make_cases, parse_grid
from rnncore.bench.peers import LIBRARIES, ONE_THREAD, PADDED, STREAM, UNPACKED, VARIANTS
from rnncore.bench.results import Results
from rnncore.bench.run import Run
from rnncore.training.progress import Progress
from rnncore.utils._files import SUFFIXES, check_picture, expect_writable

DESCRIPTION = """\
Time recurrent layers against every library that is installed, and against what the machine can do.

Outputs are compared first, so that all compute the same thing. Then all take turns in one process,
each when the threads of the others sleep. OPENBLAS_* variables are left out for all of them.
Inference over sequences has its weights packed beforehand, as the peers do. Beside rnncore there
may be rows of rnncore-unpacked, which packs them in every call, as rnncore.ops does; of
rnncore-padded, which runs ragged batches as full ones; of rnncore-noblas, which trains with its own
matrix products; of rnncore-1t and rnncore-2t, which use so many threads only; and of
rnncore-stream, which keeps its state where rnncore is given one in every call.
"""
_DEFAULT_MODES = ("forward", "train", "step")
_INTERRUPTED = "interrupted: what is not here was not measured"
# Options that choose what is measured, and those that some of them leave a choice of.
_CHOICES = ("quick", "cells", "modes", "grid", "threads", "dtypes", "isa")
_ALL = ("floors", "memory", *_CHOICES, "peers", "seconds")
_ALONE = {"floors": ("peers", "seconds"), "memory": ("cells", "grid"), "load": ()}


def _parser() -> argparse.ArgumentParser:
    kind = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("rnncore bench", None, DESCRIPTION, formatter_class=kind)
    what = parser.add_argument_group("what to run")
    out = parser.add_argument_group("what to do with the results")

    def names(option: str, known: Iterable[str], default: str) -> None:
        text = f"of {', '.join(known)}; default {default}"
        what.add_argument(option, type=partial(_names, known), metavar="A,B", help=text)

    def file(option: str, text: str) -> None:
        out.add_argument(option, metavar="FILE", help=text)

    what.add_argument("--quick", action="store_true", help="a small grid, about a minute")
    text = "the targets and what is reached; WORDS: those whose names have them"
    what.add_argument("--floors", nargs="?", const="", metavar="WORDS", help=text)
    what.add_argument("--memory", action="store_true", help="peak memory of training steps")
    names("--cells", GATES, f"{', '.join(CELLS)}; gru_before: reset_after=False")
    names("--modes", MODES, ", ".join(_DEFAULT_MODES))
    text = f"{GRID_TEXT}; default limits"
    what.add_argument("--grid", type=parse_grid, metavar="GRID", help=text)
    what.add_argument("--threads", type=_threads, metavar="N,M", help="default 1")
    names("--dtypes", DTYPES, "float32")
    text = f"kernels at most of this kind, peers likewise: {', '.join(_core.ISAS)}"
    what.add_argument("--isa", choices=list(_core.ISAS), metavar="NAME", help=text)
    names("--peers", LIBRARIES, "all that are installed")
    text = "for each library on each case; default 1"
    what.add_argument("--seconds", type=_seconds, help=text)
    file("--json", "write everything that was found")
    file("--plot", f"write a picture ({', '.join(SUFFIXES)}), by matplotlib")
    file("--load", "show the results of this JSON, run nothing")
    text = "show what became slower since this JSON; runs its cases unless others are chosen"
    file("--compare", text)
    text = "exit code 1 when a floor is missed or a row slower"
    out.add_argument("--fail", action="store_true", help=text)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _check(options)
        return _run(options)
    except BrokenPipeError:  # nobody reads the output any more
        raise
    except (ValueError, ImportError, OSError) as error:  # another file, no matplotlib, ...
        print(f"rnncore bench: error: {error}", file=sys.stderr)
        return 2


def _check(options: argparse.Namespace) -> None:
    """Raise before an hour of measuring, not after it."""
    if options.json:
        expect_writable("--json", options.json)
    if options.plot:
        check_picture("--plot", options.plot)
    alone = [(name, (name, *others)) for name, others in _ALONE.items() if _given(options, name)]
    if options.modes == ["fit"]:  # whole programs
        alone.append(("modes fit", ("modes", "peers")))
    for option, beside in alone:
        for name in _ALL:
            if name not in beside and _given(options, name):
                raise ValueError(
                    f"--{option}: expected no --{name} beside it, it would be passed over"
                )
    if options.fail and not (options.floors is not None or options.compare or options.load):
        raise ValueError("--fail: expected --floors or --compare beside it")


def _given(options: argparse.Namespace, name: str) -> bool:
    return getattr(options, name) not in (None, False)


def _run(options: argparse.Namespace) -> int:
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
        drift, changes = report.compare_runs(old, results)
        print("\n" + report.changes_text(drift, changes))
        failed = failed or any(change.verdict == "slower" for change in changes)
    if _INTERRUPTED in results.notes and not options.load:
        return 130  # what a shell expects after Ctrl-C
    return 1 if failed and options.fail else 0


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
    work = Run(options.peers or LIBRARIES, seconds, progress)
    work.results.command = sys.argv[1:]
    if warning:
        work.results.notes.append(warning)
    try:
        with progress:
            _run_all(options, work, old)
    except KeyboardInterrupt:  # what was measured may be worth an hour
        work.results.notes.append(_INTERRUPTED)
    return work.results


def _run_all(options: argparse.Namespace, work: Run, old: Results | None) -> None:
    cells, modes = options.cells or CELLS, options.modes or _DEFAULT_MODES
    if options.floors is not None:
        floors.measure(floors.select(options.floors), work)
    elif options.memory:
        work.memory(make_cases(cells, ["train"], options.grid or [floors.MEMORY_SHAPE]))
    elif old is not None and not any(_given(options, name) for name in _CHOICES):
        if not old.cases:
            raise ValueError("--compare: there is no case in this file: say what to run")
        before = {row.peer for row in old.rows}
        if options.peers is None:
            work.peers = [name for name in LIBRARIES if name in before]
        # Unpacked too where it is older than this row: what was packed in every call then.
        work.cases(old.cases, [name for name in VARIANTS if name in {*before, UNPACKED}])
    else:
        shapes = options.grid or parse_grid("quick" if options.quick else "limits")
        threads, dtypes = options.threads or [1], options.dtypes or ["float32"]
        cases = make_cases(cells, modes, shapes, threads, dtypes, options.isa)
        work.cases(cases, [UNPACKED, PADDED, ONE_THREAD, STREAM])
        if "fit" in modes:
            work.fits()


def _names(known: Iterable[str], text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in known:
            expected = f"expected names of {', '.join(known)}, got {name!r}"
            raise argparse.ArgumentTypeError(expected)
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
