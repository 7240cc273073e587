"""JSON, tables, regressions, pictures."""

from dataclasses import replace
from pathlib import Path

import pytest

from rnncore.bench import plots, regressions, report
from rnncore.bench.machine import Measured
from rnncore.bench.results import Results


def slowed(results: Results, factors: dict[str, float]) -> Results:
    """The same run with the times of some libraries multiplied."""
    rows = [
        replace(row, **{k: getattr(row, k) * factors.get(row.peer, 1.0) for k in names})
        for names in [("median", "low", "high")]
        for row in results.rows
    ]
    return replace(results, rows=rows)


def test_json_round_trip(results: Results, measured: Measured, tmp_path: Path) -> None:
    results.measured = [measured]
    results.notes = ["torch: left out"]
    results.save(tmp_path / "r.json")
    assert Results.load(tmp_path / "r.json") == results


def test_other_json_is_refused() -> None:
    with pytest.raises(ValueError, match='there is no "format": 1 in it'):
        Results.from_json('{"format": 99}')


def test_rows_know_their_share_of_the_limit(results: Results) -> None:
    row = results.rows[0]
    assert row.fraction == pytest.approx(0.5)
    assert row.rate == pytest.approx(1e6 / 16e-6)
    assert row.spread == pytest.approx(0.02)


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


def test_the_same_run_has_no_regressions(results: Results) -> None:
    comparison = regressions.compare_runs(results, results)
    assert comparison.drift == 1.0
    assert {change.verdict for change in comparison.changes} == {"same"}


def test_a_slower_run_is_found(results: Results) -> None:
    comparison = regressions.compare_runs(results, slowed(results, {"rnncore": 1.2}))
    assert len(comparison.slower) == 3
    assert comparison.slower[0].ratio == pytest.approx(1.2)
    assert "+20%" in regressions.text(comparison)
    comparison = regressions.compare_runs(slowed(results, {"rnncore": 1.2}), results)
    assert {change.verdict for change in comparison.changes} == {"faster"}


def test_a_slower_machine_is_no_regression(results: Results) -> None:
    everything = dict.fromkeys(("rnncore", "torch", "numpy"), 1.5)
    comparison = regressions.compare_runs(results, slowed(results, everything))
    assert comparison.drift == pytest.approx(1.5)
    assert not comparison.slower


def test_noise_is_no_regression(results: Results) -> None:
    wide = replace(
        results,
        rows=[replace(r, low=r.median * 0.8, high=r.median * 1.2) for r in results.rows],
    )
    comparison = regressions.compare_runs(wide, slowed(wide, {"rnncore": 1.3}))
    assert not comparison.slower


def test_too_few_libraries_say_nothing_of_the_machine(results: Results) -> None:
    ours = replace(results, rows=[row for row in results.rows if row.peer == "rnncore"])
    comparison = regressions.compare_runs(ours, slowed(ours, {"rnncore": 1.3}))
    assert comparison.drift is None and comparison.slower
    assert "too few other libraries" in regressions.text(comparison)


def test_runs_without_a_common_case(results: Results) -> None:
    other = replace(
        results,
        rows=[replace(row, case=replace(row.case, units=999)) for row in results.rows],
    )
    with pytest.raises(ValueError, match="no case of rnncore is in both runs"):
        regressions.compare_runs(results, other)


def test_picture(results: Results, measured: Measured, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    results.measured = [measured]
    plots.save(results, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_picture_without_matplotlib_names_the_extra(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"rnncore\[plot\]"):
        plots.save(results, tmp_path / "p.png")
