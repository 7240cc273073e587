"""docs/model-files.md names every kind of node, and the records are as long as it says."""

from __future__ import annotations

import re
from pathlib import Path

from rnncore.layers.nodes import KINDS
from rnncore.networks import program

TEXT = (Path(__file__).parents[3] / "docs" / "model-files.md").read_text(encoding="utf-8")


def test_the_kinds() -> None:
    found = {}
    for numbers, names in re.findall(r"^\| ([\d, ]+) \| ([A-Z_, ]+) \|", TEXT, re.MULTILINE):
        for number, name in zip(numbers.split(", "), names.split(", "), strict=True):
            found[name.lower()] = int(number)
    assert found == KINDS


def test_the_records() -> None:
    sizes = dict(re.findall(r"^\| (\w+) \| (\d+)(?: bytes)? \|", TEXT, re.MULTILINE))
    assert {name: int(size) for name, size in sizes.items() if not name.isdigit()} == {
        "header": program._HEADER.size,
        "inputs": program._INPUT.size,
        "outputs": program._OUTPUT.size,
        "tensors": program._TENSOR.size,
        "nodes": program._NODE.size,
        "operands": 4,
        "text": 1,
    }
