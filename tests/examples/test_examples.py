"""Every example runs, quickly with ``--quick``, and in full reaches what it promises."""

import importlib.util
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))

Run = Callable[..., float]


def load(name: str) -> ModuleType:
    """The example as a module."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs an example with arguments and returns what its `main` returns."""

    def call(name: str, *arguments: str) -> float:
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        return load(name).main()

    return call


# What `main` returns, a share of persistence's error or an accuracy: where it has to lie after a
# quick run (better than guessing 1 of 9 or 1 of 2) and after a full one.
QUICK = {
    "choose_units": (0.3, 1.0),
    "co2": (0.0, 0.9),
    "embedding_train": (0.5, 1.0),
    "japanese_vowels": (0.5, 1.0),
    "ops": (0.15, 1.0),
    "own_cell": (0.4, 1.0),
    "reviews": (0.55, 1.0),
    "sunspots": (0.5, 1.5),
}
FULL = {
    "choose_units": (0.9, 1.0),
    "co2": (0.0, 0.4),
    "embedding_train": (0.5, 0.85),
    "japanese_vowels": (0.93, 1.0),
    "ops": (0.85, 1.0),
    "own_cell": (0.9, 1.0),
    "reviews": (0.75, 1.0),
    "sunspots": (0.5, 1.0),
}


def test_every_example_is_tested() -> None:
    assert NAMES == sorted(QUICK) == sorted(FULL)


@pytest.mark.parametrize("name", NAMES)
def test_quick(name: str, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    low, high = QUICK[name]
    assert low < run(name, "--quick", "--seed", "1") < high
    assert "nan" not in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_one_seed_gives_one_result(name: str, run: Run) -> None:
    assert run(name, "--quick", "--seed", "1") == run(name, "--quick", "--seed", "1")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_full(name: str, run: Run) -> None:
    low, high = FULL[name]
    assert low < run(name) < high


@pytest.mark.parametrize("name", NAMES)
def test_help_and_wrong_arguments(name: str, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run(name, "--help")
    assert stop.value.code == 0 and "--quick" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        run(name, "--sead", "1")
    assert stop.value.code == 2 and "--sead" in capsys.readouterr().err


def test_runs_as_a_program_from_another_folder(tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / "japanese_vowels.py"), "--quick"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "utterances; by speaker" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_importing_an_example_trains_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    for name in NAMES:
        runpy.run_path(str(EXAMPLES / f"{name}.py"))
    assert capsys.readouterr().out == ""
