"""C programs build and run with what the package brings along."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import rnncore
from rnncore import _c_library, cli
from rnncore.layers import LSTM, Dense
from rnncore.saving.c_array import export_c

STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic-errors"]
PROGRAMS = Path(__file__).parents[2] / "examples" / "c"


@pytest.fixture
def build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Path]:
    """Builds a program with the flags that the command prints."""

    def call(name: str, *sources: Path) -> Path:
        assert cli.main(["config", "--cflags", "--libs"]) == 0
        flags = shlex.split(capsys.readouterr().out)
        program = tmp_path / name
        files = [str(path) for path in (PROGRAMS / f"{name}.c", *sources)]
        command = ["cc", *STRICT, *files, f"-I{tmp_path}", *flags, "-lm", "-o", str(program)]
        subprocess.run(command, check=True)
        return program

    return call


def test_a_program_of_a_layer(build: Callable[..., Path]) -> None:
    done = subprocess.run([build("layer")], capture_output=True, text=True, check=True)
    assert done.stdout == f"rnncore {rnncore.__version__}\n"


def test_programs_print_what_predict_returns(build: Callable[..., Path], tmp_path: Path) -> None:
    model = rnncore.Sequential([rnncore.Input((None, 1)), LSTM(9, return_sequences=True), Dense(1)])
    model.save(tmp_path / "model.rnnc", runtime=True)
    export_c(tmp_path / "model.rnnc", tmp_path / "model.c", "model_data")
    x = np.random.default_rng(0).normal(size=(1, 40, 1)).astype(np.float32)
    series = "".join(f"{value:.9g}\n" for value in x[0, :, 0])
    expected = "".join(f"{value:.9g}\n" for value in model.predict(x, verbose=0)[0, :, 0])
    denoise: list[str | Path] = [build("denoise"), tmp_path / "model.rnnc", "--time"]
    for command in (denoise, [build("embedded", tmp_path / "model.c")]):
        done = subprocess.run(command, input=series, capture_output=True, text=True, check=True)
        assert done.stdout == expected
        assert ("40 steps: p50" in done.stderr) == (command is denoise)
    for wrong, status in ((["none.rnnc"], 1), ([], 2), ([tmp_path / "model.rnnc", "--tme"], 2)):
        done = subprocess.run([denoise[0], *wrong], capture_output=True, text=True, check=False)
        assert done.returncode == status and done.stderr and not done.stdout
    done = subprocess.run(denoise[:2], input="1 2 x", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "denoise: sample 3: expected 1 numbers\n"


def test_the_program_of_the_guide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the guide trains, compiles and runs prints what `predict` returns."""
    monkeypatch.chdir(tmp_path)
    text = (PROGRAMS.parents[1] / "docs" / "guides" / "embedding.md").read_text(encoding="utf-8")
    training, program = (
        re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        for language in ("python", "c")
    )
    exec("".join(training), {})
    (tmp_path / "program.c").write_text("".join(program), encoding="utf-8")
    assert cli.main(["config", "--cflags", "--libs"]) == 0
    flags = shlex.split(capsys.readouterr().out)
    subprocess.run(["cc", *STRICT, "program.c", *flags, "-o", "program"], check=True)
    x = np.random.default_rng(0).normal(size=(1, 9, 1)).astype(np.float32)
    series = "".join(f"{value:.9g}\n" for value in x[0, :, 0])
    done = subprocess.run(["./program"], input=series, capture_output=True, text=True, check=True)
    expected = rnncore.models.load_model("model.rnnc").predict(x, verbose=0)[0, :, 0]
    assert done.stdout == "".join(f"{value:g}\n" for value in expected)


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
