"""Calls of the recurrent ops with everything that they take, and what the reference makes of them.

A `Case` says what to call; `make_call` draws its arrays. Weights are scaled so that no step
amplifies (the norm of its Jacobian is at most about 1) and x, dy and the states are of size 1:
what `rnncore.testing.tolerances` assumes when nothing else is said.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import _core, _reference, ops
from rnncore.testing import assert_close, backward_tolerance, forward_tolerance

Array = NDArray[Any]

ISAS = _core.available_isas()
CELLS: dict[str, tuple[str, dict[str, Any], int]] = {
    "lstm": ("lstm", {}, 4),
    "gru": ("gru", {"reset_after": True}, 3),
    "gru_before": ("gru", {"reset_after": False}, 3),
    "rnn_tanh": ("simple_rnn", {"activation": "tanh"}, 1),
    "rnn_relu": ("simple_rnn", {"activation": "relu"}, 1),
    "rnn_sigmoid": ("simple_rnn", {"activation": "sigmoid"}, 1),
    "rnn_linear": ("simple_rnn", {"activation": "linear"}, 1),
}
# Activations that the generic form of the equations takes: of the candidate, and of the gates.
PAIRS = (
    ("relu", "hard_sigmoid"),
    ("linear", "tanh"),
    ("sigmoid", "sigmoid"),
    ("hard_sigmoid", "linear"),
    ("tanh", "relu"),
)
GENERIC: dict[str, tuple[str, dict[str, Any], int]] = {
    "rnn_hard_sigmoid": ("simple_rnn", {"activation": "hard_sigmoid"}, 1),
    **{
        f"{cell}_{activation}_{gates}": (
            CELLS[cell][0],
            CELLS[cell][1] | {"activation": activation, "recurrent_activation": gates},
            CELLS[cell][2],
        )
        for cell in ("lstm", "gru", "gru_before")
        for activation, gates in PAIRS
    },
}
ALL_CELLS = CELLS | GENERIC
ROWS = (
    "full",
    "lengths",  # any mix, with 0 and T
    "lengths_full",
    "lengths_zero",
    "front",  # a mask padded in front, as pad_sequences does it
    "holes",  # a mask of any pattern, with rows all False and all True
    "mask_none",
    "mask_all",
)


@dataclass(frozen=True)
class Case:
    """One call, small enough to be a test's name."""

    cell: str = "lstm"
    batch: int = 3
    steps: int = 5
    inputs: int = 2
    units: int = 4
    dtype: str = "float64"
    rows: str = "full"
    go_backwards: bool = False
    time_major: bool = False
    bias: bool = True
    states: bool = True
    seed: int = 0
    dropout: bool = False  # of the states, in training

    def __str__(self) -> str:
        short = [self.cell, f"B{self.batch}T{self.steps}I{self.inputs}H{self.units}"]
        short += [self.dtype, self.rows]
        short += [name for name in ("go_backwards", "time_major", "dropout") if getattr(self, name)]
        short += [f"no_{name}" for name in ("bias", "states") if not getattr(self, name)]
        return "-".join(short)

    @property
    def op(self) -> str:
        return ALL_CELLS[self.cell][0]

    @property
    def columns(self) -> int:
        return ALL_CELLS[self.cell][2] * self.units


@dataclass(frozen=True)
class Call:
    """The arrays of a case. Padding of x and dy that must not matter is NaN."""

    case: Case
    x: Array
    kernel: Array
    recurrent_kernel: Array
    bias: Array | None
    initial_state: tuple[Array | None, ...] | None
    options: dict[str, Any]
    dy: Array | None
    dstate: tuple[Array | None, ...] | None
    real: Array = field(repr=False)  # (B, T) bool: which steps are real
    recurrent_mask: Array | None = None

    def changed(self, **changes: Any) -> Call:
        """The same call with other arrays; names that are no field go to the options."""
        own = {f.name for f in fields(self)}
        options = self.options | {k: v for k, v in changes.items() if k not in own}
        return replace(self, **({k: v for k, v in changes.items() if k in own}), options=options)

    def arguments(self) -> tuple[Any, ...]:
        return self.x, self.kernel, self.recurrent_kernel, self.bias, self.initial_state

    def infer(self, module: ModuleType = ops, **more: Any) -> dict[str, Array]:
        """y and the final state of the plain forward, by name."""
        y, state = getattr(module, self.case.op)(*self.arguments(), **(self.options | more))
        return {"y": y, **_named("", state)}

    def train(self, module: ModuleType = ops, **more: Any) -> dict[str, Array]:
        """y, the final state and every gradient, by name."""
        forward = getattr(module, f"{self.case.op}_forward")
        if self.recurrent_mask is not None:
            more["recurrent_mask"] = self.recurrent_mask
        y, state, tape = forward(*self.arguments(), **(self.options | more))
        g = getattr(module, f"{self.case.op}_backward")(tape, self.dy, self.dstate)
        assert (g.dbias is None) == (self.bias is None)
        result = {"y": y, **_named("", state), "dx": g.dx, "dkernel": g.dkernel}
        result["drecurrent_kernel"] = g.drecurrent_kernel
        if g.dbias is not None:
            result["dbias"] = g.dbias
        return {**result, **_named("d", g.dinitial_state)}


def _named(prefix: str, state: tuple[Array, ...]) -> dict[str, Array]:
    return {prefix + name: array for name, array in zip("hc", state, strict=False)}


def _lengths(case: Case, rng: np.random.Generator) -> Array:
    lengths = rng.integers(0, case.steps + 1, case.batch)
    if case.batch > 2:
        lengths[rng.permutation(case.batch)[:2]] = 0, case.steps
    return lengths


