"""Whole runs against NumPy, their processes included."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import rnncore
from rnncore import _core
from rnncore.bench import machine
from rnncore.bench.cases import make_cases
from rnncore.bench.command import main
from rnncore.bench.results import Results
from rnncore.bench.run import Run, tampered, worker_environment


@pytest.mark.slow
def test_command_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "r.json"
    grid = ["--grid", "6x3x2x5", "--cells", "rnn,gru", "--modes", "forward,ragged"]
    threads = [1, 2][: machine.cpus()]
    options = [*grid, "--peers", "numpy", "--seconds", "0.001"]
    options += ["--threads", ",".join(map(str, threads))]
    assert main([*options, "--json", str(path)]) == 0
    results = Results.load(path)
    assert [m.threads for m in results.measured] == threads
    # Forward: two libraries, and rnncore that packs in the call. Ragged: rnncore, its full batch.
    # Two threads: rnncore on one, too.
    assert len(results.rows) == 2 * (3 + 2 * 2) + (len(threads) - 1) * 2 * (4 + 2 * 3)
    for row in results.rows:
        assert row.low <= row.median <= row.high
        assert row.error <= 1 and row.limit is not None and row.limit > 0
    left_out = "numpy: ragged: ragged batches are not measured"
    assert left_out in results.notes
    assert all("load" in note or "cores" in note or note == left_out for note in results.notes)
    shown = capfd.readouterr().out
    assert "rnn forward T6 B3 I2 H5" in shown and left_out in shown
    assert "rnncore-padded 0" not in shown  # a variant is no library with a version
    assert main(["--load", str(path), "--compare", str(path), "--fail"]) == 0
    assert "unchanged" in capfd.readouterr().out


def test_a_comparison_runs_the_cases_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "machine", lambda *arguments: None)  # which takes seconds
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    cases = ["--grid", "5x3x2x4", "--cells", "rnn", "--modes", "train,ragged"]
    common = ["--peers", "numpy", "--seconds", "0.001"]
    assert main([*cases, *common, "--json", str(old)]) == 0
    assert main([*common, "--compare", str(old), "--json", str(new)]) == 0
    found = [[(row.case, row.peer) for row in Results.load(path).rows] for path in (old, new)]
    assert found[0] and sorted(map(str, found[0])) == sorted(map(str, found[1]))


def test_a_comparison_runs_an_older_way_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file of the time when rnncore was timed with weights that every call packed."""
    monkeypatch.setattr(Run, "machine", lambda *arguments: None)
    old = tmp_path / "old.json"
    cases = ["--grid", "5x3x2x4", "--cells", "rnn", "--modes", "forward"]
    common = ["--peers", "numpy", "--seconds", "0.001"]
    assert main([*cases, *common, "--json", str(old)]) == 0
    results = Results.load(old)
    results.rows = [
        replace(row, peer="rnncore") if row.peer == "rnncore-unpacked" else row
        for row in results.rows
        if row.peer != "rnncore"
    ]
    results.save(old)
    assert main([*common, "--compare", str(old)]) == 0
    assert "of 1 rows of rnncore are unchanged" in capsys.readouterr().out


def test_a_comparison_with_a_file_without_cases(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "fits.json"
    Results(fits=[{"model": "regression"}]).save(path)
    assert main(["--compare", str(path)]) == 2
    assert "--compare: there is no case in this file" in capsys.readouterr().err


def test_kernels_that_this_machine_does_not_have(capsys: pytest.CaptureFixture[str]) -> None:
    best = rnncore.info()["isa"]
    for isa in set(_core.ISAS) - {"baseline", "avx2", best}:
        assert main(["--isa", isa, "--grid", "2x1x2", "--seconds", "0.001"]) == 2
        message = capsys.readouterr().err.splitlines()[-1]
        assert message.startswith("rnncore bench: error: --isa") and f"'{isa}'" in message


def test_whole_fit_is_a_process_of_its_own() -> None:
    run = Run(["numpy"])
    run.fits(["rnncore", "nothing"], ["regression"], epochs=2)
    assert [entry["library"] for entry in run.results.fits] == ["rnncore"]
    assert run.results.versions == {"rnncore": rnncore.__version__}
    assert run.results.notes == ["fit regression: nothing left out: KeyError: 'nothing'"]


def test_whole_fits_in_the_peers_of_the_run() -> None:
    run = Run(["numpy"])
    run.fits(models=["nothing"], epochs=1)
    assert [note.split(" left out")[0] for note in run.results.notes] == ["fit nothing: rnncore"]


def test_environment_is_the_same_for_all() -> None:
    given = {"OPENBLAS_CORETYPE": "Haswell", "PATH": "p", "RNNCORE_MAX_ISA": "baseline"}
    assert tampered(given) == {"OPENBLAS_CORETYPE": "Haswell"}
    made = worker_environment(2, environ=given)
    assert made["PATH"] == "p" and made["OMP_NUM_THREADS"] == "2"
    assert "OPENBLAS_CORETYPE" not in made and "RNNCORE_MAX_ISA" not in made
    assert worker_environment(1, "avx2", environ=given)["ONEDNN_MAX_CPU_ISA"] == "AVX2"


def test_ctrl_c_keeps_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Run, cases: Any, extra: Any = ()) -> None:
        self.results.notes.append("measured before")
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "cases", interrupted)
    path = tmp_path / "r.json"
    assert main(["--quick", "--json", str(path)]) == 130
    notes = Results.load(path).notes
    assert "measured before" in notes and any("interrupted" in note for note in notes)
    assert main(["--load", str(path)]) == 0


def test_a_worker_that_never_begins_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "_work", lambda *arguments: "no such kernels")
    run = Run(["numpy"], 0.1)
    with pytest.raises(RuntimeError, match="the process that measures failed: no such kernels"):
        run.cases(make_cases(["rnn"], ["step"], [(1, 1, 2, 2)]))
