"""The command ``rnncore``; also ``python -m rnncore``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rnncore._version import __version__

_WRONG = 2  # as argparse ends for wrong arguments
# What a shell reports for a program that SIGINT or SIGPIPE ended.
_INTERRUPTED = 130
_BROKEN_PIPE = 141
# Functions of rnncore._c_library, by their options.
_CONFIG = {
    "cflags": "for the compiler",
    "libs": "for the linker: the static library",
    "cmake-dir": "for find_package: -Drnncore_DIR=...",
    "pkgconfig-dir": "for PKG_CONFIG_PATH",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        0; 1 when something could not be read or written; 2 when no command was given, the package
        that it needs is missing, or a file holds something else; 130 after Ctrl-C; 141 when nobody
        reads the output any more.

    Raises
    ------
    SystemExit
        By argparse: status 2 for wrong arguments, 0 after ``--help`` and ``--version``.

    Examples
    --------
    >>> from rnncore.cli import main
    >>> main(["info"])  # doctest: +SKIP
    0
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser = _parser()
    options = argparse.Namespace(run=_bench, arguments=given[1:])
    if given[:1] != ["bench"]:  # which has a parser of its own
        options = parser.parse_args(given)
    if "run" not in options:
        parser.print_help(sys.stderr)
        return _WRONG
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # Python flushes once more at exit; there it must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except OSError as error:
        print(f"rnncore: error: {error}", file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rnncore",
        description="Recurrent networks on a CPU, trained and run fast.",
        epilog="To begin, try: rnncore demo",
    )
    parser.add_argument("--version", action="version", version=f"rnncore {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        help="train on real data and show the results",
        description="Forecast sunspots and recognise speakers, with networks trained here and now "
        "on data that come with the package.",
    )
    demo.add_argument("--seed", type=_seed, default=0, metavar="N", help="default: 0")
    demo.add_argument(
        "--output",
        type=Path,
        default=Path("rnncore-demo.png"),
        metavar="FILE",
        help="picture to write (.png, .svg or .pdf), default: rnncore-demo.png",
    )
    loudness = demo.add_mutually_exclusive_group()
    loudness.add_argument("--verbose", action="store_true", help="print a line for every epoch")
    loudness.add_argument("--quiet", action="store_true", help="print nothing")
    demo.set_defaults(run=_demo)
    info = commands.add_parser("info", help="show kernels, BLAS and threads in use")
    info.set_defaults(run=_info)
    config = commands.add_parser(
        "config",
        help="show what a C program needs to build with the C library",
        description="Prints what is asked for, in this order and on a line each: "
        "cc program.c $(rnncore config --cflags --libs)",
    )
    for name, text in _CONFIG.items():
        config.add_argument(f"--{name}", action="store_true", help=text)
    config.set_defaults(run=_config, error=config.error)
    export = commands.add_parser(
        "export-c",
        help="write a trained model as a C array",
        description="Writes a file of model.save(path, runtime=True) as an array that a C program "
        "gives to rnncore_model_from_memory, and a header beside it.",
    )
    export.add_argument("model", type=Path, metavar="MODEL.rnnc")
    export.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE.c",
        help="the array; the header has this name with .h",
    )
    export.add_argument("--name", help="of the array, default: that of the file")
    export.set_defaults(run=_export_c)
    commands.add_parser("bench", help="measure speed against other libraries")
    return parser


# Every command imports what it needs when it runs, so that --help is quick.


def _demo(options: argparse.Namespace) -> int:
    from rnncore.utils._files import check_picture

    try:
        check_picture("--output", options.output)  # before the training, not after it
    except (ValueError, ImportError) as error:
        print(f"rnncore demo: error: {error}", file=sys.stderr)
        return _WRONG
    from rnncore.demo._training import Report
    from rnncore.demo.run import run

    level = 0 if options.quiet else 2 if options.verbose else 1
    run(options.seed, options.output, Report(level))
    return 0


def _info(_: argparse.Namespace) -> int:
    from rnncore._runtime import info

    for name, value in info().items():
        if isinstance(value, dict):
            value = [f"{key}={item}" for key, item in value.items()] or ["-"]
        shown = " ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
        print(f"{name:<12} {shown}")
    return 0


def _config(options: argparse.Namespace) -> int:
    from rnncore import _c_library

    names = [name.replace("-", "_") for name in _CONFIG]
    wanted = [name for name in names if getattr(options, name)]
    if not wanted:
        options.error(f"expected at least one of {', '.join(f'--{name}' for name in _CONFIG)}")
    for name in wanted:
        print(getattr(_c_library, name)())
    return 0


def _export_c(options: argparse.Namespace) -> int:
    from rnncore.saving.c_array import export_c

    try:
        export_c(options.model, options.output, options.name)
    except ValueError as error:
        print(f"rnncore export-c: error: {error}", file=sys.stderr)
        return _WRONG
    return 0


def _bench(options: argparse.Namespace) -> int:
    from rnncore.bench import command

    return command.main(options.arguments)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"expected an integer from 0 to 2**32 - 1, got {text!r}")
    return int(text)