def _sequence_options(case: Case, rng: np.random.Generator) -> tuple[dict[str, Any], Array]:
    """lengths= or mask=, and the real steps (B, T)."""
    time = np.arange(case.steps)
    everywhere = np.ones((case.batch, case.steps), bool)
    if case.rows == "full":
        return {}, everywhere
    if case.rows.startswith("lengths"):
        lengths = _lengths(case, rng)
        if case.rows == "lengths_full":
            lengths = np.full(case.batch, case.steps)
        if case.rows == "lengths_zero":
            lengths = np.zeros(case.batch, int)
        return {"lengths": lengths}, time < lengths[:, None]
    if case.rows == "front":
        mask = time >= case.steps - _lengths(case, rng)[:, None]
    elif case.rows == "holes":
        mask = rng.random((case.batch, case.steps)) < 0.6
        if case.batch > 2:
            none, every = rng.permutation(case.batch)[:2]
            mask[none], mask[every] = False, True
    else:
        mask = everywhere if case.rows == "mask_all" else ~everywhere
    return {"mask": mask}, mask


def _ignored_outputs(case: Case, real: Array) -> Array:
    """Where dy must not matter: beyond the lengths, and before the first step of a mask."""
    if case.rows.startswith("lengths"):
        return ~real
    order = real[:, ::-1] if case.go_backwards else real
    seen = np.cumsum(order, axis=1) > 0
    return ~(seen[:, ::-1] if case.go_backwards else seen)


def has_two_biases(case: Case) -> bool:
    """Whether h' U has a bias of its own."""
    return bool(ALL_CELLS[case.cell][1].get("reset_after", False))


def make_call(case: Case) -> Call:
    """Draws the arrays of a case: the same ones every time."""
    # Drawn in float64 and rounded, so that both dtypes compute the same thing.
    rng = np.random.default_rng([case.seed, case.batch, case.steps, case.inputs, case.units])
    dtype = np.dtype(case.dtype)
    batch, steps, units, columns = case.batch, case.steps, case.units, case.columns
    options, real = _sequence_options(case, rng)
    ignored = _ignored_outputs(case, real)
    bound = 1.0 / np.sqrt(case.inputs + units)
    x = rng.standard_normal((batch, steps, case.inputs))
    dy = rng.standard_normal((batch, steps, units))
    x[~real] = np.nan
    dy[ignored] = np.nan
    kernel = rng.uniform(-1.7 * bound, 1.7 * bound, (case.inputs, columns))
    # Variance (0.8 bound)^2 / 3: the norm of U is at most about 2 * 0.8 / sqrt(3) < 1.
    recurrent = rng.uniform(-0.8 * bound, 0.8 * bound, (units, columns))
    bias = rng.uniform(-0.5, 0.5, (2, columns) if has_two_biases(case) else (columns,))
    count = 2 if case.op == "lstm" else 1
    initial = tuple(rng.standard_normal((batch, units)).astype(dtype) for _ in range(count))
    dstate = tuple(rng.standard_normal((batch, units)).astype(dtype) for _ in range(count))
    recurrent_mask = None
    if case.dropout:
        # Factors up to 1, as nothing else amplifies; apart for each gate, row and unit.
        recurrent_mask = rng.uniform(0.3, 1.0, (columns // units, batch, units))
        recurrent_mask[rng.random(recurrent_mask.shape) < 0.3] = 0
        recurrent_mask = recurrent_mask.astype(dtype)
    if case.time_major:
        x, dy = x.swapaxes(0, 1), dy.swapaxes(0, 1)
    return Call(
        case=case,
        x=np.ascontiguousarray(x, dtype),
        kernel=kernel.astype(dtype),
        recurrent_kernel=recurrent.astype(dtype),
        bias=bias.astype(dtype) if case.bias else None,
        initial_state=initial if case.states else None,
        options={
            **ALL_CELLS[case.cell][1],
            **options,
            "go_backwards": case.go_backwards,
            "time_major": case.time_major,
        },
        dy=np.ascontiguousarray(dy, dtype),
        dstate=dstate,
        real=real,
        recurrent_mask=recurrent_mask,
    )


@cache
def reference_result(case: Case) -> dict[str, Array]:
    """What the reference computes, once for all ISAs. Not to be changed."""
    result = make_call(case).train(_reference)
    for array in result.values():
        array.flags.writeable = False
    return result


def assert_agrees(actual: dict[str, Array], expected: dict[str, Array], case: Case) -> None:
    """Every array within the derived tolerance; gradients named d... within the backward's."""
    depth = case.inputs + case.units
    forward = forward_tolerance(case.dtype, depth, case.steps)
    longest = max(depth, case.columns)
    backward = backward_tolerance(case.dtype, longest, case.steps, case.batch * case.steps)
    for name, array in actual.items():
        assert array.dtype == np.dtype(case.dtype), name
        tolerance = backward if name.startswith("d") else forward
        # What is added up is of size 1, so a sum that happens to cancel is held to that.
        assert_close(array, expected[name], tolerance, f"{case}: {name}", floor=1.0)


def assert_same_bits(actual: dict[str, Array], expected: dict[str, Array]) -> None:
    """Equal bit for bit, signs of zeros included."""
    assert set(actual) <= set(expected)
    for name, array in actual.items():
        other = expected[name]
        assert array.shape == other.shape and array.dtype == other.dtype, name
        if array.tobytes() != other.tobytes():
            wrong = int(np.sum(~((array == other) | (np.isnan(array) & np.isnan(other)))))
            raise AssertionError(f"{name}: {wrong} of {array.size} values differ")
