"""A C program builds and runs with what the package brings along."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import rnncore
from rnncore import _c_library, cli

PROGRAM = Path(__file__).parents[1] / "c" / "installed" / "lstm.c"


def test_a_program_builds_with_the_flags_of_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["config", "--cflags", "--libs"]) == 0
    flags = shlex.split(capsys.readouterr().out)
    program = tmp_path / "lstm"
    subprocess.run(["cc", "-std=c99", str(PROGRAM), *flags, "-lm", "-o", str(program)], check=True)
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    assert done.stdout == f"rnncore {rnncore.__version__}\n"


def test_folders_hold_what_they_are_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert sorted(path.name for path in Path(rnncore.get_include()).iterdir()) == [
        "rnncore.h",
        "rnncore_model.h",
        "rnncore_train.h",
    ]
    assert cli.main(["config", "--cmake-dir", "--pkgconfig-dir"]) == 0
    package, pkgconfig = capsys.readouterr().out.splitlines()
    assert Path(package, "rnncoreConfig.cmake").exists()
    assert Path(pkgconfig, "rnncore.pc").exists()


def test_the_include_path_needs_no_other_part_of_the_package() -> None:
    code = "import sys, rnncore; rnncore.get_include(); print('rnncore.layers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_package_that_was_not_installed_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_c_library._core, "__file__", str(tmp_path / "_core.so"))
    with pytest.raises(FileNotFoundError, match=r"include: expected the headers"):
        rnncore.get_include()
    assert cli.main(["config", "--libs"]) == 1
