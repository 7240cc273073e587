"""Results as text."""

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
