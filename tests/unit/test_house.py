"""What keeps the package easy to find one's way in: small folders, no needless base classes."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import rnncore

PACKAGE = Path(rnncore.__file__).parent
SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
MOST_FILES = 16


def test_no_folder_is_too_full() -> None:
    folders: dict[Path, int] = defaultdict(int)
    for path in PACKAGE.rglob("*.py*"):
        folders[path.parent] += path.suffix in (".py", ".pyx", ".pxd", ".pxi")
    assert {str(folder): n for folder, n in folders.items() if n > MOST_FILES} == {}


def test_no_class_exists_only_to_be_inherited_from_once() -> None:
    classes: dict[str, ast.ClassDef] = {}
    heirs: dict[str, set[str]] = defaultdict(set)
    public: set[str] = set()
    for path, source in SOURCES.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                classes[node.name] = node
                for base in node.bases:
                    heirs[ast.unparse(base).partition("[")[0].rpartition(".")[2]].add(node.name)
        if path.name == "__init__.py":  # users may derive from what is listed there
            public |= set(re.findall(r'"(\w+)"', source))
    text = "\n".join(SOURCES.values())
    lonely = [
        name
        for name in classes
        if len(heirs[name]) == 1
        and name not in public
        # Made somewhere, asked for, or a type of its own in signatures.
        and not re.search(rf"(?<!class )\b{name}\(|[,(] ?{name}\)|type\[{name}\]", text)
    ]
    assert lonely == []
