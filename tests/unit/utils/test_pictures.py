"""What is refused before anything is drawn."""

from pathlib import Path

import pytest

from rnncore.utils._pictures import check_picture


def test_pictures_of_unknown_kinds(tmp_path: Path) -> None:
    check_picture("--plot", tmp_path / "a.SVG")
    with pytest.raises(ValueError, match=r"^--plot: expected a name that ends in .png, .svg, .pdf"):
        check_picture("--plot", tmp_path / "a.txt")
