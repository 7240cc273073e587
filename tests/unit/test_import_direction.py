"""The files of the package import downwards only, and in no circle.

Every import counts, also one inside a function; what only a type checker reads does not.
"""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import rnncore

PACKAGE = Path(rnncore.__file__).parent

# From the top down: a file imports from its own part and from those below.
PARTS = [
    "__main__",
    "cli",
    "demo",
    "bench",
    "testing",
    "models",
    "callbacks",
    "training",
    "saving",
    "networks",
    "layers",
    "preprocessing",
    "datasets",
    "metrics",
    "losses",
    "optimizers",
    "initializers",
    "activations",
    "regularizers",
    "constraints",
    "config",
    "backend",
    "utils",
    "ops",
    "_runtime",
    "_c_library",
    "_core",
    "_version",
]
RANK = {part: rank for rank, part in enumerate(PARTS)}
# Plain NumPy, apart from all others: it judges them.
REFERENCE = "_reference"


def module_of(path: Path) -> str:
    """The dotted name of a file; that of a package for its ``__init__.py``."""
    parts = ("rnncore", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
COMPILED = "rnncore._core"


def imports_of(path: Path) -> Iterator[str]:
    """Yield the names of the modules of this package that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write the whole name of the module"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            while name and name not in FILES and name != COMPILED:
                name = name.rpartition(".")[0]
            if name and name != module_of(path):
                yield name


def part_of(module: str) -> str:
    """The name directly below ``rnncore``; "rnncore" for its own ``__init__.py``."""
    return (module.split(".") + ["rnncore"])[1] if "." in module else "rnncore"


@pytest.mark.parametrize("module", FILES)
def test_imports_point_down(module: str) -> None:
    part = part_of(module)
    if part == "rnncore":  # it finds what is asked for by name, when it is asked for
        assert {part_of(one) for one in imports_of(FILES[module])} <= {"_runtime", "_version"}
        return
    for imported in imports_of(FILES[module]):
        below = part_of(imported)
        if below == part:
            continue
        if REFERENCE in (below, part):
            raise AssertionError(f"the reference stands apart, but {module} imports {imported}")
        if below == "rnncore" and part == "bench":
            continue  # it measures the package as users see it
        # A name of rnncore/__init__.py itself (rnncore.LSTM) would hide which part is meant.
        assert below in RANK, f"{module} imports {imported}: name the part it lives in"
        assert RANK[part] < RANK[below], f"{module} must not import {imported}"


def test_no_circle_between_files() -> None:
    graph = {module: set(imports_of(path)) for module, path in FILES.items()}
    assert sum(map(len, graph.values())) > 500  # they were found
    TopologicalSorter(graph).prepare()  # raises CycleError and names the circle
