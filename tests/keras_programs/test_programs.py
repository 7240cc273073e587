"""Programs written for Keras 3 run with the import changed, and say the same of their models."""

import json
import runpy
from pathlib import Path

import pytest
from golden_data import golden

HERE = Path(__file__).parent
PROGRAMS = sorted((HERE / "programs").glob("*.py"))
KERAS = golden("programs_of_keras")["results"]


def test_every_program_was_run_with_keras_too() -> None:
    """By programs_of_keras.py, in an environment with Keras."""
    assert sorted(KERAS) == [path.stem for path in PROGRAMS]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_program(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = runpy.run_path(str(path))["RESULT"]
    assert json.loads(json.dumps(result)) == KERAS[path.stem]
