"""The command line: what is refused before anything is measured."""

from pathlib import Path

import pytest

from rnncore.bench import command, machine
from rnncore.bench.results import Results


@pytest.fixture(autouse=True)
def nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(options: object, old: object) -> Results:
        raise AssertionError("measured before the files were looked at")

    monkeypatch.setattr(command, "_measure", measure)


@pytest.mark.parametrize("option", ["--json", "--plot"])
def test_places_that_cannot_be_written(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (tmp_path, tmp_path / "missing" / "file"):
        assert command.main([option, str(path)]) == 2
        expected = f"{option}: expected a file that can be written, got {str(path)!r}"
        assert expected in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--load", "--compare"])
@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 1}', '{"format": 1, "rows": 3}'])
def test_files_of_another_kind(
    option: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    assert command.main([option, str(path)]) == 2
    assert f"{path}: expected what rnncore bench --json wrote" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--load", "--compare"])
def test_files_that_are_missing(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "missing.json"
    assert command.main([option, str(path)]) == 2
    expected = f"error: {option}: cannot read {str(path)!r}: No such file or directory"
    assert expected in capsys.readouterr().err


def test_pictures_of_unknown_kinds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--plot", str(tmp_path / "speed.txt")]) == 2
    assert "--plot: expected a name that ends in .png, .svg, .pdf" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "alone", "beside"),
    [
        (["--floors", "step", "--grid", "limits"], "floors", "grid"),
        (["--floors", "--cells", "rnn"], "floors", "cells"),
        (["--floors", "--quick"], "floors", "quick"),
        (["--memory", "--modes", "train"], "memory", "modes"),
        (["--load", "old.json", "--seconds", "1"], "load", "seconds"),
        (["--load", "old.json", "--memory"], "load", "memory"),
        (["--modes", "fit", "--threads", "1"], "modes fit", "threads"),
    ],
)
def test_options_that_leave_no_choice(
    options: list[str], alone: str, beside: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(options) == 2
    expected = f"error: --{alone}: expected no --{beside} beside it, it would be passed over"
    assert expected in capsys.readouterr().err


def test_fail_needs_something_that_can(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--quick", "--fail"]) == 2
    assert "--fail: expected --floors or --compare beside it" in capsys.readouterr().err


def test_threads_need_cpus(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        command.main(["--threads", f"1,{machine.cpus() + 1}"])
    assert done.value.code == 2
    assert f"--threads: expected at most {machine.cpus()}, a CPU" in capsys.readouterr().err


def test_a_run_can_be_shown_again(
    results: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.json"
    results.save(path)
    assert command.main(["--load", str(path), "--compare", str(path)]) == 0
    assert capsys.readouterr().out


def test_errors_are_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    assert command.main(["--floors", "nonsense"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("rnncore bench: error: --floors: expected words of names like")
    assert last.endswith("got 'nonsense'")


def test_it_is_a_command_of_rnncore(capsys: pytest.CaptureFixture[str]) -> None:
    from rnncore.cli import main as rnncore_main

    with pytest.raises(SystemExit) as done:
        rnncore_main(["bench", "--help"])
    assert done.value.code == 0
    assert "--floors" in capsys.readouterr().out


@pytest.mark.parametrize("options", [["--isa", "foo"], ["--seconds", "0"], ["--seconds", "x"]])
def test_options_that_mean_nothing(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(options)
    assert options[0] in capsys.readouterr().err.splitlines()[-1]
