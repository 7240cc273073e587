"""docs/keras.md is true: every example is tried, every signature compared with Keras' own."""

import inspect
from typing import Any

import keras_table
import numpy as np
import pytest
from golden_data import golden
from keras_table import Entry

from rnncore import Model, layers

# Written by golden/make/signatures_of_keras.py.
SIGNATURES = golden("signatures_of_keras")["signatures"]
ENTRIES = list(keras_table.entries())


def test_the_tables_hold_all_arguments_of_keras_in_its_order_with_its_defaults() -> None:
    found: dict[str, dict[str, Any]] = {}
    for entry in ENTRIES:
        assert entry.state in keras_table.STATES
        if not entry.default.startswith("not "):
            default = None if entry.default == "required" else entry.default
            found.setdefault(entry.subject, {}).setdefault(entry.argument, default)
    assert {name: list(found[name].items()) for name in found} == {
        name: list(arguments.items()) for name, arguments in SIGNATURES.items()
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.subject}-{e.example}-{e.state}")
def test_entry(entry: Entry, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.argument in keras_table.arguments_of(entry.example)
    if entry.state == "error":
        with pytest.raises((ValueError, TypeError), match=rf"\b{entry.argument}\b"):
            keras_table.attempt(entry)
    elif entry.state == "without effect":
        expected = keras_table.baseline(entry)
        np.testing.assert_array_equal(keras_table.attempt(entry), expected)
    else:
        keras_table.attempt(entry)


@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_arguments_without_a_name_mean_what_they_mean_in_keras(name: str) -> None:
    """What may be given by position stands at Keras' position, with Keras' default."""
    owner = getattr(Model if name in keras_table.METHODS else layers, name)
    function = owner if name in keras_table.METHODS else owner.__init__
    parameters = [
        parameter
        for parameter in list(inspect.signature(function).parameters.values())[1:]
        if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    expected = list(SIGNATURES[name].items())
    for parameter, (argument, default) in zip(parameters, expected, strict=False):
        assert parameter.name == argument
        given = None if parameter.default is parameter.empty else repr(parameter.default)
        assert given == default, argument
    assert len(parameters) >= 1


def test_unknown_arguments_are_errors_that_suggest_a_name() -> None:
    for name in set(SIGNATURES) - set(keras_table.METHODS):
        with pytest.raises(TypeError, match="did you mean 'trainable'"):
            getattr(layers, name)(**keras_table.REQUIRED[name](), trainabel=False)
