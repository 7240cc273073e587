"""Grids of cases and their arrays."""

import argparse
from dataclasses import asdict

import numpy as np
import pytest

from rnncore.bench.cases import GRIDS, Case, make_cases, make_problem, parse_grid


def test_case_round_trip() -> None:
    case = Case("gru", "ragged", 5, 4, 3, 2, threads=2, rows="front", isa="avx2")
    assert Case(**asdict(case)) == case
    assert str(case) == "gru ragged T5 B4 I3 H2 float32 2t front avx2"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"cell": "tanh"}, "cell"),
        ({"mode": "backward"}, "mode"),
        ({"dtype": "float16"}, "dtype"),
        ({"units": 0}, "units"),
        ({"rows": "lengths"}, "rows"),
        ({"mode": "ragged"}, "rows"),
        ({"mode": "step"}, "steps"),
    ],
)
def test_case_names_what_is_wrong(changes: dict[str, object], name: str) -> None:
    values = asdict(Case("lstm", "forward", 5, 4, 3, 2)) | changes
    with pytest.raises(ValueError, match=f"^Case: {name}: expected"):
        Case(**values)


def test_make_cases_has_no_repetitions() -> None:
    shapes = parse_grid("limits")
    cases = make_cases(["lstm", "rnn"], ["step", "forward", "fit"], shapes)
    # Step depends on I and H only, of which the shapes have five.
    assert len(cases) == 2 * (5 + len(shapes))
    assert len(set(cases)) == len(cases)
    assert {case.steps for case in cases if case.mode == "step"} == {1}


def test_ragged_comes_as_lengths_and_as_masks() -> None:
    first, second = (make_problem(c) for c in make_cases(["lstm"], ["ragged"], [(9, 6, 3, 4)]))
    assert first.lengths is not None and first.mask is None
    assert second.lengths is None and second.mask is not None
    assert first.lengths.min() >= 1 and first.lengths.max() <= 9
    assert second.mask.sum(1).tolist() == first.lengths.tolist()
    assert (np.diff(second.mask.astype(int), axis=1) >= 0).all(), "padding stands in front"
    assert first.share == second.share == first.lengths.sum() / 54


def test_problem_is_the_same_every_time() -> None:
    case = Case("gru", "step", 1, 1, 3, 4, dtype="float64")
    one, two = make_problem(case), make_problem(case)
    assert np.array_equal(one.x, two.x) and one.x.dtype == np.float64
    assert one.weights[0].bias.shape == (2, 12)
    assert one.state is not None and [array.shape for array in one.state] == [(1, 4)]


def test_grids() -> None:
    for name in GRIDS:
        shapes = parse_grid(name)
        assert len(set(shapes)) == len(shapes), name
    assert parse_grid("2x1x3") == [(2, 1, 3, 3)]
    with pytest.raises(argparse.ArgumentTypeError, match="all numbers positive, got '10x0x3'"):
        parse_grid("10x0x3")
