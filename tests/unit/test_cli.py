"""The command `rnncore`: what it prints, refuses and returns."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import rnncore
from rnncore import cli
from rnncore.demo import run as demo
from rnncore.demo._picture import HEIGHT, WIDTH
from rnncore.demo._report import Report
from rnncore.demo._training import Phase

SHORT = (Phase(1, 1e-3),)


def png_size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert data.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


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


@pytest.mark.parametrize("command", ["script", "-m", "-Bm"])
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RNNCORE_MAX_ISA", "sse9"),
        ("RNNCORE_MAX_ISA", "neon" if "baseline" in rnncore.info()["isas"] else "avx2"),
        ("RNNCORE_NUM_THREADS", "abc"),
        ("RNNCORE_NUM_THREADS", "0"),
    ],
)
def test_wrong_environment_variables_are_one_line(
    command: str, variable: str, value: str, tmp_path: Path
) -> None:
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


def test_an_output_that_cannot_be_written_is_refused_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "run", lambda *_: pytest.fail("trained first"))
    for path in (tmp_path, tmp_path / "missing" / "a.png"):
        assert cli.main(["demo", "--output", str(path)]) == 1
        assert "--output" in capsys.readouterr().err


def test_an_output_without_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Root may write anywhere, so the answer of the system is replaced.
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(demo, "run", lambda *_: pytest.fail("trained first"))
    assert cli.main(["demo", "--output", str(tmp_path / "a.png")]) == 1
    assert "no permission to write" in capsys.readouterr().err


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


def test_a_short_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "demo.png"
    forecasts, recognised = demo.run(0, picture, Report(1), SHORT, SHORT)
    assert png_size(picture) == (WIDTH, HEIGHT)
    network, persistence = forecasts.rmse()
    assert network.shape == persistence.shape == (12,)
    assert persistence[0] == pytest.approx(19.46, abs=0.01)
    assert str(forecasts.months[0]) == "1957-05"
    assert recognised.confusion().sum() == 370
    out = capsys.readouterr().out
    assert "months ahead" in out
    assert str(picture) in out


def test_a_quiet_demo_prints_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo.run(0, tmp_path / "demo.png", Report(0), SHORT, SHORT)
    assert capsys.readouterr().out == ""
