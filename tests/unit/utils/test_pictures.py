"""What is refused before anything is drawn."""

import os
from pathlib import Path

import pytest

from rnncore.utils._pictures import check_picture, check_place


def test_places_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_place("--json", tmp_path / "a.json")
    for path in (tmp_path, tmp_path / "missing" / "a.json"):
        with pytest.raises(OSError, match=r"^--json: expected a file in a folder that exists"):
            check_place("--json", path)
    # Root may write anywhere, so the answer of the system is replaced.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OSError, match=r"^--json: expected a file that may be written"):
        check_place("--json", tmp_path / "a.json")


def test_pictures_of_unknown_kinds(tmp_path: Path) -> None:
    check_picture("--plot", tmp_path / "a.SVG")
    with pytest.raises(ValueError, match=r"^--plot: expected a name that ends in .png, .svg, .pdf"):
        check_picture("--plot", tmp_path / "a.txt")
