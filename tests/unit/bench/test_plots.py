"""The picture of a run."""

from dataclasses import replace
from pathlib import Path

import pytest

from rnncore.bench import plots
from rnncore.bench.machine import Measured
from rnncore.bench.results import Results


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_picture(kind: str, results: Results, measured: Measured, tmp_path: Path) -> None:
    results.measured = [measured]
    plots.save(results, tmp_path / f"p.{kind}")
    start = {"png": b"\x89PNG", "svg": b"<?xml"}[kind]
    assert (tmp_path / f"p.{kind}").read_bytes().startswith(start)


def test_scaling_is_drawn_where_two_cases_are_alike(results: Results, tmp_path: Path) -> None:
    # Three sizes H with I = H, and no two batches.
    plots.save(replace(results, rows=results.rows), tmp_path / "p.svg")
    text = (tmp_path / "p.svg").read_text()
    assert "Scaling over H: lstm forward, T=10, B=2, I=H, 1 thread(s)" in text
    assert "Scaling over B: fewer than two cases" in text
