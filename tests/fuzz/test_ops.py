"""Random nonsense for the ops: an exception of the right kind, or the reference's result.

What crashes the interpreter ends the whole run, so there is nothing else to check for.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from calls import CELLS, ROWS, Call, Case, assert_agrees, make_call
from numpy.lib.stride_tricks import as_strided

from rnncore import _reference, ops

ALLOWED = (ValueError, TypeError, MemoryError)
DTYPES = ["f2", "f4", "f8", "g", ">f4", ">f8", "i1", "i4", "i8", ">i8", "u8", "?", "c8", "O", "U3"]
DTYPES += ["S2", "V8", "M8[s]", "m8[s]"]
DIMENSIONS = [0, 1, 1, 2, 3, 4, 5, 8]
ARRAYS = ("x", "kernel", "recurrent_kernel", "bias", "dy")
STATES = ("initial_state", "dstate")
OPTIONS = ("lengths", "mask", "go_backwards", "time_major", "out", "activation", "reset_after")


class Subclass(np.ndarray):
    """Changes nothing, but is not exactly an ndarray."""


def scalar(rng: random.Random) -> Any:
    return rng.choice(
        [None, 0, 1, -1, 2**31, 2**63, -(2**70), 1.5, float("nan"), float("inf"), 1j, True, False]
        + ["", "tanh", "lstm", b"tanh", (), [], {}, set(), object(), ..., slice(3), int, len]
        + [np.float32(1), np.int64(2), np.bool_(True), np.str_("relu"), np.dtype("f4")]
        + [memoryview(b"12345678"), bytearray(8), range(3), datetime.date(2000, 1, 1)]
    )


def array(rng: random.Random) -> Any:
    """An array of any type, shape and layout; few bytes, though NumPy may call it huge."""
    dtype = np.dtype(rng.choice(DTYPES) if rng.random() < 0.5 else rng.choice(["f4", "f8"]))
    shape = [rng.choice(DIMENSIONS) for _ in range(rng.choice([0, 1, 2, 2, 3, 3, 3, 4]))]
    if shape and rng.random() < 0.1:
        shape[rng.randrange(len(shape))] = rng.choice([2**45, 2**50])
        return np.broadcast_to(np.zeros((), dtype), shape)
    return np.zeros(shape, dtype)


def layout(rng: random.Random, given: np.ndarray) -> Any:
    """The same values, or some of them, in other clothes."""
    if given.ndim == 0 or given.size == 0 or given.nbytes > 2**20:
        return given  # nothing to lay out, or more than can be copied
    axis = rng.randrange(given.ndim)
    changes: list[Callable[[], Any]] = [
        lambda: given[..., ::-1],
        lambda: given[::-1],
        lambda: np.asfortranarray(given),
        lambda: given.T,
        lambda: np.swapaxes(given, 0, -1),
        lambda: given[1:],
        lambda: given[..., :-1],
        lambda: given[None],
        lambda: np.concatenate([given, given], axis),
        lambda: np.repeat(given, 2, axis).take(range(0, 2 * given.shape[axis], 2), axis),
        lambda: np.broadcast_to(given.take([0], axis), given.shape),
        lambda: as_strided(given, given.shape, [0] * given.ndim),
        lambda: as_strided(given, given.shape, [given.itemsize] * given.ndim, writeable=False),
        lambda: given.view(Subclass),
        lambda: np.ma.masked_array(given, np.arange(given.size).reshape(given.shape) % 2 == 0),
        lambda: (
            np.frombuffer(b"x" + given.tobytes(), "u1")[1:].view(given.dtype).reshape(given.shape)
        ),
        lambda: given.tolist(),
        lambda: given.astype(rng.choice(DTYPES[:13])),
        lambda: given.copy(),
        lambda: given.reshape(-1),
        lambda: memoryview(np.ascontiguousarray(given)),
    ]
    with np.errstate(all="ignore"):  # casts to types that cannot hold the values
        return rng.choice(changes)()


def other(rng: random.Random, given: Any) -> Any:
    """Something else in place of a good argument."""
    if isinstance(given, np.ndarray) and rng.random() < 0.6:
        return layout(rng, given)
    if isinstance(given, tuple) and rng.random() < 0.7:
        parts = list(given)
        if parts and rng.random() < 0.8:
            at = rng.randrange(len(parts))
            parts[at] = other(rng, parts[at])
        else:
            parts = parts * rng.choice([0, 2, 3])
        return rng.choice([tuple, list])(parts)
    return array(rng) if rng.random() < 0.5 else scalar(rng)


def good_option(rng: random.Random, call: Call, name: str) -> Any:
    batch, steps = call.case.batch, call.case.steps
    if name == "lengths":
        return np.array([rng.randint(-1 if rng.random() < 0.1 else 0, steps) for _ in range(batch)])
    if name == "mask":
        return np.array([[rng.random() < 0.6 for _ in range(steps)] for _ in range(batch)], bool)
    if name == "out":
        shape = (steps, batch) if call.options["time_major"] is True else (batch, steps)
        return np.full((*shape, call.case.units), np.nan, call.case.dtype)
    return rng.choice([True, False]) if name != "activation" else rng.choice(["tanh", "relu"])


def nonsense(rng: random.Random) -> Call:
    case = Case(
        rng.choice(list(CELLS)),
        batch=rng.choice([1, 2, 3, 7]),
        steps=rng.choice([0, 1, 2, 5]),
        inputs=rng.choice([1, 2, 3]),
        units=rng.choice([1, 2, 5, 8]),
        dtype=rng.choice(["float32", "float64"]),
        rows=rng.choice(ROWS),
        time_major=rng.random() < 0.3,
        bias=rng.random() < 0.8,
        seed=rng.randrange(100),
    )
    call = make_call(case)
    # The reference would see NaN where strides shift it to real steps; zeros are just as good.
    call = call.changed(x=np.nan_to_num(call.x), dy=np.nan_to_num(call.dy))
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        name = rng.choice(ARRAYS + STATES + OPTIONS)
        if name in OPTIONS:
            given = call.options.get(name, good_option(rng, call, name))
            value = other(rng, given) if rng.random() < 0.5 else given
        else:
            value = other(rng, getattr(call, name))
        call = call.changed(**{name: value})
    return call


def outcome(call: Call, module: Any) -> dict[str, Any]:
    """Results by name, whatever shapes they have."""
    forward = getattr(module, f"{call.case.op}_forward")
    y, state, tape = forward(*call.arguments(), **call.options)
    g = getattr(module, f"{call.case.op}_backward")(tape, call.dy, call.dstate)
    return {
        "y": y,
        **dict(zip("hc", state, strict=False)),
        "dx": g.dx,
        "dkernel": g.dkernel,
        "drecurrent_kernel": g.drecurrent_kernel,
        **({} if g.dbias is None else {"dbias": g.dbias}),
        **{f"d{n}": s for n, s in zip("hc", g.dinitial_state, strict=False)},
    }


def accepts(run: Callable[[], object]) -> bool:
    try:
        run()
    except ALLOWED:
        return False
    return True


def try_one(rng: random.Random) -> bool:
    """Whether the call was accepted (and then right)."""
    call = nonsense(rng)
    try:
        actual = outcome(call, ops)
    except ALLOWED:
        # Where the plain forward accepts the call, the gradients were to blame.
        if accepts(call.infer):
            assert accepts(lambda: outcome(call.changed(dy=None, dstate=None), ops))
        return False
    assert accepts(call.infer)
    batch, steps, inputs = call.x.shape
    if call.options["time_major"]:
        batch, steps = steps, batch
    units = call.recurrent_kernel.shape[0]
    case = Case(call.case.cell, batch, steps, inputs, units, str(actual["y"].dtype))
    # The ops take one array for a tuple of one, the reference does not.
    bare = [name for name in STATES if isinstance(getattr(call, name), np.ndarray)]
    call = call.changed(out=None, **{name: (getattr(call, name),) for name in bare})
    expected = outcome(call, _reference)
    assert_agrees(actual, expected, case)
    return True


def fuzz(seed: int, count: int) -> int:
    rng = random.Random(seed)
    return sum(try_one(rng) for _ in range(count))


@pytest.mark.parametrize("seed", range(2))
def test_nonsense_raises_and_sense_is_right(isa: str, seed: int) -> None:
    accepted = fuzz(seed, 100)
    assert 20 < accepted < 80, "most calls should be refused, but not nearly all"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 104))
def test_much_nonsense(isa: str, seed: int) -> None:
    fuzz(seed, 2500)
