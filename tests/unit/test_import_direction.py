"""The parts of the package import downwards only; a lazy import inside a function counts too.

One for type checkers alone does not.
"""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

import rnncore

PACKAGE = Path(rnncore.__file__).parent

# From the top down. Parts of one level may import each other, but not in a circle.
LEVELS = [
    {"adapters", "bench", "cli", "demo", "testing", "__main__"},
    {"models", "training", "callbacks", "saving"},
    {
        "layers",
        "losses",
        "metrics",
        "optimizers",
        "initializers",
        "activations",
        "backend",
        "config",
        "regularizers",
        "constraints",
        "preprocessing",
        "datasets",
        "utils",
    },
    {"ops"},
    {"_runtime"},
    {"_core"},
    {"_version"},
]
RANK = {part: rank for rank, parts in enumerate(LEVELS) for part in parts}
USERS_OF_REFERENCE = {"_reference", "testing", "bench"}


def part_of(path: Path) -> str:
    """The name directly below ``rnncore`` that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].split(".")[0]


def imported_parts(path: Path) -> Iterator[str]:
    package = ".".join(("rnncore", *path.relative_to(PACKAGE).parts[:-1]))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):  # what only a type checker reads does not count
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            root, *rest = name.split(".")
            if root == "rnncore" and rest:
                yield rest[0]


def module_files() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def test_there_are_modules_to_look_at() -> None:
    assert {"ops", "layers", "models"} <= {part_of(path) for path in module_files()}


@pytest.mark.parametrize("path", module_files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    part = part_of(path)
    for imported in imported_parts(path):
        if imported == part:
            continue
        if imported == "_reference" or part == "_reference":
            assert part in USERS_OF_REFERENCE, f"{path} imports rnncore.{imported}"
            assert part != "_reference", f"the reference stands apart, but imports {imported}"
            continue
        # A name of rnncore/__init__.py itself (rnncore.LSTM) would hide which part is meant.
        assert imported in RANK, f"{path} imports rnncore.{imported}: name the part it lives in"
        assert RANK[part] <= RANK[imported], f"rnncore.{part} must not import rnncore.{imported}"


def test_no_circle_between_parts() -> None:
    graph: dict[str, set[str]] = {}
    for path in module_files():
        graph.setdefault(part_of(path), set()).update(set(imported_parts(path)) - {part_of(path)})
    TopologicalSorter(graph).prepare()  # raises CycleError and names the circle
