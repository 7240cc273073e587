"""The command `rnncore`: what it prints, refuses and returns."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from choosing import pairwise

import rnncore
from rnncore import cli
from rnncore.demo import run as demo


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"rnncore {rnncore.__version__}\n"


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(rnncore.info())


def test_module_runs_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rnncore", "--help"], capture_output=True, text=True, check=True
    )
    assert "demo" in done.stdout
    assert "info" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dance"], "dance"),
        (["demo", "--seed", "-1"], "--seed"),
        (["demo", "--seed", "one"], "'one'"),
        (["demo", "--colour"], "--colour"),
        (["demo", "--quiet", "--verbose"], "--verbose"),
        (["config"], "--cflags, --libs, --cmake-dir"),
        (["config", "--header"], "--header"),
    ],
)
def test_wrong_arguments(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "usage: rnncore" in shown.err
    assert shown.err.rstrip().endswith("rnncore demo")


@pairwise(
    command=["script", "-m", "-Bm"],
    wrong=[
        ("RNNCORE_MAX_ISA", "sse9"),
        ("RNNCORE_MAX_ISA", "neon" if "baseline" in rnncore.info()["isas"] else "avx2"),
        ("RNNCORE_NUM_THREADS", "abc"),
        ("RNNCORE_NUM_THREADS", "0"),
    ],
    loosely=["command", "wrong"],
)
def test_wrong_environment_variables_are_one_line(
    command: str, wrong: tuple[str, str], tmp_path: Path
) -> None:
    variable, value = wrong
    script = tmp_path / "rnncore"  # as the installer of the package writes it
    script.write_text("import sys\nfrom rnncore.cli import main\nsys.exit(main())\n")
    program = [str(script)] if command == "script" else [command, "rnncore"]
    done = subprocess.run(
        [sys.executable, "-P", *program, "info"],
        env=os.environ | {variable: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"rnncore: error: {variable}: expected ")
    assert done.stderr.endswith(f"got {value!r}\n") and done.stderr.count("\n") == 1


def test_an_error_that_nobody_expected_keeps_its_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr("rnncore._runtime.info", broken)
    with pytest.raises(ValueError, match="a bug"):
        cli.main(["info"])


@pytest.fixture
def no_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "run", lambda *_: pytest.fail("trained first"))


@pytest.mark.usefixtures("no_demo")
@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("missing/a.png", 1, "rnncore: error: --output: expected a file that can be written"),
        ("a.jpeg", 2, "rnncore demo: error: --output: expected a name that ends in .png, .svg"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_before_training(
    name: str, status: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["demo", "--output", str(tmp_path / name)]) == status
    assert capsys.readouterr().err.startswith(message)


@pytest.mark.usefixtures("no_demo")
def test_the_demo_says_what_to_install_before_it_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert cli.main(["demo", "--output", str(tmp_path / "a.png")]) == 2
    expected = "--output: needs matplotlib: pip install 'rnncore[plot]'\n"
    assert capsys.readouterr().err == f"rnncore demo: error: {expected}"


def test_nobody_reads_the_output() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "rnncore", "info"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_help_imports_neither_layers_nor_the_demo() -> None:
    program = (
        "import sys\nfrom rnncore import cli\n"
        "try:\n    cli.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in sys.modules if m.startswith(('rnncore.layers', 'rnncore.demo'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run", interrupted)
    assert cli.main(["demo", "--output", str(tmp_path / "a.png")]) == 130
    assert "interrupted" in capsys.readouterr().err
