"""What is measured: a case says which layer runs how, a problem holds its arrays."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, int, int, int]  # T, B, I, H

GATES = {"lstm": 4, "gru": 3, "rnn": 1, "gru_before": 3}
CELLS = ("lstm", "gru", "rnn")  # gru_before (reset_after=False) runs when asked for
MODES = (
    "forward",
    "train",
    "step",
    "ragged",
    "ragged_forward",
    "stack",
    "stack_train",
    "fit",
)
ROWS = ("full", "lengths", "front")
DTYPES = ("float32", "float64")

# The shapes that rnncore is tuned on, from one row of 64 units to what fills a large cache; I = H.
LIMITS = tuple(
    (steps, batch, units, units)
    for steps, batch, units in (
        (100, 1, 64),
        (100, 1, 256),
        (100, 1, 1024),
        (1000, 1, 64),
        (100, 16, 128),
        (100, 32, 256),
        (100, 64, 512),
        (20, 128, 1024),
    )
)
QUICK = ((50, 1, 64, 64), (50, 16, 64, 64))
# One axis at a time, for the plots of scaling.
SCALING = tuple(
    dict.fromkeys(
        [(100, 16, units, units) for units in (32, 64, 100, 128, 200, 256, 384, 512)]
        + [(100, batch, 128, 128) for batch in (1, 2, 3, 4, 7, 8, 16, 32, 64)]
        + [(steps, 16, 128, 128) for steps in (1, 10, 30, 100, 300)]
    )
)
# Sizes that fill neither a vector nor a tile, few rows, and I that is not H.
TAILS = (
    (100, 16, 1, 50),
    (100, 16, 12, 100),
    (100, 16, 40, 200),
    (100, 16, 300, 300),
    (100, 32, 300, 100),
    (100, 64, 40, 50),
    (50, 32, 12, 300),
    (100, 1, 12, 100),
    (100, 1, 40, 300),
    (100, 2, 40, 200),
    (100, 2, 128, 128),
    (100, 3, 12, 100),
    (100, 3, 256, 256),
    (100, 4, 1, 50),
    (100, 4, 300, 300),
    (100, 7, 40, 100),
    (100, 7, 256, 256),
)
# For two bidirectional layers.
STACKS = (
    (100, 1, 64, 64),
    (100, 1, 256, 256),
    (100, 3, 40, 100),
    (100, 16, 128, 128),
    (100, 16, 12, 200),
    (100, 32, 256, 256),
)
GRIDS = {"quick": QUICK, "limits": LIMITS, "scaling": SCALING, "tails": TAILS, "stacks": STACKS}


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
        _one_of("cell", self.cell, GATES)
        _one_of("mode", self.mode, MODES)
        _one_of("dtype", self.dtype, DTYPES)
        _one_of("rows", self.rows, ROWS)
        for name in ("steps", "batch", "inputs", "units", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if self.mode.startswith("ragged") != (self.rows != "full"):
            raise ValueError(f"rows: expected lengths or front in ragged modes only, got {self}")
        if self.mode == "step" and self.steps != 1:
            raise ValueError(f"steps: expected 1 in mode step, got {self.steps}")

    def __str__(self) -> str:
        text = f"{self.cell} {self.mode} T{self.steps} B{self.batch} I{self.inputs} H{self.units}"
        text += f" {self.dtype} {self.threads}t"
        text += "" if self.rows == "full" else f" {self.rows}"
        return text + (f" {self.isa}" if self.isa else "")

    @property
    def gates(self) -> int:
        return GATES[self.cell]

    @property
    def trains(self) -> bool:
        return self.mode in ("train", "ragged", "stack_train")

    @property
    def stacked(self) -> bool:
        return self.mode in ("stack", "stack_train")

    @property
    def shape(self) -> Shape:
        return self.steps, self.batch, self.inputs, self.units

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Case:
        return cls(**values)


def _one_of(name: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise ValueError(f"{name}: expected one of {', '.join(known)}, got {value!r}")


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
    cases: dict[Case, None] = {}
    combinations = itertools.product(threads, dtypes, modes, shapes, cells)
    for count, dtype, mode, (steps, batch, inputs, units), cell in combinations:
        if mode == "step":
            steps, batch = 1, 1
        if mode == "fit":
            continue  # a whole program, not a layer: see rnncore.bench.fit
        for rows in ("lengths", "front") if mode.startswith("ragged") else ("full",):
            case = Case(cell, mode, steps, batch, inputs, units, count, dtype, rows, isa)
            cases[case] = None
    return list(cases)


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

    @property
    def kernel(self) -> Array:
        return self.weights[0].kernel

    @property
    def recurrent_kernel(self) -> Array:
        return self.weights[0].recurrent_kernel

    @property
    def bias(self) -> Array:
        return self.weights[0].bias

    @property
    def share(self) -> float:
        """The share of steps that are real."""
        if self.lengths is not None:
            return float(self.lengths.sum()) / (self.case.steps * self.case.batch)
        return 1.0 if self.mask is None else float(self.mask.mean())


def make_problem(case: Case) -> Problem:
    """Draws the arrays of a case: the same ones every time.

    Weights are scaled so that no step amplifies, which the tolerances of `rnncore.testing` assume.
    """
    rng = np.random.default_rng([case.steps, case.batch, case.inputs, case.units])
    dtype = np.dtype(case.dtype)
    columns = case.gates * case.units

    def draw(*shape: int) -> Array:
        return rng.standard_normal(shape).astype(dtype)

    def draw_weights(inputs: int) -> Weights:
        bound = 1.0 / np.sqrt(inputs + case.units)
        kernel, recurrent_kernel, bias = (
            rng.uniform(-limit, limit, shape).astype(dtype)
            for limit, shape in (
                (1.7 * bound, (inputs, columns)),
                (0.8 * bound, (case.units, columns)),
                (0.5, (2, columns) if case.cell == "gru" else (columns,)),
            )
        )
        return Weights(kernel, recurrent_kernel, bias)

    x = draw(case.steps, case.batch, case.inputs)
    dy = draw(case.steps, case.batch, case.units * (2 if case.stacked else 1))
    lengths = mask = None
    if case.rows != "full":
        counts = rng.integers(1, case.steps + 1, case.batch)
        if case.rows == "lengths":
            lengths = counts
        else:
            mask = np.arange(case.steps) >= (case.steps - counts)[:, None]
    state = None
    if case.mode == "step":
        state = tuple(draw(case.batch, case.units) for _ in range(2 if case.cell == "lstm" else 1))
    sizes = [case.inputs]
    if case.stacked:
        sizes = [case.inputs, case.inputs, 2 * case.units, 2 * case.units]
    weights = tuple(draw_weights(size) for size in sizes)
    return Problem(case, x, weights, state, dy, lengths, mask)


def gradient_names(case: Case) -> list[str]:
    """What the gradients are called in the outputs of a training case.

    Examples
    --------
    >>> gradient_names(Case("rnn", "train", steps=1, batch=1, inputs=1, units=1))
    ['dx', 'dkernel', 'drecurrent_kernel', 'dbias']
    """
    names = [f"d{name}" for name in Weights._fields]
    if case.stacked:
        names = [f"{name}_{index}" for index in range(4) for name in names]
    return ["dx", *names]
