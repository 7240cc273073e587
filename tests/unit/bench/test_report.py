"""Results as text; what became slower, and what is the machine or the noise."""

from dataclasses import replace

import pytest

from rnncore.bench import report
from rnncore.bench.results import Results


def test_table_shows_ratios_and_summary_their_mean(results: Results) -> None:
    text = report.text(results)
    line = next(line for line in text.splitlines() if " torch " in line)
    assert "2.00x" in line and "25%" in line and "32.0 us" in line
    assert any(
        line.split()[:4] == ["forward", "numpy", "4.00", "4.00"] for line in text.split("\n")
    )


def test_fits_stand_beside_ours() -> None:
    common = {"model": "text", "low": 0.9, "high": 1.1, "samples_per_second": 32.0, "loss": 0.5}
    common |= {"import": 0.1, "first_batch": 0.2, "first_epoch": 2.0, "peak_bytes": 1 << 20}
    fits = [{**common, "library": name, "step": step} for name, step in (("rnncore", 1), ("k", 3))]
    ours, theirs = report.fits_table(fits).splitlines()[2:]
    assert ours.split()[:2] == ["text", "rnncore"] and "1 MiB" in ours
    assert "3.00x" in theirs


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1.5e-7, "0.15 us"), (2e-4, "200 us"), (0.0123, "12.3 ms"), (70, "70.0 s")],
)
def test_duration(seconds: float, text: str) -> None:
    assert report.duration(seconds) == text


def slowed(results: Results, factors: dict[str, float]) -> Results:
    """The same run with the times of some libraries multiplied."""
    rows = [
        replace(row, **{k: getattr(row, k) * factors.get(row.peer, 1.0) for k in names})
        for names in [("median", "low", "high")]
        for row in results.rows
    ]
    return replace(results, rows=rows)


def slower(changes: list[report.Change]) -> list[report.Change]:
    return [change for change in changes if change.verdict == "slower"]


def test_the_same_run_has_no_regressions(results: Results) -> None:
    drift, changes = report.compare_runs(results, results)
    assert drift == 1.0
    assert {change.verdict for change in changes} == {"same"}


def test_a_slower_run_is_found(results: Results) -> None:
    drift, changes = report.compare_runs(results, slowed(results, {"rnncore": 1.2}))
    assert len(slower(changes)) == 3
    assert slower(changes)[0].ratio == pytest.approx(1.2)
    assert "+20%" in report.changes_text(drift, changes)
    drift, changes = report.compare_runs(slowed(results, {"rnncore": 1.2}), results)
    assert {change.verdict for change in changes} == {"faster"}


def test_a_slower_machine_is_no_regression(results: Results) -> None:
    everything = dict.fromkeys(("rnncore", "torch", "numpy"), 1.5)
    drift, changes = report.compare_runs(results, slowed(results, everything))
    assert drift == pytest.approx(1.5)
    assert not slower(changes)


def test_noise_is_no_regression(results: Results) -> None:
    wide = replace(
        results,
        rows=[replace(r, low=r.median * 0.8, high=r.median * 1.2) for r in results.rows],
    )
    _, changes = report.compare_runs(wide, slowed(wide, {"rnncore": 1.3}))
    assert not slower(changes)


def test_too_few_libraries_say_nothing_of_the_machine(results: Results) -> None:
    ours = replace(results, rows=[row for row in results.rows if row.peer == "rnncore"])
    drift, changes = report.compare_runs(ours, slowed(ours, {"rnncore": 1.3}))
    assert drift is None and slower(changes)
    assert "too few other libraries" in report.changes_text(drift, changes)


def test_runs_without_a_common_case(results: Results) -> None:
    other = replace(
        results,
        rows=[replace(row, case=replace(row.case, units=999)) for row in results.rows],
    )
    with pytest.raises(ValueError, match="no case of rnncore is in both runs"):
        report.compare_runs(results, other)


def test_ours_is_compared_with_what_packed_as_often(results: Results) -> None:
    """In an older file rnncore itself packed the weights in every call."""
    ours = [row for row in results.rows if row.peer == "rnncore"]
    old = replace(results, rows=[replace(row, variant="ops") for row in results.rows])
    fast = [replace(row, variant="packed", median=row.median / 2) for row in ours]
    slow = [replace(row, variant="ops", peer="rnncore-unpacked") for row in ours]
    _, changes = report.compare_runs(old, replace(results, rows=[*fast, *slow]))
    assert [change.new.peer for change in changes] == ["rnncore-unpacked"] * len(ours)
    assert {change.ratio for change in changes} == {1.0}
