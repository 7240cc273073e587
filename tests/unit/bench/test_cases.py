"""Grids of cases and their arrays."""

import argparse
from dataclasses import asdict, replace

import numpy as np
import pytest

from rnncore.bench.cases import (
    GRIDS,
    Case,
    count,
    make_cases,
    make_problem,
    output_names,
    parse_grid,
)


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


def test_work_counts_every_product() -> None:
    case = Case("lstm", "forward", steps=10, batch=3, inputs=5, units=7)
    work = count(case)
    assert work.product_flops == 2 * 10 * 3 * 5 * 28
    assert work.recurrent_flops == 2 * 10 * 3 * 7 * 28
    assert (work.weight_bytes, work.weight_reads) == (7 * 28 * 4, 10)
    training = count(Case("lstm", "train", 10, 3, 5, 7, dtype="float64"))
    assert training.flops == 3 * work.flops
    assert training.product_flops == 3 * work.product_flops + work.recurrent_flops
    assert training.bytes == 2 * 2 * work.bytes
    assert count(case, 0.5).flops == work.flops / 2


def test_a_stack_is_four_layers() -> None:
    case = Case("lstm", "stack", steps=10, batch=3, inputs=5, units=7)
    problem = make_problem(case)
    assert [weights.kernel.shape for weights in problem.weights] == [(5, 28)] * 2 + [(14, 28)] * 2
    assert problem.dy.shape == (10, 3, 14)
    work, one = count(case), count(Case("lstm", "forward", 10, 3, 5, 7))
    assert work.product_flops == 2 * 10 * 3 * (2 * 5 + 2 * 14) * 28
    assert work.recurrent_flops == 4 * one.recurrent_flops
    assert (work.weight_bytes, work.weight_reads) == (one.weight_bytes, 40)
    both = count(Case("lstm", "stack", 10, 3, 5, 7, threads=2))
    assert (both.weight_bytes, both.weight_reads) == (2 * one.weight_bytes, 20)
    assert output_names(case) == ["y"]
    assert len(output_names(replace(case, mode="stack_train"))) == 1 + 13
