"""What is measured: a case says which layer runs how, a problem holds its arrays.

The work of a case is what it has to compute and to read.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncore.utils._checks import check_choice, check_count

Array = NDArray[Any]
Shape = tuple[int, int, int, int]  # T, B, I, H

GATES = {"lstm": 4, "gru": 3, "rnn": 1, "gru_before": 3}
CELLS = ("lstm", "gru", "rnn")  # gru_before (reset_after=False) runs when asked for
MODES = ("forward", "train", "step", "ragged", "ragged_forward", "stack", "stack_train", "fit")
ROWS = ("full", "lengths", "front")
DTYPES = ("float32", "float64")

GRIDS = {
    "quick": "50x1x64,50x16x64",
    # What rnncore is tuned on, from one row of 64 units to what fills a large cache.
    "limits": "100x1x64,100x1x256,100x1x1024,1000x1x64,100x16x128,100x32x256,100x64x512,"
    "20x128x1024",
    # One axis at a time, for the plots of scaling.
    "scaling": "100x16x32,100x16x64,100x16x100,100x16x128,100x16x200,100x16x256,100x16x384,"
    "100x16x512,100x1x128,100x2x128,100x3x128,100x4x128,100x7x128,100x8x128,100x32x128,"
    "100x64x128,1x16x128,10x16x128,30x16x128,300x16x128",
    # Sizes that fill neither a vector nor a tile, few rows, and I that is not H.
    "tails": "100x16x1x50,100x16x12x100,100x16x40x200,100x16x300,100x32x300x100,100x64x40x50,"
    "50x32x12x300,100x1x12x100,100x1x40x300,100x2x40x200,100x2x128,100x3x12x100,100x3x256,"
    "100x4x1x50,100x4x300,100x7x40x100,100x7x256",
    # Forecasting as it mostly is: a few series in, 16 rows or more.
    "narrow": "60x48x6x72,80x96x4x56,40x200x10x96,120x32x5x120,24x256x1x32,168x16x8x64,"
    "200x64x16x112,96x128x3x48,48x24x12x100",
    # Few rows over whole sequences, one row at most sizes.
    "few": "100x1x32,100x1x64,100x1x96,100x1x12x100,100x1x128,100x1x40x200,100x1x256,100x1x384,"
    "100x2x64,100x2x100,100x2x256,100x3x64,100x3x100,100x3x256,100x4x64,100x4x100,100x4x256",
    # For two bidirectional layers.
    "stacks": "100x1x64,100x1x256,100x3x40x100,100x16x128,100x16x12x200,100x32x256",
}
GRID_TEXT = f"{', '.join(GRIDS)}, or shapes TxBxIxH or TxBxH (I = H) with commas between"


def parse_grid(text: str) -> list[Shape]:
    """The shapes of a named grid, or those that are written out.

    Examples
    --------
    >>> parse_grid("100x1x64,20x3x5x16")
    [(100, 1, 64, 64), (20, 3, 5, 16)]
    """
    shapes: list[Shape] = []
    for part in GRIDS.get(text, text).split(","):
        numbers = [int(number) if number.isdecimal() else 0 for number in part.split("x")]
        if len(numbers) not in (3, 4) or min(numbers) < 1:
            expected = f"expected {GRID_TEXT}, all numbers positive, got {part!r}"
            raise argparse.ArgumentTypeError(expected)
        steps, batch, *sizes = numbers
        shapes.append((steps, batch, sizes[0], sizes[-1]))
    return shapes


@dataclass(frozen=True)
class Case:
    """One layer, run in one way.

    Attributes
    ----------
    cell : {"lstm", "gru", "rnn", "gru_before"}
        ``gru`` is the GRU with ``reset_after=True``, ``gru_before`` the other one.
    mode : {"forward", "train", "step", "ragged", "ragged_forward", "stack", "stack_train"}
        ``train`` is forward and backward with dx; ``step`` is one time step a call with a state;
        ``ragged`` trains on rows of lengths uniform in 1..T; ``stack`` and ``stack_train`` are two
        bidirectional layers, I -> 2 H -> 2 H, all steps of both directions side by side.
    steps, batch, inputs, units : int
        T, B, I, H.
    threads : int
    dtype : {"float32", "float64"}
    rows : {"full", "lengths", "front"}
        Of a ragged case: prefixes given by `lengths`, or a mask padded in front.
    isa : str, optional
        Kernels at most of this instruction set, and the peers likewise.
    """

    cell: str
    mode: str
    steps: int
    batch: int
    inputs: int
    units: int
    threads: int = 1
    dtype: str = "float32"
    rows: str = "full"
    isa: str | None = None

    def __post_init__(self) -> None:
        for name, known in (("cell", GATES), ("mode", MODES), ("dtype", DTYPES), ("rows", ROWS)):
            check_choice("Case", name, getattr(self, name), known)
        for name in ("steps", "batch", "inputs", "units", "threads"):
            check_count("Case", name, getattr(self, name))
        if self.mode.startswith("ragged") != (self.rows != "full"):
            raise ValueError(
                f"Case: rows: expected lengths or front in ragged modes only, got {self}"
            )
        if self.mode == "step" and self.steps != 1:
            raise ValueError(f"Case: steps: expected 1 in mode step, got {self.steps}")

    def __str__(self) -> str:
        sizes = f"T{self.steps} B{self.batch} I{self.inputs} H{self.units}"
        text = f"{self.cell} {self.mode} {sizes} {self.dtype} {self.threads}t"
        text += "" if self.rows == "full" else f" {self.rows}"
        return text + (f" {self.isa}" if self.isa else "")

    @property
    def gates(self) -> int:
        return GATES[self.cell]

    @property
    def kind(self) -> str:
        """The cell whatever its variant: "lstm", "gru" or "rnn"."""
        return self.cell.partition("_")[0]

    @property
    def variant(self) -> dict[str, bool]:
        """The argument that tells the two GRUs apart, in rnncore and in Keras."""
        return {"reset_after": self.cell == "gru"} if self.kind == "gru" else {}

    @property
    def trains(self) -> bool:
        return self.mode in ("train", "ragged", "stack_train")

    @property
    def stacked(self) -> bool:
        return self.mode.startswith("stack")

    @property
    def states(self) -> int:
        """How many a layer has: h, of an LSTM also c."""
        return 2 if self.cell == "lstm" else 1


def make_cases(
    cells: Iterable[str],
    modes: Iterable[str],
    shapes: Iterable[Shape],
    threads: Iterable[int] = (1,),
    dtypes: Iterable[str] = ("float32",),
    isa: str | None = None,
) -> list[Case]:
    """Every combination, without repetitions; mode step takes T = 1 and B = 1 from no shape.

    A shape's mode ``ragged`` gives two cases: lengths, and masks padded in front.
    """
    cases = []
    combinations = itertools.product(threads, dtypes, modes, shapes, cells)
    for count, dtype, mode, (steps, batch, inputs, units), cell in combinations:
        if mode == "fit":
            continue  # a whole program, not a layer: see rnncore.bench.fit
        if mode == "step":
            steps, batch = 1, 1
        for rows in ("lengths", "front") if mode.startswith("ragged") else ("full",):
            cases.append(Case(cell, mode, steps, batch, inputs, units, count, dtype, rows, isa))
    return list(dict.fromkeys(cases))


class Weights(NamedTuple):
    """Of one layer in one direction: (I, G H), (H, G H) and (G H,) or (2, G H)."""

    kernel: Array
    recurrent_kernel: Array
    bias: Array


@dataclass(frozen=True)
class Problem:
    """The arrays of a case; sequences are time-major (T, B, features).

    A stack has four weights: the first layer's forward and backward ones, then the second's.
    """

    case: Case
    x: Array
    weights: tuple[Weights, ...]
    state: tuple[Array, ...] | None  # (B, H) each; None: zeros
    dy: Array  # (T, B, H), of a stack (T, B, 2 H)
    lengths: Array | None
    mask: Array | None  # (B, T)
    share: float  # of steps that are real

    @property
    def first_state(self) -> tuple[Array, ...]:
        """The state to start from, zeros where none is given."""
        zeros = np.zeros((self.case.batch, self.case.units), self.x.dtype)
        return self.state or (zeros,) * self.case.states


def make_problem(case: Case) -> Problem:
    """Draws the arrays of a case: the same ones every time.

    Weights are scaled so that no step amplifies, which the tolerances of `rnncore.testing` assume.
    """
    rng = np.random.default_rng([case.steps, case.batch, case.inputs, case.units])
    dtype = np.dtype(case.dtype)
    columns = case.gates * case.units

    def draw(*shape: int) -> Array:
        return rng.standard_normal(shape).astype(dtype)

    def uniform(limit: float, *shape: int) -> Array:
        return rng.uniform(-limit, limit, shape).astype(dtype)

    def draw_weights(inputs: int) -> Weights:
        bound = 1.0 / np.sqrt(inputs + case.units)
        return Weights(
            uniform(1.7 * bound, inputs, columns),
            uniform(0.8 * bound, case.units, columns),
            uniform(0.5, *((2, columns) if case.cell == "gru" else (columns,))),
        )

    x = draw(case.steps, case.batch, case.inputs)
    dy = draw(case.steps, case.batch, case.units * (2 if case.stacked else 1))
    lengths, mask, share = None, None, 1.0
    if case.rows != "full":
        counts = rng.integers(1, case.steps + 1, case.batch)
        share = float(counts.sum()) / (case.steps * case.batch)
        if case.rows == "lengths":
            lengths = counts
        else:
            mask = np.arange(case.steps) >= (case.steps - counts)[:, None]
    state = None
    if case.mode == "step":
        state = tuple(draw(case.batch, case.units) for _ in range(case.states))
    sizes = (case.inputs, case.inputs, 2 * case.units, 2 * case.units)
    weights = tuple(draw_weights(size) for size in (sizes if case.stacked else sizes[:1]))
    return Problem(case, x, weights, state, dy, lengths, mask, share)


def output_names(case: Case) -> list[str]:
    """What the arrays are called that a case computes.

    Examples
    --------
    >>> output_names(Case("rnn", "train", steps=1, batch=1, inputs=1, units=1))
    ['y', 'h', 'dx', 'dkernel', 'drecurrent_kernel', 'dbias']
    """
    names = ["y", *("h", "c")[: 0 if case.stacked else case.states]]
    if not case.trains:
        return names
    gradients = [f"d{name}" for name in Weights._fields]
    if case.stacked:
        gradients = [f"{name}_{index}" for index in range(4) for name in gradients]
    return [*names, "dx", *gradients]


@dataclass(frozen=True)
class Work:
    """What a case counts.

    Attributes
    ----------
    product_flops : float
        Of the products over all steps.
    recurrent_flops : float
        Of the time loops, forward and backward.
    weight_bytes : int
        Size of the recurrent weights that are in use at once: of a stack those of one direction,
        with several threads those of both.
    weight_reads : int
        How often they are read: once a step of a time loop.
    """

    product_flops: float
    recurrent_flops: float
    weight_bytes: int
    weight_reads: int

    @property
    def flops(self) -> float:
        return self.product_flops + self.recurrent_flops

    @property
    def bytes(self) -> float:
        return float(self.weight_bytes * self.weight_reads)


def count(case: Case, share: float = 1.0) -> Work:
    """The work of a case whose rows have `share` of the steps of a full batch.

    Counted are the multiply-adds of the matrix products (2 flops each) and the reads of the
    recurrent weights, once a step. Gate equations, states, x, y and the tape are left out, so a
    limit is a little optimistic, never pessimistic.

    For T steps of B rows (R = the sum of the lengths, T B of a full batch), G gates:

    - projection of the inputs ``2 R I G H`` flops, recurrence ``2 R H G H``;
    - the backward adds dx ``2 R I G H`` and dW the same, dh ``2 R H G H`` and dU the same;
    - a stack of two bidirectional layers is four of these, two of them with 2 H for I.

    Examples
    --------
    >>> count(Case("rnn", "forward", steps=10, batch=2, inputs=3, units=4)).flops
    1120.0
    """
    columns = case.gates * case.units
    rows = case.steps * case.batch * share
    # A stack is four layers, two of them over the 2 H numbers of the first two.
    inputs = 2 * case.inputs + 4 * case.units if case.stacked else case.inputs
    layers = 4 if case.stacked else 1
    projection = 2.0 * rows * inputs * columns
    recurrence = 2.0 * rows * case.units * columns * layers
    size = case.units * columns * np.dtype(case.dtype).itemsize
    together = 2 if case.stacked and case.threads > 1 else 1
    reads = case.steps * layers // together
    if case.trains:
        return Work(3 * projection + recurrence, 2 * recurrence, together * size, 2 * reads)
    return Work(projection, recurrence, together * size, reads)
