"""What became slower, and what is the machine or the noise."""

from dataclasses import replace

import pytest

from rnncore.bench import regressions
from rnncore.bench.results import Results


def slowed(results: Results, factors: dict[str, float]) -> Results:
    """The same run with the times of some libraries multiplied."""
    rows = [
        replace(row, **{k: getattr(row, k) * factors.get(row.peer, 1.0) for k in names})
        for names in [("median", "low", "high")]
        for row in results.rows
    ]
    return replace(results, rows=rows)


def slower(changes: list[regressions.Change]) -> list[regressions.Change]:
    return [change for change in changes if change.verdict == "slower"]


def test_the_same_run_has_no_regressions(results: Results) -> None:
    drift, changes = regressions.compare_runs(results, results)
    assert drift == 1.0
    assert {change.verdict for change in changes} == {"same"}


def test_a_slower_run_is_found(results: Results) -> None:
    drift, changes = regressions.compare_runs(results, slowed(results, {"rnncore": 1.2}))
    assert len(slower(changes)) == 3
    assert slower(changes)[0].ratio == pytest.approx(1.2)
    assert "+20%" in regressions.text(drift, changes)
    drift, changes = regressions.compare_runs(slowed(results, {"rnncore": 1.2}), results)
    assert {change.verdict for change in changes} == {"faster"}


def test_a_slower_machine_is_no_regression(results: Results) -> None:
    everything = dict.fromkeys(("rnncore", "torch", "numpy"), 1.5)
    drift, changes = regressions.compare_runs(results, slowed(results, everything))
    assert drift == pytest.approx(1.5)
    assert not slower(changes)


def test_noise_is_no_regression(results: Results) -> None:
    wide = replace(
        results,
        rows=[replace(r, low=r.median * 0.8, high=r.median * 1.2) for r in results.rows],
    )
    _, changes = regressions.compare_runs(wide, slowed(wide, {"rnncore": 1.3}))
    assert not slower(changes)


def test_too_few_libraries_say_nothing_of_the_machine(results: Results) -> None:
    ours = replace(results, rows=[row for row in results.rows if row.peer == "rnncore"])
    drift, changes = regressions.compare_runs(ours, slowed(ours, {"rnncore": 1.3}))
    assert drift is None and slower(changes)
    assert "too few other libraries" in regressions.text(drift, changes)


def test_runs_without_a_common_case(results: Results) -> None:
    other = replace(
        results,
        rows=[replace(row, case=replace(row.case, units=999)) for row in results.rows],
    )
    with pytest.raises(ValueError, match="no case of rnncore is in both runs"):
        regressions.compare_runs(results, other)
