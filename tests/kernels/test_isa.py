"""Which table of kernels ran."""

from __future__ import annotations

import numpy as np
import pytest
from calls import CELLS, Case, assert_same_bits, make_call

import rnncore
from rnncore import _core, ops

ISAS = _core.available_isas()


VALUES = np.random.default_rng(0).uniform(-4, 4, 20_000)


def by_a_layer(activation: str, values: np.ndarray) -> np.ndarray:
    """activation(values) as the step's kernel computes it: one unit, one step, weights 1 and 0."""
    one, zero = np.ones((1, 1), values.dtype), np.zeros((1, 1), values.dtype)
    y, _ = ops.simple_rnn(values.reshape(-1, 1, 1), one, zero, activation=activation)
    return y.reshape(-1)


def test_baseline_always_runs() -> None:
    assert set(ISAS) & {"baseline", "neon"}


@pytest.mark.parametrize("function", ["sigmoid", "tanh"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_layer_ran_the_kernels_that_info_names(isa: str, dtype: str, function: str) -> None:
    assert rnncore.info()["isa"] == _core.get_context().isa == isa
    values = VALUES.astype(dtype)
    ran = by_a_layer(function, values)
    np.testing.assert_array_equal(ran, _core.activation(function, values, isa))
    if isa == "baseline" and "avx2" in ISAS:
        assert np.any(ran != _core.activation(function, values, "avx2"))


@pytest.mark.skipif("avx2" not in ISAS, reason="only one table of kernels runs here")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tables_differ_in_their_last_bits(runtime: None, dtype: str) -> None:
    """The baseline has no fused multiply-add: if all bits agreed, one table would run twice."""
    for cell in CELLS:
        results = {}
        for isa in ("baseline", "avx2"):
            rnncore.set_max_isa(isa)
            results[isa] = make_call(Case(cell, 4, 6, 5, 33, dtype)).train()
        for name, array in results["baseline"].items():
            assert np.any(array != results["avx2"][name]), f"{cell}: {name}"


def test_the_choice_can_be_lowered_and_lifted(runtime: None) -> None:
    best = ISAS[-1]
    for isa in ISAS:
        rnncore.set_max_isa(isa)
        assert rnncore.info()["isa"] == isa
    rnncore.set_max_isa(None)
    assert rnncore.info()["isa"] == best
    assert rnncore.info()["isas"] == ISAS


def test_an_isa_that_is_not_there(runtime: None) -> None:
    """One that this CPU lacks means the best below it; one of another family is an error."""
    family = {"neon"} if "neon" in ISAS else set(_core.ISAS) - {"neon"}
    for name in _core.ISAS:
        if name in family:
            rnncore.set_max_isa(name)
            assert rnncore.info()["isa"] == (name if name in ISAS else ISAS[-1])
            continue
        before = rnncore.info()["isa"]
        with pytest.raises(ValueError, match=f"name: expected .* got '{name}'"):
            rnncore.set_max_isa(name)
        rnncore.set_num_threads(rnncore.get_num_threads())
        assert rnncore.info()["isa"] == before


def test_a_tape_keeps_its_kernels(runtime: None) -> None:
    """A backward runs what its forward ran, whatever was chosen in between."""
    case = Case("lstm", 5, 6, 3, 17, "float32", "lengths")
    for first in ISAS:
        for then in ISAS:
            rnncore.set_max_isa(first)
            expected = make_call(case).train()
            call = make_call(case)
            _, _, tape = ops.lstm_forward(*call.arguments(), **call.options)
            rnncore.set_max_isa(then)
            g = ops.lstm_backward(tape, call.dy, call.dstate)
            assert_same_bits({"dx": g.dx, "dkernel": g.dkernel}, expected)
