"""Every file and function that docs/equations.md names is there, and every equation has a place."""

from __future__ import annotations

import importlib
import re
from functools import reduce
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "equations.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TEXT.splitlines()
    if line.startswith("| ")
]
PATHS = sorted(set(re.findall(r"`((?:csrc|src|tests)/[\w./]+)`", TEXT)))
# A path with functions behind it: `path` (`name`, `name`).
FUNCTIONS = sorted(
    {
        (path, name)
        for path, names in re.findall(r"`([\w/.]+\.(?:c|h|py))` \(((?:`\w+`(?:, )?)+)\)", TEXT)
        for name in re.findall(r"\w+", names)
    }
)
DOTTED = sorted(set(re.findall(r"`((?:_reference|losses)(?:\.\w+)+)`", TEXT)))


def defines(source: str, name: str) -> bool:
    """Whether C or Python `source` defines the function: its name opens a body, not a call."""
    c = rf"^[\w \*]*\b(?:FN\({name}\)|{name})\([^;{{]*\)\s*\{{"
    return re.search(rf"{c}|^def {name}\(", source, re.MULTILINE) is not None


@pytest.mark.parametrize("path", PATHS)
def test_paths_exist(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("path", "name"), FUNCTIONS)
def test_functions_are_defined_in_the_file_named(path: str, name: str) -> None:
    assert defines((ROOT / path).read_text(encoding="utf-8"), name)


@pytest.mark.parametrize("dotted", DOTTED)
def test_references_exist(dotted: str) -> None:
    package, *names = dotted.split(".")
    assert callable(reduce(getattr, names, importlib.import_module(f"rnncore.{package}")))


def test_enough_was_found() -> None:
    assert len(PATHS) > 15 and len(FUNCTIONS) > 30 and len(DOTTED) > 15


def test_a_call_is_no_definition() -> None:
    assert defines("static int half(int a)\n{\n", "half")
    assert defines("INLINE void FN(half)(int a,\n    int b)\n{\n", "half")
    assert defines("def half(a):\n", "half")
    assert not defines("    half(3);\n", "half")
    assert not defines("int half(int a);\n\nint other(int a)\n{\n", "half")


def test_every_numbered_equation_has_a_kernel_and_a_reference() -> None:
    numbered = set(re.findall(r"^    \(([SLGD]\d+)\)", TEXT, re.MULTILINE))
    named: set[str] = set()
    for first, kernel, reference in (row for row in ROWS if len(row) == 3):
        if "csrc/" in kernel and "_reference" in reference:
            for letter, low, _, high in re.findall(r"\b([SLGD])(\d+)( to [SLGD](\d+))?", first):
                named |= {f"{letter}{i}" for i in range(int(low), int(high or low) + 1)}
    assert len(numbered) == 5 + 13 + 22 + 4
    assert named == numbered


def test_every_printed_equation_has_a_kernel_and_a_reference() -> None:
    articles = [row for row in ROWS if len(row) == 6 and row[0][0].isdigit()]
    assert [sum(row[0][0] == str(n) for row in articles) for n in range(1, 6)] == [2, 11, 2, 2, 2]
    for _, _, ours, kernel, reference, conversion in articles:
        assert re.match(r"[SLGD]\d", ours) and conversion
        assert "csrc/kernels/" in kernel and "_reference." in reference
