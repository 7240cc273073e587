"""docs/keras.md as entries, and what each of them says put to the test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import rnncore
from rnncore import layers
from rnncore.callbacks import Callback
from rnncore.optimizers import SGD
from rnncore.optimizers.schedules import ExponentialDecay

TABLE = Path(__file__).parents[1] / "docs" / "keras.md"
STATES = ("supported", "without effect", "error")

RNG = np.random.default_rng(0)
SERIES = RNG.standard_normal((8, 5, 3)).astype(np.float32)
CLASSES = np.array([[0], [1]] * 4)
IDS = RNG.integers(0, 9, (8, 5))


class Entry(NamedTuple):
    """A row: ``LSTM(dropout=0.2)`` is "supported"."""

    subject: str
    argument: str
    default: str
    example: str
    state: str


def entries() -> Iterator[Entry]:
    subject = ""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("### "):
            subject = line[4:]
        cells = re.fullmatch(r"\| `(\w+)` \| (.*) \| `(.*)` \| (.*) \|", line)
        if cells:
            argument, default, example, state = cells.groups()
            yield Entry(subject, argument, default.strip("`"), example, state)


class Batches(rnncore.utils.PyDataset):
    """The data, in two batches."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        return SERIES[4 * index : 4 * index + 4], CLASSES[4 * index : 4 * index + 4]


def batches() -> Iterator[Any]:
    while True:
        yield SERIES[:4], CLASSES[:4]


def lstm_weights() -> list[Any]:
    return 2 * [np.zeros((3, 12)), np.zeros((3, 12)), np.zeros(12)]


def arguments_of(example: str) -> dict[str, Any]:
    names = {name: getattr(layers, name) for name in layers.__all__}
    names |= {"np": np, "Callback": Callback, "SGD": SGD, "ExponentialDecay": ExponentialDecay}
    names |= {"x": SERIES, "y": CLASSES, "Batches": Batches, "batches": batches, "SHAPE": (5, 3)}
    names |= {"LSTM_WEIGHTS": lstm_weights()}
    return eval(f"dict({example})", names)


def attempt(entry: Entry) -> Any:
    """Do what the entry says and return numbers that its argument may change."""
    rnncore.utils.set_random_seed(3)
    arguments = arguments_of(entry.example)
    if entry.subject in METHODS:
        return METHODS[entry.subject](arguments)
    required = REQUIRED[entry.subject]() | arguments
    layer = getattr(layers, entry.subject)(**required)
    if entry.subject.endswith(("Cell", "Cells")):
        layer = layers.RNN(layer)
    return layer(IDS if entry.subject == "Embedding" else SERIES)


def baseline(entry: Entry) -> Any:
    """The same without the argument."""
    parts = entry.example.split(", ")
    rest = [part for part in parts if not part.startswith(f"{entry.argument}=")]
    return attempt(entry._replace(example=", ".join(rest)))


REQUIRED: dict[str, Callable[[], dict[str, Any]]] = {
    **{name: lambda: {"units": 4} for name in ("SimpleRNN", "LSTM", "GRU", "Dense")},
    **{name: lambda: {"units": 4} for name in ("SimpleRNNCell", "LSTMCell", "GRUCell")},
    "RNN": lambda: {"cell": layers.LSTMCell(3)},
    "StackedRNNCells": lambda: {"cells": [layers.LSTMCell(3)]},
    "Bidirectional": lambda: {"layer": layers.LSTM(3)},
    "TimeDistributed": lambda: {"layer": layers.Dense(2)},
    "Embedding": lambda: {"input_dim": 9, "output_dim": 3},
}


def model_of(**arguments: Any) -> rnncore.Sequential:
    model = rnncore.Sequential([layers.Input((None, 3)), layers.GRU(4), layers.Dense(1)])
    model.compile(**({"loss": "mse"} | arguments))
    return model


def compiled(arguments: dict[str, Any]) -> Any:
    model = model_of(**arguments)
    model.fit(SERIES, CLASSES, epochs=2, verbose=0)
    return model.get_weights()[0]


def fitted(arguments: dict[str, Any]) -> Any:
    model = model_of()
    given = {"x": SERIES, "verbose": 0} | arguments
    if isinstance(given["x"], np.ndarray):
        given = {"y": CLASSES} | given
    model.fit(**given)
    return model.get_weights()[0]


def evaluated(arguments: dict[str, Any]) -> Any:
    given = {"x": SERIES, "verbose": 0} | arguments
    if isinstance(given["x"], np.ndarray):
        given = {"y": CLASSES} | given
    return model_of().evaluate(**given)


def predicted(arguments: dict[str, Any]) -> Any:
    return model_of().predict(**({"x": SERIES, "verbose": 0} | arguments))


METHODS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "compile": compiled,
    "fit": fitted,
    "evaluate": evaluated,
    "predict": predicted,
}
