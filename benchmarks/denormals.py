"""Denormal numbers against normal ones: the same call, timed with both.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE python benchmarks/denormals.py

Denormals arise where a state or a gradient fades away, or come with the data; a CPU that computes
with them may need a hundred cycles for one operation. rnncore flushes them to zero within a call,
so the ratio below should be about 1. Exits with 1 when one is above 2.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import rnncore
from rnncore import ops

BATCH, STEPS, INPUTS, UNITS = 32, 100, 64, 128
LIMIT = 2.0
GATES = {"lstm": 4, "gru": 3, "simple_rnn": 1}
NAMES = ("x", "weights", "state", "dy", "everything")

Run = Callable[[], object]


def make_run(cell: str, dtype: str, train: bool, scales: dict[str, float]) -> Run:
    """A call whose arrays are of the given magnitudes (1 where nothing is said)."""
    rng = np.random.default_rng(0)
    columns = GATES[cell] * UNITS

    def draw(name: str, size: float, *shape: int) -> np.ndarray[Any, Any]:
        scale = scales.get(name, scales.get("everything", 1.0))
        return (rng.uniform(0.5, 1.0, shape) * rng.choice([-1, 1], shape) * size * scale).astype(
            dtype
        )

    x = draw("x", 1.0, BATCH, STEPS, INPUTS)
    kernel = draw("weights", INPUTS**-0.5, INPUTS, columns)
    recurrent = draw("weights", 0.5 * UNITS**-0.5, UNITS, columns)
    state = tuple(draw("state", 1.0, BATCH, UNITS) for _ in range(2 if cell == "lstm" else 1))
    dy = draw("dy", 1.0, BATCH, STEPS, UNITS)
    if not train:
        return lambda: getattr(ops, cell)(x, kernel, recurrent, None, state)

    def both() -> None:
        _, _, tape = getattr(ops, f"{cell}_forward")(x, kernel, recurrent, None, state)
        getattr(ops, f"{cell}_backward")(tape, dy)

    return both


def fading_run(dtype: str, fades: bool) -> Run:
    """A linear layer whose state (and whose gradient) halves at every step, or stays."""
    steps = 1200
    x, kernel = np.zeros((BATCH, steps, 1), dtype), np.zeros((1, UNITS), dtype)
    recurrent = ((0.5 if fades else 1.0) * np.eye(UNITS)).astype(dtype)
    ones = np.ones((BATCH, UNITS), dtype)

    def both() -> None:
        _, _, tape = ops.simple_rnn_forward(
            x, kernel, recurrent, None, (ones,), activation="linear"
        )
        ops.simple_rnn_backward(tape, None, (ones,))

    return both


def seconds(runs: list[Run], budget: float = 0.6) -> list[float]:
    """The least time of each, taken in turn so that all see the same machine."""
    best = [float("inf")] * len(runs)
    repeats = 0
    until = time.perf_counter() + budget * len(runs)
    while repeats < 7 or (repeats < 100 and time.perf_counter() < until):
        for i, run in enumerate(runs):
            start = time.perf_counter()
            run()
            best[i] = min(best[i], time.perf_counter() - start)
        repeats += 1
    return best


def main() -> int:
    info = rnncore.info()
    print(f"rnncore {info['version']}, {info['isa']}, {info['num_threads']} threads")
    print(f"BLAS: {info['blas']}")
    for name, value in info["environment"].items():
        print(f"note: {name}={value} is set")
    print(f"B={BATCH} T={STEPS} I={INPUTS} H={UNITS}; the least of several runs, in ms\n")
    print(
        f"{'cell':10} {'dtype':8} {'call':9} {'denormal':11} {'normal':>8} {'denormal':>8}  ratio"
    )
    worst = 0.0

    def show(cell: str, dtype: str, call: str, what: str, normal: float, denormal: float) -> None:
        nonlocal worst
        ratio = denormal / normal
        worst = max(worst, ratio)
        print(
            f"{cell:10} {dtype:8} {call:9} {what:11} {normal * 1e3:8.2f} {denormal * 1e3:8.2f}"
            f"  {ratio:5.2f}"
        )

    for dtype, tiny in (("float32", 1e-40), ("float64", 1e-310)):
        for cell in GATES:
            for train in (False, True):
                names = [name for name in NAMES if train or name != "dy"]
                scales: list[dict[str, float]] = [{}, *({name: tiny} for name in names)]
                times = seconds([make_run(cell, dtype, train, scale) for scale in scales])
                for name, denormal in zip(names, times[1:], strict=True):
                    show(cell, dtype, "train" if train else "predict", name, times[0], denormal)
        normal, denormal = seconds([fading_run(dtype, False), fading_run(dtype, True)])
        show("simple_rnn", dtype, "train", "fading", normal, denormal)
    print(f"\nworst ratio: {worst:.2f} (at most {LIMIT:g} wanted)")
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
