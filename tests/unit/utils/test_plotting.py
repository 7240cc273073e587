"""plot_model: every kind of graph, every kind of file."""

import re
import shutil
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from rnncore import Input, Model, Sequential
from rnncore.layers import (
    GRU,
    LSTM,
    RNN,
    Add,
    Attention,
    Bidirectional,
    Concatenate,
    Dense,
    Embedding,
    LSTMCell,
    TimeDistributed,
)
from rnncore.utils import plot_model

DEFAULTS = {"node", "edge"}  # which pydot lists among the boxes
SVG = "{http://www.w3.org/2000/svg}"


def chain() -> Model:
    words = Input((7,), dtype="int32", name="words")
    layers = Embedding(9, 4), Bidirectional(LSTM(3, return_sequences=True))
    return Sequential([words, *layers, TimeDistributed(Dense(2, activation="relu")), GRU(2)])


def two_by_two() -> Model:
    a, b = Input((5, 3), name="series"), Input((2,), name="place")
    both = Concatenate()([LSTM(4)(a), b])
    return Model([a, b], [Dense(1, name="level")(both), Dense(2, name="kind")(both)])


def shared() -> Model:
    a, b = Input((5, 3)), Input((5, 3))
    encoder, head = LSTM(4), Dense(4)
    return Model([a, b], Add()([head(encoder(a)), head(head(encoder(b)))]))


def nested() -> Model:
    inner = Sequential([Input((5, 3)), LSTM(4), Dense(2)], name="inner")
    a, b = Input((4,)), Input((4,))
    pair = Model([a, b], [Dense(2)(a), Dense(3)(Concatenate()([a, b]))], name="pair")
    x, y = Input((5, 3)), Input((4,))
    return Model([x, y], Concatenate()([inner(x), *pair([y, y])]), name="outer")


def skips() -> Model:
    x = Input((5, 3))
    h = x
    for _ in range(3):
        h = Add()([h, LSTM(3, return_sequences=True)(h)])
    return Model(x, Dense(1)(Concatenate()([h, x])))


def states() -> Model:
    a, b = Input((None, 3)), Input((None, 2))
    _, *state = LSTM(4, return_state=True)(a)
    return Model([a, b], LSTM(4)(b, initial_state=state))


GRAPHS = [chain, two_by_two, shared, nested, skips, states]


needs_graphviz = pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")


