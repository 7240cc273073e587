"""Activations beside tanh and sigmoid, and recurrent dropout: the generic form of the equations."""

from __future__ import annotations

from itertools import cycle, product
from typing import Any

import numpy as np
import pytest
from calls import (
    ALL_CELLS,
    CELLS,
    GENERIC,
    ISAS,
    ROWS,
    Case,
    assert_agrees,
    assert_same_bits,
    make_call,
    reference_result,
)
from choosing import pairwise, pairwise_cases

from rnncore import _core, ops
from rnncore.testing import gradient_errors

DTYPES = ("float32", "float64")
# What has tests of its own with the usual activations.
LOOSELY = ("batch", "steps", "inputs", "units", "rows")
# Without kinks, where differences mean nothing.
SMOOTH = [name for name in ALL_CELLS if "relu" not in name and "hard" not in name]


def random_cases(cells: Any, count: int, **given: Any) -> list[Case]:
    """Shapes that fit no tile, few steps (gates that are not bounded amplify), the rest in turn."""
    rng = np.random.default_rng(99)
    rest = cycle(product(DTYPES, ROWS, (False, True)))
    cases = []
    for seed, cell in product(range(count), cells):
        dtype, rows, go_backwards = next(rest)
        cases.append(
            Case(
                cell,
                batch=int(rng.choice([1, 2, 3, 5, 7, 13])),
                steps=int(rng.choice([0, 1, 2, 4])),
                inputs=int(rng.choice([1, 2, 5, 12])),
                units=int(rng.choice([1, 2, 3, 7, 8, 9, 16, 17, 33, 50])),
                dtype=dtype,
                rows=rows,
                go_backwards=go_backwards,
                time_major=bool(rng.integers(2)),
                bias=bool(rng.random() < 0.8),
                states=bool(rng.random() < 0.8),
                seed=seed,
                **given,
            )
        )
    return cases


@pairwise_cases(random_cases(GENERIC, 12), isa=ISAS, loosely=LOOSELY)
def test_activations(isa: str, case: Case) -> None:
    call = make_call(case)
    actual = call.train()
    assert_agrees(actual, reference_result(case), case)
    assert_same_bits(call.infer(), actual)


@pairwise_cases(random_cases(ALL_CELLS, 8, dropout=True), isa=ISAS, loosely=LOOSELY)
def test_recurrent_dropout(isa: str, case: Case) -> None:
    actual = make_call(case).train()
    assert_agrees(actual, reference_result(case), case)


@pairwise(isa=ISAS, cell=SMOOTH, rows=["full", "lengths", "holes"], dropout=[False, True])
def test_finite_differences(isa: str, cell: str, rows: str, dropout: bool) -> None:
    call = make_call(Case(cell, 3, 4, 2, 5, rows=rows, dropout=dropout))
    result = call.train()
    x = np.where(np.isnan(call.x), 0.0, call.x)
    dy = np.where(np.isnan(call.dy), 0.0, call.dy)
    call = call.changed(x=x, dy=dy)
    arrays = {"x": x, "kernel": call.kernel, "recurrent_kernel": call.recurrent_kernel}
    arrays |= {"bias": call.bias, **dict(zip("hc", call.initial_state, strict=False))}
    states = [name for name in "hc" if name in arrays]

    def loss() -> float:
        found = call.train()
        total = float((found["y"] * dy).sum())
        return total + sum(
            float((found[name] * d).sum()) for name, d in zip(states, call.dstate, strict=True)
        )

    gradients = {name: result[f"d{name}"] for name in arrays}
    errors = gradient_errors(loss, arrays, gradients, max_entries=6)
    assert max(errors.values()) < 1e-8, errors


@pairwise(isa=ISAS, cell=GENERIC, dropout=[False, True])
def test_threads_change_no_bit(isa: str, cell: str, dropout: bool) -> None:
    """Enough work that two threads share it, by rows and by units."""
    before = _core.get_context()
    for batch, units in ((24, 48), (2, 260)):
        steps = 30 if batch > 2 else 3
        case = Case(cell, batch, steps, 5, units, "float32", "lengths", dropout=dropout)
        results = []
        try:
            for threads in (1, 2):
                _core.set_context(_core.Context(threads, isa))
                results.append(make_call(case).train())
        finally:
            _core.set_context(before)
        assert_same_bits(results[1], results[0])


@pytest.mark.parametrize("cell", CELLS)
def test_masks_of_ones_change_nothing(isa: str, cell: str) -> None:
    call = make_call(Case(cell, 7, 5, 3, 20, rows="lengths", dropout=True))
    ones = call.changed(recurrent_mask=np.ones_like(call.recurrent_mask)).train()
    plain = call.changed(recurrent_mask=None).train()
    assert_agrees(ones, plain, call.case)


def test_zero_masks_cut_the_recurrence(isa: str) -> None:
    call = make_call(Case("lstm", 3, 4, 2, 5, dropout=True))
    cut = call.changed(recurrent_mask=np.zeros_like(call.recurrent_mask)).train()
    assert not cut["drecurrent_kernel"].any() and not cut["dh"].any()
    assert cut["dc"].any() and cut["dkernel"].any()


def test_nan_goes_through(isa: str) -> None:
    for activation in _core.ACTIVATIONS:
        x = np.full((1, 1, 1), np.nan)
        y, _ = ops.simple_rnn(x, np.ones((1, 3)), np.zeros((3, 3)), activation=activation)
        assert np.isnan(y).all(), activation


def test_the_default_is_the_fused_path(isa: str) -> None:
    """Naming the defaults changes no bit, and the tape is as large for every activation."""
    call = make_call(Case("lstm", 5, 6, 3, 9, "float32"))
    named = call.changed(activation="tanh", recurrent_activation="sigmoid")
    assert_same_bits(named.train(), call.train())
    sizes = set()
    for more in ({}, {"activation": "relu", "recurrent_activation": "hard_sigmoid"}):
        options = {"training": True, "workspace": _core.Workspace(), **more}
        arguments = (*call.arguments(), None, None, False, False, None)
        sizes.add(_core.run(_core.forward_call("lstm", *arguments, **options))[2].nbytes)
    assert len(sizes) == 1


@pytest.mark.parametrize(
    ("activation", "gates", "dropout", "path"),
    [
        ("tanh", "sigmoid", False, "fused"),
        ("tanh", "sigmoid", True, "generic"),
        ("tanh", "tanh", False, "generic"),
        ("sigmoid", "sigmoid", False, "generic"),
        ("tanh", "hard_sigmoid", False, "generic"),
    ],
)
def test_kernel_path(activation: str, gates: str, dropout: bool, path: str) -> None:
    for cell in ("lstm", "gru"):
        assert _core.kernel_path(cell, activation, gates, dropout) == path


def test_refused_masks() -> None:
    call = make_call(Case("gru", 3, 4, 2, 5, dropout=True))
    with pytest.raises(ValueError, match=r"recurrent_mask: expected shape \(3, 3, 5\)"):
        call.changed(recurrent_mask=call.recurrent_mask[:2]).train()
    with pytest.raises(TypeError, match=r"recurrent_mask: expected dtype float64"):
        call.changed(recurrent_mask=call.recurrent_mask.astype("float32")).train()
    for name in ("activation", "recurrent_activation"):
        with pytest.raises(ValueError, match=f"^{name}: expected one of tanh, .* got 'selu'"):
            call.changed(**{name: "selu"}).infer()
