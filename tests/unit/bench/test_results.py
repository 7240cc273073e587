"""What is saved and loaded."""

from dataclasses import replace
from pathlib import Path

import pytest

from rnncore.bench.cases import Case
from rnncore.bench.machine import Measured
from rnncore.bench.results import Results

STORED = Path(__file__).parents[3] / "benchmarks" / "results"


def test_json_round_trip(results: Results, measured: Measured, tmp_path: Path) -> None:
    results.measured = [measured]
    results.notes = ["torch: left out"]
    results.save(tmp_path / "r.json")
    assert Results.load(tmp_path / "r.json") == results


def test_rows_know_their_share_of_the_limit(results: Results) -> None:
    row = results.rows[0]
    assert row.fraction == pytest.approx(0.5)
    assert row.rate == pytest.approx(1e6 / 16e-6)
    assert row.spread == pytest.approx(0.02)


@pytest.mark.parametrize("path", sorted(STORED.glob("*/*.json")), ids=lambda path: path.stem)
def test_stored_results_can_be_read(path: Path) -> None:
    results = Results.load(path)
    assert results.rows or results.fits or results.memory or results.hog


def test_more_threads_than_cpus_have_the_limits_of_all_cpus(measured: Measured) -> None:
    double = {"float32": 2e11, "float64": 1e11}
    results = Results(measured=[measured, replace(measured, threads=2, peak=double)])
    for threads, expected in ((1, 1), (2, 2), (4, 2)):
        case = Case("rnn", "forward", 5, 2, 3, 4, threads=threads)
        found = results.machine_for(case)
        assert found is not None and found.threads == expected
