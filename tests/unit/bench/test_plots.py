"""The picture of a run."""

from pathlib import Path

from rnncore.bench import plots
from rnncore.bench.machine import Measured
from rnncore.bench.results import Results


def test_picture(results: Results, measured: Measured, tmp_path: Path) -> None:
    results.measured = [measured]
    plots.save(results, tmp_path / "p.svg")
    text = (tmp_path / "p.svg").read_text()
    for label in ("lstm forward float32 1t", "DRAM", "torch", "numpy"):
        assert label in text
    # Three sizes H with I = H, and no two batches.
    assert "Scaling over H: lstm forward, T=10, B=2, I=H, 1 thread(s)" in text
    assert "Scaling over B: fewer than two cases" in text
