"""A whole run against NumPy, its processes included, and how libraries are left out."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnncore
from rnncore import _core
from rnncore.bench import environment, fit, machine, worker
from rnncore.bench.cases import CELLS, Case, gradient_names, make_cases, make_problem
from rnncore.bench.check import agreement
from rnncore.bench.command import main
from rnncore.bench.peers import LIBRARIES, PEERS, Candidate, Peer, numpy_peer
from rnncore.bench.results import Results
from rnncore.bench.run import Run

SHAPE = (6, 3, 2, 5)


@pytest.fixture(autouse=True)
def one_thread(runtime: None) -> None:
    rnncore.set_num_threads(1)


@pytest.mark.parametrize("cell", [*CELLS, "gru_before"])
@pytest.mark.parametrize("mode", ["forward", "train", "step", "stack"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpy_computes_what_rnncore_computes(cell: str, mode: str, dtype: str) -> None:
    (case,) = make_cases([cell], [mode], [SHAPE], dtypes=[dtype])
    problem = make_problem(case)
    ours, theirs = (
        candidate.outputs(candidate.call())
        for name in ("rnncore", "numpy")
        for candidate in PEERS[name].prepare(problem)
    )
    assert set(ours) == set(theirs)
    found = agreement(case, theirs, ours)
    assert found.holds, found
    theirs["y"] = theirs["y"] + 0.01
    assert agreement(case, theirs, ours).what == "y"


@pytest.mark.parametrize("cell", [*CELLS, "gru_before"])
def test_stack_train_gives_the_gradients_of_four_layers(cell: str) -> None:
    (case,) = make_cases([cell], ["stack_train"], [SHAPE])
    problem = make_problem(case)
    (candidate,) = PEERS["rnncore"].prepare(problem)
    ours = candidate.outputs(candidate.call())
    assert set(ours) == {"y", *gradient_names(case)}
    # The same from plain NumPy, a layer and a direction at a time.
    between = numpy_peer.bidirectional(problem, problem.x, problem.weights[:2])
    expected = {"y": numpy_peer.bidirectional(problem, between, problem.weights[2:])}
    dy = problem.dy
    for layer, x in ((2, between), (0, problem.x)):
        dxs = []
        for direction, step in ((0, 1), (1, -1)):
            half = dy[..., direction * case.units : (direction + 1) * case.units]
            one = replace(
                problem,
                x=x[::step],
                dy=half[::step],
                weights=problem.weights[layer + direction :][:1],
            )
            found = numpy_peer.train(one)[0]
            dxs.append(found["dx"][::step])
            for name in ("dkernel", "drecurrent_kernel", "dbias"):
                expected[f"{name}_{layer + direction}"] = found[name]
        dy = dxs[0] + dxs[1]
    agreed = agreement(case, ours, {**expected, "dx": dy})
    assert agreed.holds, agreed


def test_without_blas_computes_the_same() -> None:
    (case,) = make_cases(["lstm"], ["train"], [SHAPE])
    problem = make_problem(case)
    ours, plain = (
        candidate.outputs(candidate.call())
        for name in ("rnncore", "rnncore-noblas")
        for candidate in PEERS[name].prepare(problem)
    )
    assert agreement(case, plain, ours).holds


class Odd(Peer):
    """A library with one way that fails, one that is wrong and one that is right."""

    name = "odd"
    module = "numpy"

    def unsupported(self, case: Case) -> str | None:
        return None

    def prepare(self, problem: Any) -> list[Candidate]:
        def fail() -> None:
            raise RuntimeError("out of order")

        (right,) = PEERS["numpy"].prepare(problem)
        wrong = Candidate(
            "wrong", right.call, lambda result: {"y": np.asarray(right.outputs(result)["y"] * 2)}
        )
        return [Candidate("failing", fail, right.outputs), wrong, right]


def test_ways_that_fail_or_differ_are_left_out_with_a_note() -> None:
    events: list[dict[str, Any]] = []
    (case,) = make_cases(["rnn"], ["forward"], [SHAPE])
    rows = worker.run_case(case, [PEERS["rnncore"], Odd()], 0.001, events.append)
    assert [row.peer for row in rows] == ["rnncore", "odd"]
    assert rows[1].variant == "loop over time" and 0 <= rows[1].error <= 1
    notes = [event["text"] for event in events if event["event"] == "note"]
    assert "failing fails" in notes[0] and "wrong differs in y" in notes[1]


def test_command_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "r.json"
    grid = ["--grid", "6x3x2x5", "--cells", "rnn,gru", "--modes", "forward,ragged"]
    threads = [1, 2][: machine.cpus()]
    options = [*grid, "--peers", "numpy", "--seconds", "0.001"]
    options += ["--threads", ",".join(map(str, threads))]
    assert main([*options, "--json", str(path)]) == 0
    results = Results.load(path)
    assert [m.threads for m in results.measured] == threads
    # Forward: two libraries. Ragged: rnncore, and its full batch.
    assert len(results.rows) == len(threads) * 2 * (2 + 2 * 2)
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


def test_a_comparison_runs_the_cases_of_its_file(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    cases = ["--grid", "5x3x2x4", "--cells", "rnn", "--modes", "train,ragged"]
    common = ["--peers", "numpy", "--seconds", "0.001"]
    assert main([*cases, *common, "--json", str(old)]) == 0
    assert main([*common, "--compare", str(old), "--json", str(new)]) == 0
    found = [[(row.case, row.peer) for row in Results.load(path).rows] for path in (old, new)]
    assert found[0] and sorted(map(str, found[0])) == sorted(map(str, found[1]))


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


@pytest.mark.parametrize("model", fit.MODELS)
def test_whole_fit(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "SAMPLES", 64)
    monkeypatch.setattr(fit, "VOCABULARY", 100)
    found = fit.run("rnncore", model, time.time(), 2)
    assert 0 <= found["import"] <= found["first_batch"] <= found["first_epoch"]
    assert found["low"] <= found["step"] <= found["high"]
    assert 0 < found["loss"] < 10


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


def test_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    events: list[dict[str, Any]] = []
    assert worker._load_peers(["torch"], 1, events.append) == []
    assert events[-1]["event"] == "missing" and events[-1]["peer"] == "torch"


def test_environment_is_the_same_for_all() -> None:
    given = {"OPENBLAS_CORETYPE": "Haswell", "PATH": "p", "RNNCORE_MAX_ISA": "baseline"}
    assert environment.tampered(given) == {"OPENBLAS_CORETYPE": "Haswell"}
    made = environment.for_worker(2, environ=given)
    assert made["PATH"] == "p" and made["OMP_NUM_THREADS"] == "2"
    assert "OPENBLAS_CORETYPE" not in made and "RNNCORE_MAX_ISA" not in made
    assert environment.for_worker(1, "avx2", environ=given)["ONEDNN_MAX_CPU_ISA"] == "AVX2"


def test_no_library_is_imported_before_it_is_used() -> None:
    code = (
        "import sys, rnncore.bench.command\n"
        "print([m for m in ('torch', 'onnxruntime', 'openvino', 'jax', 'keras', 'matplotlib')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
    assert set(LIBRARIES) >= {"torch", "jax"}


def test_errors_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--floors", "nonsense"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("rnncore bench: error: --floors: expected words of names like")
    assert last.endswith("got 'nonsense'")


def test_it_is_a_command_of_rnncore(capsys: pytest.CaptureFixture[str]) -> None:
    from rnncore.cli import main as rnncore_main

    with pytest.raises(SystemExit) as done:
        rnncore_main(["bench", "--help"])
    assert done.value.code == 0
    assert "--floors" in capsys.readouterr().out


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


@pytest.mark.parametrize("options", [["--isa", "foo"], ["--seconds", "0"], ["--seconds", "x"]])
def test_options_that_mean_nothing(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(options)
    assert options[0] in capsys.readouterr().err.splitlines()[-1]
