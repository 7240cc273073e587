"""C programs build and run with what the package brings along."""

import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnncore
from rnncore import _c_library, cli
from rnncore.layers import LSTM, Dense
from rnncore.saving.c_array import export_c

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "examples" / "c"
GUIDE = ROOT / "docs" / "guides" / "embedding.md"
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic-errors"]


@pytest.fixture
def flags(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What the command prints: that of the compiler first."""
    assert cli.main(["config", "--cflags", "--libs"]) == 0
    return shlex.split(capsys.readouterr().out)


@pytest.fixture
def build(tmp_path: Path, flags: list[str]) -> Callable[..., Path]:
    """Builds a program of the examples."""

    def call(name: str, *sources: Path) -> Path:
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


def test_the_programs_of_the_guide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: list[str]
) -> None:
    """The first prints what `predict` of the model beside it returns; the others compile."""
    monkeypatch.chdir(tmp_path)
    text = GUIDE.read_text(encoding="utf-8")
    train, program, *parts = (
        textwrap.dedent(block)
        for block in re.findall(r"^ *```(?:python|c)\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    )
    made: dict[str, Any] = {}
    exec(compile(train, str(GUIDE), "exec"), made)
    Path("program.c").write_text(program)
    subprocess.run(["cc", *STRICT, "program.c", *flags, "-o", "program"], check=True)
    x = made["x"][:1]
    series = "".join(f"{value:.9g}\n" for value in x.flat)
    run = partial(subprocess.run, ["./program"], input=series, capture_output=True, text=True)
    found = np.array(run(check=True).stdout.split(), np.float32)
    assert np.array_equal(found, made["model"].predict(x, verbose=0).reshape(-1))
    Path("model.rnnc").unlink()
    done = run(check=False)
    assert (done.returncode, done.stdout) == (1, "") and "file" in done.stderr
    assert len(parts) == 2
    Path("parts.c").write_text("\n".join(["#include <rnncore_model.h>", *parts]))
    subprocess.run(["cc", *STRICT, "-c", "parts.c", *flags[:1]], check=True)


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