def texts(svg: str) -> list[str]:
    return [str(item.text) for item in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def labels(model: Model, **shown: bool) -> list[list[str]]:
    """The lines of each box and cluster, in the order in which they were added."""
    lines = plot_model(model, None, **shown).dot.splitlines()
    found = [re.search(r"<<B>(.*?)</B>(.*?)>[,;]", line) for line in lines]
    return [[match[1], *match[2].split("<BR/>")[1:]] for match in found if match]


@pytest.mark.parametrize("nested_too", [False, True])
@pytest.mark.parametrize("build", GRAPHS)
def test_a_box_for_each_call_and_an_edge_for_each_tensor(build: Any, nested_too: bool) -> None:
    def calls_of(model: Any) -> list[Any]:
        nodes = model.network.graph.nodes
        inner = [node.layer for node in nodes if nested_too and isinstance(node.layer, Model)]
        return nodes + [node for layer in inner for node in calls_of(layer)]

    model = build()
    graph = plot_model(model, None, show_layer_names=True, expand_nested=nested_too).graph
    parts = [graph, *graph.get_subgraphs()]
    boxes = [box for part in parts for box in part.get_nodes() if box.get_name() not in DEFAULTS]
    edges = [edge for part in parts for edge in part.get_edges()]
    nodes = calls_of(model)
    assert len(boxes) + len(parts) - 1 == len(nodes)
    assert len(edges) == sum(len(node.reads) for node in nodes)
    names = {box.get_name() for box in boxes}
    assert names >= {end for edge in edges for end in (edge.get_source(), edge.get_destination())}
    for node in nodes:
        assert any(f"<B>{node.layer.name} (" in part.get_label() for part in boxes + parts[1:])


def test_edges_into_models_inside_meet_the_layers_of_their_tensors() -> None:
    graph = plot_model(nested(), None, show_layer_names=True, expand_nested=True).graph
    parts = [graph, *graph.get_subgraphs()]
    title = {
        box.get_name(): box.get_label()
        for part in parts
        for box in part.get_nodes()
        if box.get_name() not in DEFAULTS
    }
    inner_inputs = [
        title[box.get_name()]
        for part in parts[1:]
        for box in part.get_nodes()
        if "InputLayer" in box.get_label()
    ]
    outer = [(title[e.get_source()], title[e.get_destination()]) for e in graph.get_edges()]
    assert [end for _, end in outer[:3]] == inner_inputs
    assert len(set(outer[3:])) == 3 and len({end for _, end in outer[3:]}) == 1


def test_what_boxes_say() -> None:
    found = labels(
        chain(),
        show_shapes=True,
        show_dtype=True,
        show_layer_names=True,
        show_layer_activations=True,
        show_trainable=True,
    )
    assert found[:2] == [
        ["words (InputLayer)", "Output shape: (None, 7)", "Output dtype: int32"],
        [
            "embedding (Embedding)",
            "Input shape: (None, 7)",
            "Input dtype: int32",
            "Output shape: (None, 7, 4)",
            "Output dtype: float32",
            "Trainable: True",
        ],
    ]
    assert found[2][0] == "bidirectional (Bidirectional(LSTM))"
    assert found[3][0] == "time_distributed (TimeDistributed(Dense))"
    assert found[4][:2] == ["gru (GRU)", "Activation: tanh"]
    assert labels(chain())[1] == ["Embedding"]


def test_classes_of_what_is_wrapped() -> None:
    x = Input((2, 5, 3))
    y = TimeDistributed(Bidirectional(RNN(LSTMCell(2))))(x)
    model = Model(x, Attention()([y, LSTM(4, return_sequences=True)(y)]))
    assert labels(model)[1:] == [
        ["TimeDistributed(Bidirectional(RNN(LSTMCell)))"],
        ["LSTM"],
        ["Attention"],
    ]


def test_calls_of_a_shared_layer_are_dashed() -> None:
    assert plot_model(shared(), None).dot.count("dashed") == 5


def test_part_of_a_model() -> None:
    model = two_by_two()
    middle = model.get_layer("concatenate").output
    found = labels(Model(middle, model.outputs), show_shapes=True)
    assert [lines[0] for lines in found] == ["Input", "Dense", "Dense"]
    assert found[0][1] == "Shape: (None, 6)"


@needs_graphviz
def test_names_with_characters_of_their_own() -> None:
    name = 'a<b>&"c\\d" \\N é'
    model = Sequential([Input((3,)), Dense(1, name=name)])
    drawing = plot_model(model, None, show_layer_names=True)
    assert f"{name} (Dense)" in texts(drawing.svg)
    assert drawing._repr_svg_() == drawing.svg


@needs_graphviz
@pytest.mark.parametrize(
    ("kind", "start"),
    [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("JPG", b"\xff\xd8")],
)
def test_files(kind: str, start: bytes, tmp_path: Path) -> None:
    plot_model(two_by_two(), tmp_path / f"m.{kind}", show_shapes=True)
    assert (tmp_path / f"m.{kind}").read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [f"m.{kind}"]


@needs_graphviz
def test_a_file_in_this_folder_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    drawing = plot_model(nested(), expand_nested=True)
    assert Path("model.svg").read_text() == drawing.svg
    assert {"Sequential", "Functional", "Concatenate", "LSTM"} <= set(texts(drawing.svg))


@needs_graphviz
def test_dpi_and_direction(tmp_path: Path) -> None:
    sizes = []
    for dpi, rankdir in ((72, "TB"), (144, "TB"), (144, "LR")):
        plot_model(chain(), tmp_path / "m.png", dpi=dpi, rankdir=rankdir)
        data = (tmp_path / "m.png").read_bytes()
        sizes.append([int.from_bytes(data[start : start + 4], "big") for start in (16, 20)])
    assert sizes[1] == pytest.approx([2 * size for size in sizes[0]], abs=2)
    assert sizes[1][1] > sizes[1][0] and sizes[2][0] > sizes[2][1]


def test_without_graphviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"plot_model needs .*: apt-get install graphviz"):
        plot_model(chain(), tmp_path / "m.png")
    drawing = plot_model(chain(), tmp_path / "m.dot")
    assert (tmp_path / "m.dot").read_text() == drawing.dot
    assert [path.name for path in tmp_path.iterdir()] == ["m.dot"]


def test_without_pydot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydot", None)
    with pytest.raises(
        ImportError, match=r"plot_model: needs pydot: pip install 'rnncore\[plot\]'"
    ):
        plot_model(chain(), None)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"to_file": "m.bmp"}, ValueError, "plot_model: to_file: expected a name that ends in"),
        ({"rankdir": "XY"}, ValueError, "plot_model: rankdir: expected one of TB, LR, BT, RL"),
        ({"show_shapes": "yes"}, TypeError, "plot_model: show_shapes: expected True or False"),
        ({"expand_nested": 1}, TypeError, "plot_model: expand_nested: expected True or False"),
        ({"dpi": 0}, ValueError, "plot_model: dpi: expected a finite number > 0"),
    ],
)
def test_errors(arguments: Any, error: type[Exception], message: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=message):
        plot_model(chain(), **{"to_file": tmp_path / "m.svg"} | arguments)


def test_what_is_no_model_or_has_no_shape_yet() -> None:
    with pytest.raises(TypeError, match="plot_model: model: expected a model, got LSTM"):
        plot_model(LSTM(3), None)
    with pytest.raises(AttributeError, match=r"sequential: .* knows its input shape"):
        plot_model(Sequential([LSTM(3)]), None)
