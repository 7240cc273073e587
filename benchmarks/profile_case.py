"""Which functions a case spends its time in: perf where it works, or callgrind's counts.

    python benchmarks/profile_case.py lstm forward 100x32x256
    python benchmarks/profile_case.py gru train 100x16x40x200 --threads 2 --top 20
    python benchmarks/profile_case.py lstm step 1x1x64 --tool callgrind

The case is made and called in a process of its own; the tool sees nothing but the calls. perf takes
samples of the time; callgrind counts the instructions of one call, very slowly, and knows no
AVX-512: AVX2 kernels run then. Both come from the system's packages (linux-perf, valgrind).
Names need a build that kept its symbols: an editable one does, for a wheel
`pip install -C install.strip=false .`
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rnncore.bench.cases import DTYPES, GATES, MODES, Case, count, make_problem, parse_grid
from rnncore.bench.peers import OURS, PEERS
from rnncore.bench.run import worker_environment


def run_inside(case: Case) -> None:
    """Says ready, then calls for as many seconds as it is told, at least once."""
    PEERS[OURS].configure(case.threads)
    (candidate,) = PEERS[OURS].prepare(make_problem(case))
    for _ in range(3):
        candidate.call()
    print("ready", flush=True)
    seconds = float(sys.stdin.readline())
    calls, start = 0, time.perf_counter()
    while calls == 0 or time.perf_counter() - start < seconds:
        candidate.call()
        calls += 1
    print(f"{calls} calls, {(time.perf_counter() - start) / calls * 1e6:.1f} us each", flush=True)
    sys.stdin.readline()


class Inside:
    """The process that calls."""

    def __init__(self, case: Case, prefix: list[str]) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, __file__, *sys.argv[1:], "--inside"],
            env=worker_environment(case.threads, case.isa),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._hear()

    def call(self, seconds: float) -> None:
        self._say(f"{seconds}\n")
        print(self._hear())

    def end(self) -> None:
        self._say("\n")
        self.process.wait()

    def _say(self, text: str) -> None:
        assert self.process.stdin is not None  # noqa: S101
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def _hear(self) -> str:
        assert self.process.stdout is not None  # noqa: S101
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the profiled process ended with code {self.process.wait()}")
        return line.strip()


def perf(case: Case, seconds: float, folder: Path) -> list[str]:
    """Lines of `perf report`: share of the samples, function, library."""
    data = str(folder / "perf.data")
    inside = Inside(case, [])
    record = subprocess.Popen(
        ["perf", "record", "-q", "-o", data, "-p", str(inside.process.pid)],
        stdout=subprocess.DEVNULL,
    )
    time.sleep(1.0)  # until it is attached; the process sleeps so long
    inside.call(seconds)
    record.send_signal(signal.SIGINT)
    record.wait()
    inside.end()
    report = ["perf", "report", "-i", data, "--stdio", "-F", "overhead,sym,dso", "-g", "none"]
    text = subprocess.run(report, capture_output=True, text=True, check=True).stdout
    return [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]


def callgrind(case: Case, seconds: float, folder: Path) -> list[str]:
    """Lines of `callgrind_annotate` for one call: instructions, share, function."""
    data = folder / "callgrind.out"
    options = ["-q", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={data}"]
    inside = Inside(case, ["valgrind", *options])

    def count_instructions(switch: str) -> None:
        control = ["callgrind_control", "-i", switch, str(inside.process.pid)]
        subprocess.run(control, check=True, capture_output=True)

    count_instructions("on")
    inside.call(0)
    count_instructions("off")
    inside.end()
    annotate = ["callgrind_annotate", str(data)]
    text = subprocess.run(annotate, capture_output=True, text=True, check=True).stdout
    lines = [line.strip() for line in text.splitlines() if "%)" in line and "PROGRAM" not in line]
    return [re.sub(r"[^\s\[]*/", "", line) for line in lines]  # without the folders


def parse() -> Any:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cell", choices=list(GATES))
    parser.add_argument("mode", choices=[m for m in MODES if m != "fit" and "ragged" not in m])
    parser.add_argument("shape", type=parse_grid, help="TxBxIxH or TxBxH")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=DTYPES, default="float32")
    parser.add_argument("--isa", default=None)
    parser.add_argument("--seconds", type=float, default=5.0, help="of perf")
    parser.add_argument("--top", type=int, default=12)
    parser.add_argument("--tool", choices=["perf", "callgrind"], default="perf")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    options = parse()
    shape = options.shape[0]
    case = Case(options.cell, options.mode, *shape, options.threads, options.dtype, isa=options.isa)
    if options.inside:
        run_inside(case)
        return
    work = count(case)
    print(case)
    print(
        f"{work.product_flops / 1e9:.4g} GFLOP over all steps, {work.recurrent_flops / 1e9:.4g} in "
        f"the time loops, which read {work.weight_bytes} bytes of weights {work.weight_reads} times"
    )
    tool = {"perf": perf, "callgrind": callgrind}[options.tool]
    with tempfile.TemporaryDirectory() as folder:
        for line in tool(case, options.seconds, Path(folder))[: options.top]:
            print(line)


if __name__ == "__main__":
    main()
