"""The table of `summary`: Keras' columns and arguments."""

from typing import Any

import pytest

from rnncore import Input, Model, Sequential
from rnncore.layers import LSTM, Concatenate, Dense, Dropout


def lines_of(model: Any, **arguments: Any) -> list[str]:
    lines: list[str] = []
    model.summary(print_fn=lines.append, **arguments)
    return lines


def first_words(lines: list[str]) -> list[str]:
    rules = [index for index, line in enumerate(lines) if set(line) == {"-"}]
    return [line.replace("└ ", "").split()[0] for line in lines[rules[1] + 1 : rules[2]]]


def nested() -> Model:
    inner = Sequential([Input((5, 3)), LSTM(4, name="a"), Dense(2, name="b")], name="inner")
    middle = Sequential([inner, Dropout(0.1, name="c")], name="middle")
    x = Input((5, 3), name="x")
    y = Dense(1, name="d")(middle(x))
    return Model(x, y, name="outer")


def test_a_graph_that_is_a_chain_has_no_column_of_edges() -> None:
    x = Input((5, 3))
    first = LSTM(4)(x)
    for chain in (Model(x, Dense(1)(first)), Model(x, [first, Dense(2)(first)])):
        assert "Connected to" not in lines_of(chain)[2]
    same = Dense(4)
    for graph in (
        Model(x, Concatenate()([first, first])),
        Model(x, same(same(first))),
        Model([x, Input((2,))], first),
    ):
        assert "Connected to" in lines_of(graph)[2]


def test_models_inside() -> None:
    assert first_words(lines_of(nested())) == ["x", "middle", "d"]
    lines = lines_of(nested(), expand_nested=True)
    assert first_words(lines) == ["x", "middle", "inner", "a", "b", "c", "d"]
    assert [len(line) - len(line.lstrip()) for line in lines[4:-4]] == [0, 0, 1, 4, 4, 1, 0]


def test_what_is_trained() -> None:
    model = nested()
    model.get_layer("d").trainable = False
    lines = lines_of(model, show_trainable=True)
    assert lines[2].endswith("Trainable")
    assert [line.split()[-1] for line in lines[4:7]] == ["-", "Y", "N"]
    assert lines[-1] == "Non-trainable params: 3 (12.00 B)"


def test_a_part() -> None:
    model = Sequential([Input((3,)), *(Dense(2, name=f"dense_{i}") for i in range(5))])
    assert first_words(lines_of(model, layer_range=["dense_1", "dense_3"])) == [
        *("dense_1", "dense_2", "dense_3"),
    ]
    assert first_words(lines_of(model, layer_range=("dense_3", "dense_1"))) == [
        *("dense_1", "dense_2", "dense_3"),
    ]
    assert len(first_words(lines_of(model, layer_range=["dense", "dense_[34]"]))) == 5
    assert "Total params: 32" in lines_of(model, layer_range=["dense_0", "dense_0"])[-3]


def test_width_of_the_table() -> None:
    model = Sequential([Input((5, 3)), LSTM(4, name="a" * 60), Dense(1)], name="m")
    lines = lines_of(model, line_length=60)
    assert max(map(len, lines)) == 60 == len(lines[1])
    assert "".join(line.split("  ")[0].strip() for line in lines[4:8]).startswith("a" * 60)
    assert len(lines_of(model, line_length=100, positions=[0.7, 0.9, 1.0])[1]) == 100
    lines = lines_of(model, positions=[70, 90, 100])
    assert (len(lines[1]), lines[2].index("Output")) == (100, 70)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"line_length": 10}, ValueError, "summary: line_length: expected room for 4"),
        ({"line_length": "wide"}, TypeError, "summary: line_length"),
        ({"positions": [0.5, 1.0]}, ValueError, "positions: expected one for each of 3 columns"),
        ({"positions": [0.5, 0.4, 1.0]}, ValueError, "positions: expected a list of rising"),
        ({"expand_nested": 1}, TypeError, "summary: expand_nested: expected True or False"),
        ({"show_trainable": None}, TypeError, "summary: show_trainable: expected True or False"),
        ({"layer_range": ["d"]}, ValueError, "layer_range: expected two names of layers"),
        ({"layer_range": ["d", "z"]}, ValueError, "layer_range: expected names of x, .* got 'z'"),
    ],
)
def test_errors(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        lines_of(nested(), **arguments)
