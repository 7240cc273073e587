"""Python and C agree on the numbers of a program."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnncore import _core, activations
from rnncore.activations import fused, others
from rnncore.layers import AdditiveAttention, Attention, nodes
from rnncore.layers._windows import PADDINGS
from rnncore.networks import program

CSRC = Path(__file__).parents[3] / "csrc"


def without_comments(path: str) -> str:
    return re.sub(r"/\*.*?\*/", "", (CSRC / path).read_text(encoding="utf-8"), flags=re.DOTALL)


def enum(path: str, name: str, prefix: str) -> dict[str, int]:
    """The names, without the prefix and in small letters, and the values of an enum."""
    text = without_comments(path)
    found = re.search(rf"enum {name} {{(.*?)}}", text, re.DOTALL)
    assert found, name
    members = re.findall(rf"\b{prefix}(\w+) = (\d+)\b", found[1])
    assert len(members) == found[1].count("=")
    return {member.lower(): int(number) for member, number in members}


KINDS = "runtime/kinds.h"
UNARY = enum(KINDS, "rnncore_unary", "RNNCORE_UNARY_")
ACTIVATIONS = enum("include/rnncore.h", "rnncore_activation", "RNNCORE_")


@pytest.mark.parametrize(
    ("known", "enumeration", "prefix"),
    [
        (nodes.KINDS, "rnncore_kind", "KIND_"),
        (nodes.OPERATIONS, "rnncore_operation", "OPERATION_"),
        (nodes.JOINTS, "rnncore_joint", "JOINT_"),
        (nodes.REDUCTIONS, "rnncore_reduction", "REDUCE_"),
        (PADDINGS, "rnncore_padding", "PADDING_"),
    ],
    ids=["kinds", "operations", "joints", "reductions", "paddings"],
)
def test_numbers(known: dict[str, int], enumeration: str, prefix: str) -> None:
    assert known == enum(KINDS, enumeration, f"RNNCORE_{prefix}")
    assert len(set(known.values())) == len(known)


def test_functions_of_unary_nodes() -> None:
    assert {name: UNARY[name] for name in nodes.UNARY} == nodes.UNARY
    shared = set(UNARY) & set(ACTIVATIONS)
    assert shared == {"tanh", "relu", "sigmoid", "linear", "hard_sigmoid"}
    assert {name: UNARY[name] for name in shared} == {name: ACTIVATIONS[name] for name in shared}


def test_activations_of_cells_and_dense() -> None:
    assert {name: ACTIVATIONS[name] for name in _core.ACTIVATIONS} == _core.ACTIVATIONS
    assert {name: ACTIVATIONS[name] for name in _core.DENSE_ACTIVATIONS} == _core.DENSE_ACTIVATIONS


# Activations by the names that nodes have for their functions, where these differ.
OTHER_NAMES = {"relu6": "clip", "hard_tanh": "clip", "selu": "elu"}


@pytest.mark.parametrize(
    "cls",
    [one for one in vars(others).values() if isinstance(one, type) and getattr(one, "function", 0)],
    ids=lambda cls: cls.__name__,
)
def test_numbers_of_activations(cls: Any) -> None:
    assert cls.function == UNARY[OTHER_NAMES.get(cls.name, cls.name)]


def test_numbers_of_activations_with_parameters() -> None:
    assert activations.get("gelu").function == UNARY["gelu"]
    assert others.Gelu(approximate=True).function == UNARY["gelu_tanh"]
    assert fused.Rectifier().function == UNARY["rectifier"]


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (Attention, "dot"),
        (lambda: Attention(score_mode="concat"), "concat"),
        (AdditiveAttention, "additive"),
    ],
)
def test_numbers_of_scores(make: Callable[[], Any], name: str) -> None:
    layer = make()
    layer.build([(None, 3, 4)] * 2)
    assert layer._score_number == enum(KINDS, "rnncore_scores", "RNNCORE_SCORES_")[name]


def test_the_table_of_kinds_has_each_at_its_number() -> None:
    text = without_comments("runtime/kinds.c")
    table = re.findall(r"\[RNNCORE_KIND_(\w+)\] = &rnncore_(\w+)_kind,", text)
    assert [kind.lower() for kind, _ in table] == [kind for _, kind in table]
    assert [kind for _, kind in table] == list(nodes.KINDS)


@pytest.mark.parametrize(
    ("record", "struct"),
    [
        (program._HEADER, "header"),
        (program._INPUT, "input"),
        (program._OUTPUT, "output"),
        (program._TENSOR, "tensor"),
        (program._NODE, "node"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_records(record: Any, struct: str) -> None:
    """As the compiler lays them out: each field at a multiple of its size, so without gaps."""
    letters = {
        "char": "s",
        "int32_t": "i",
        "uint32_t": "I",
        "int64_t": "q",
        "uint64_t": "Q",
        "double": "d",
    }
    text = without_comments("runtime/program.h")
    body = re.search(rf"struct rnncore_program_{struct} {{(.*?)}}", text, re.DOTALL)
    assert body
    layout = "<"
    for kind, names in re.findall(r"(\w+) ([^;]+);", body[1]):
        for name in names.split(","):
            count = re.search(r"\[(\d+)\]", name)
            layout += (count[1] if count else "") + letters[kind]
    assert record.format == layout
    assert record.size % 8 == 0


def test_the_header() -> None:
    text = without_comments("runtime/program.h")
    assert f'RNNCORE_PROGRAM_MAGIC "{program.MAGIC.decode()}"' in text
    assert f"RNNCORE_PROGRAM_VERSION = {program._VERSION}," in text
    assert f"RNNCORE_NODE_INPUTS = {nodes.MOST_INPUTS}," in without_comments("runtime/node.h")
