"""One result, bit for bit: whatever the threads, the run, and the other rows of the batch."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import numpy as np
import pytest
from calls import CELLS, ISAS, Call, Case, assert_same_bits, make_call
from choosing import pairwise

import rnncore
from rnncore import _core

# Large enough to be divided: by rows, by units with a barrier at every step, and ragged both ways.
DIVIDED = {
    "rows": {"batch": 24, "steps": 12, "inputs": 20, "units": 70},
    "rows_in_place": {"batch": 26, "steps": 12, "inputs": 20, "units": 60, "time_major": True},
    "rows_ragged": {"batch": 37, "steps": 20, "inputs": 8, "units": 65, "rows": "lengths"},
    "rows_masked": {"batch": 33, "steps": 20, "inputs": 8, "units": 64, "rows": "holes"},
    "units": {"batch": 1, "steps": 12, "inputs": 24, "units": 260},
    "units_ragged": {"batch": 3, "steps": 16, "inputs": 5, "units": 257, "rows": "lengths"},
    "units_backwards": {"batch": 2, "steps": 12, "inputs": 5, "units": 288, "go_backwards": True},
    "inputs": {"batch": 2, "steps": 120, "inputs": 700, "units": 24},
    "unpacked": {"batch": 1, "steps": 3, "inputs": 1500, "units": 800},
    "chunks": {"batch": 130, "steps": 9, "inputs": 4, "units": 40, "rows": "lengths"},
}
# The step of a SimpleRNN does a third or a quarter of the work: more units, to be divided too.
WIDER = {"units": 520, "units_ragged": 513, "units_backwards": 544}


def divided(cell: str, how: str, dtype: str) -> Call:
    shape = dict(DIVIDED[how])
    if cell.startswith("rnn") and how in WIDER:
        shape["units"] = WIDER[how]
    return make_call(Case(cell, dtype=dtype, **shape))


def use_threads(count: int) -> None:
    """So many threads, whatever the machine has."""
    rnncore.set_num_threads(count)
    _core.get_context().assume_cpus(count)


def workers_did_something(run: Callable[[], object], used: int = 2) -> bool:
    """Repeats `run` until each thread has worked: they claim work freely, so one may come late."""
    until = time.monotonic() + 60.0
    while time.monotonic() < until:
        run()
        if all(_core.get_context().tasks_done[:used]):
            return True
    return False


@pairwise(
    isa=ISAS,
    how=DIVIDED,
    cell=["lstm", "gru", "gru_before", "rnn_tanh"],
    dtype=["float32", "float64"],
)
def test_threads_change_no_bit(runtime: None, isa: str, cell: str, how: str, dtype: str) -> None:
    call = divided(cell, how, dtype)
    rnncore.set_num_threads(1)
    expected = call.train()
    assert_same_bits(call.infer(), expected)
    for threads in (2, 3, 4, 8):
        use_threads(threads)
        assert_same_bits(call.train(), expected)
        assert_same_bits(call.infer(), expected)


@pairwise(how=DIVIDED, mode=["infer", "train"], cell=["lstm", "gru_before"])
def test_both_threads_worked(runtime: None, cell: str, mode: str, how: str) -> None:
    call = divided(cell, how, "float32")
    rnncore.set_num_threads(1)
    expected = getattr(call, mode)()
    assert _core.get_context().tasks_done[0] > 0
    use_threads(2)
    assert _core.get_context().tasks_done == (0, 0)
    assert workers_did_something(lambda: assert_same_bits(getattr(call, mode)(), expected))
    assert len(_core.get_context().tasks_done) == 2


def test_small_work_stays_on_the_calling_thread(runtime: None) -> None:
    use_threads(2)
    call = make_call(Case("lstm", 4, 5, 3, 8, "float32"))
    for _ in range(20):
        call.train()
        call.infer()
    caller, worker = _core.get_context().tasks_done
    assert caller > 0
    assert worker == 0


@pytest.mark.parametrize("how", [how for how in DIVIDED if how not in ("unpacked", "chunks")])
def test_a_pass_is_one_parallel_section_whatever_its_length(runtime: None, how: str) -> None:
    use_threads(2)
    for cell in ("lstm", "gru_before"):
        for factor in (1, 10):
            case = divided(cell, how, "float32").case
            call = make_call(dataclasses.replace(case, steps=case.steps * factor))
            before = _core.get_context().sections
            call.infer()
            assert _core.get_context().sections - before == 1
            before = _core.get_context().sections
            call.train()  # forward, backward, and the gradients of the weights
            assert _core.get_context().sections - before == (2 if how == "inputs" else 3)


def test_more_threads_than_cpus_are_not_used(runtime: None) -> None:
    rnncore.set_num_threads(8)
    _core.get_context().assume_cpus(2)
    call = divided("lstm", "rows", "float32")
    assert workers_did_something(call.infer, used=2)
    assert _core.get_context().tasks_done[2:] == (0,) * 6


@pytest.mark.parametrize("cell", CELLS)
def test_a_second_run_gives_the_same_bits(isa: str, cell: str) -> None:
    call = make_call(Case(cell, 20, 11, 7, 33, "float32", "lengths"))
    expected = call.train()
    for _ in range(3):
        assert_same_bits(call.train(), expected)
        assert_same_bits(make_call(call.case).train(), expected)


def some_rows(call: Call, rows: slice) -> Call:
    """The call of some of its rows."""
    options = dict(call.options)
    for name in {"lengths", "mask"} & set(options):
        options[name] = options[name][rows]
    state = tuple(s[rows] for s in call.initial_state)
    return call.changed(x=call.x[rows], initial_state=state, **options)


@pairwise(isa=ISAS, cell=CELLS, rows=["full", "lengths", "holes"], dtype=["float32", "float64"])
def test_a_row_does_not_depend_on_its_batch_mates(
    isa: str, cell: str, rows: str, dtype: str
) -> None:
    call = make_call(Case(cell, 15, 9, 5, 33, dtype, rows))
    whole = call.infer()
    for rows in [*(slice(row, row + 1) for row in range(15)), slice(4, 11)]:
        expected = {name: array[rows] for name, array in whole.items()}
        assert_same_bits(some_rows(call, rows).infer(), expected)


@pairwise(
    isa=ISAS,
    cell=CELLS,
    count=[1, 2, 3, 4],
    units=[1, 16, 17, 40, 64, 97, 144],
    dtype=["float32", "float64"],
    rows=["full", "lengths"],
    go_backwards=[False, True],
    loosely=["isa", "rows"],
)
def test_few_rows_have_the_bits_of_many(
    isa: str, cell: str, count: int, units: int, dtype: str, rows: str, go_backwards: bool
) -> None:
    call = make_call(Case(cell, 9, 21, 5, units, dtype, rows, go_backwards))
    dstate = tuple(s[:count] for s in call.dstate)
    few = some_rows(call, slice(count)).changed(dy=call.dy[:count], dstate=dstate)
    expected = {name: array[:count] for name, array in call.infer().items()}
    assert_same_bits(few.infer(), expected)
    trained = few.train()
    assert_same_bits({name: trained[name] for name in expected}, expected)


def test_nonsense_in_one_row_stays_there(isa: str) -> None:
    call = make_call(Case("gru", 9, 6, 3, 17, "float32"))
    expected = call.infer()
    for bad in (np.nan, np.inf, -np.inf, 3e38):
        x = call.x.copy()
        x[4, 2] = bad
        actual = call.changed(x=x).infer()
        others = np.arange(9) != 4
        for name, array in actual.items():
            np.testing.assert_array_equal(array[others], expected[name][others])
        np.testing.assert_array_equal(actual["y"][4, :2], expected["y"][4, :2])
    x = call.x.copy()
    x[:, 2] = np.nan
    y = call.changed(x=x).infer()["y"]
    assert np.isnan(y[:, 2:]).all()
    np.testing.assert_array_equal(y[:, :2], expected["y"][:, :2])


@pairwise(
    isa=ISAS,
    cell=["lstm", "gru", "gru_before", "rnn_tanh"],
    rows=["full", "lengths", "front", "holes", "mask_none"],
)
def test_work_is_the_sum_of_the_lengths(isa: str, cell: str, rows: str) -> None:
    call = make_call(Case(cell, 16, 40, 3, 9, "float32", rows))
    steps = int(call.real.sum())
    assert rows == "full" or steps < 16 * 40
    for run in (call.infer, call.train):
        before = _core.get_context().row_steps
        run()
        assert _core.get_context().row_steps - before == steps
