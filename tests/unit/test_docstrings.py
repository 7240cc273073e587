"""The examples in the docstrings run and show what they say."""

import doctest
import importlib
import pkgutil

import pytest

import rnncore

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(rnncore.__path__, "rnncore.")
    # Adapters import libraries that need not be there.
    if module.name != "rnncore.__main__" and not module.name.startswith("rnncore.bench.peers")
)


@pytest.mark.parametrize("name", ["rnncore", *MODULES])
def test_examples_run(name: str, runtime: None) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder()
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name))]
    assert sum(bool(test.examples) for test in found) > 50
