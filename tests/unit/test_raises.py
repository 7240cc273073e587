"""Every exception of the library says something."""

import ast
from pathlib import Path

import pytest

import rnncore

SOURCE = Path(rnncore.__file__).parent


def silent(tree: ast.AST) -> list[int]:
    """Return the lines that raise a class, or an object of a class without arguments.

    A variable, in small letters, holds an exception that was caught.
    """
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            exc = node.exc
            called = isinstance(exc, ast.Call)
            name = ast.unparse(exc.func if isinstance(exc, ast.Call) else exc)
            texts = [*exc.args, *exc.keywords] if isinstance(exc, ast.Call) else []
            empty = any(isinstance(text, ast.Constant) and not text.value for text in texts)
            is_class = name.rpartition(".")[2][:1].isupper()
            if (called and not texts) or empty or (is_class and not called):
                found.append(node.lineno)
    return found


def test_every_raise_has_a_text() -> None:
    wrong = {
        str(path.relative_to(SOURCE)): lines
        for path in sorted(SOURCE.rglob("*.py"))
        if (lines := silent(ast.parse(path.read_text())))
    }
    assert not wrong


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise ValueError", 1),
        ("raise ValueError()", 1),
        ("raise errors.Wrong", 1),
        ("raise ValueError('')", 1),
        ("raise ValueError('x')", 0),
        ("raise error", 0),
        ("raise error from None", 0),
        ("raise", 0),
        ("raise type(error)()", 1),
        ("raise type(error)(f'{x}')", 0),
    ],
)
def test_what_counts_as_silent(code: str, expected: int) -> None:
    assert len(silent(ast.parse(code))) == expected
