"""plot_model: every kind of graph, every kind of file."""

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


def rectangles(svg: str) -> list[tuple[float, float, float, float]]:
    found = [item for item in ElementTree.fromstring(svg) if item.tag == f"{SVG}rect"]
    return [
        tuple(float(item.attrib[name]) for name in ("x", "y", "width", "height"))  # type: ignore[misc]
        for item in found[1:]  # the first is the paper
    ]


@pytest.mark.parametrize("rankdir", ["TB", "LR", "BT", "RL"])
@pytest.mark.parametrize("build", GRAPHS)
def test_boxes_of_svg_lie_apart_or_inside_each_other(build: Any, rankdir: str) -> None:
    drawing = plot_model(
        build(), None, rankdir=rankdir, expand_nested=True, show_shapes=True, show_layer_names=True
    )
    boxes = rectangles(drawing.svg)
    assert len(boxes) >= 4
    for index, (x, y, w, h) in enumerate(boxes):
        for u, v, s, t in boxes[index + 1 :]:
            apart = x + w < u or u + s < x or y + h < v or v + t < y
            assert apart or (x < u and y < v and u + s < x + w and v + t < y + h)


@pytest.mark.parametrize("build", GRAPHS)
def test_graphviz_has_a_box_for_each_call_and_an_edge_for_each_tensor(build: Any) -> None:
    model = build()
    lines = plot_model(model, None, show_layer_names=True).dot.splitlines()
    nodes = model.graph.nodes if hasattr(model, "graph") else model._chain.nodes
    assert sum("[label=" in line for line in lines) == len(nodes)
    assert sum("->" in line for line in lines) == sum(len(node.reads) for node in nodes)
    for node in nodes:
        assert any(f'label="{node.layer.name} (' in line for line in lines)


def test_what_boxes_say() -> None:
    everything = plot_model(
        chain(), None, True, True, True, show_layer_activations=True, show_trainable=True
    )
    labels = [line.split('"')[1] for line in everything.dot.splitlines() if "label" in line]
    assert labels[:2] == [
        r"words (InputLayer)\nOutput shape: (None, 7)\nOutput dtype: int32",
        r"embedding (Embedding)\nInput shape: (None, 7)\nInput dtype: int32"
        r"\nOutput shape: (None, 7, 4)\nOutput dtype: float32\nTrainable: True",
    ]
    assert labels[2].startswith(r"bidirectional (Bidirectional(LSTM))\nInput shape")
    assert labels[3].startswith(r"time_distributed (TimeDistributed(Dense))\n")
    assert labels[4].startswith(r"gru (GRU)\nActivation: tanh\n")
    bare = [line for line in plot_model(chain(), None).dot.splitlines() if "label" in line]
    assert bare[1] == '  n1 [label="Embedding"];'


def test_classes_of_what_is_wrapped() -> None:
    x = Input((2, 5, 3))
    y = TimeDistributed(Bidirectional(RNN(LSTMCell(2))))(x)
    lines = plot_model(Model(x, Attention()([y, LSTM(4, return_sequences=True)(y)])), None).dot
    assert [line.split('"')[1] for line in lines.splitlines() if "label" in line][1:] == [
        *("TimeDistributed(Bidirectional(RNN(LSTMCell)))", "LSTM", "Attention"),
    ]


def test_calls_of_a_shared_layer_are_dashed() -> None:
    drawing = plot_model(shared(), None)
    assert drawing.dot.count("style=dashed") == drawing.svg.count("stroke-dasharray") == 5


def test_models_inside_are_clusters_whose_ends_the_edges_meet() -> None:
    assert "cluster" not in plot_model(nested(), None).dot
    lines = [
        line.strip() for line in plot_model(nested(), None, expand_nested=True).dot.splitlines()
    ]
    assert sum(line.startswith("subgraph cluster_n") for line in lines) == 2
    names = {line.split()[0] for line in lines if "[label=" in line}
    for line in lines:
        if "->" in line:
            assert set(line.rstrip(";").split(" -> ")) <= names
    assert 'label="Sequential";' in lines and 'label="Functional";' in lines


def test_part_of_a_model() -> None:
    model = two_by_two()
    middle = model.get_layer("concatenate").output
    lines = plot_model(Model(middle, model.outputs), None).dot.splitlines()
    assert [line.split('"')[1] for line in lines if "label" in line] == ["Input", "Dense", "Dense"]


def test_names_with_characters_of_their_own() -> None:
    model = Sequential([Input((3,)), Dense(1, name='a<b>&"c\\d"')])
    drawing = plot_model(model, None, show_layer_names=True)
    texts = [item.text for item in ElementTree.fromstring(drawing.svg).iter(f"{SVG}text")]
    assert texts[1] == 'a<b>&"c\\d" (Dense)'
    assert r'label="a<b>&\"c\\d\" (Dense)"' in drawing.dot
    assert drawing._repr_svg_() is drawing.svg


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    drawing = plot_model(two_by_two())
    assert Path("model.svg").read_text() == drawing.svg
    plot_model(two_by_two(), tmp_path / "m.dot")
    assert Path("m.dot").read_text() == drawing.dot
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.dot", "model.svg"]
    wide = ElementTree.fromstring(plot_model(two_by_two(), None, dpi=192).svg)
    assert float(wide.attrib["width"]) == pytest.approx(
        2 * float(ElementTree.fromstring(drawing.svg).attrib["width"]), abs=1
    )


def test_files_through_matplotlib(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for dpi in (72, 144):
        plot_model(nested(), tmp_path / f"{dpi}.png", expand_nested=True, dpi=dpi)
    sizes = [
        int.from_bytes((tmp_path / f"{dpi}.png").read_bytes()[16:20], "big") for dpi in (72, 144)
    ]
    assert sizes[1] == pytest.approx(2 * sizes[0], abs=2) and sizes[0] > 200
    plot_model(chain(), tmp_path / "m.pdf")
    assert (tmp_path / "m.pdf").read_bytes().startswith(b"%PDF")


def test_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"to_file: a .png file needs matplotlib: pip install"):
        plot_model(chain(), tmp_path / "m.png")
    plot_model(chain(), tmp_path / "m.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["m.svg"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"to_file": "m.jpeg"}, ValueError, "plot_model: to_file: expected a name that ends in"),
        ({"rankdir": "XY"}, ValueError, "plot_model: rankdir: expected one of TB, LR, BT, RL"),
        ({"show_shapes": "yes"}, TypeError, "plot_model: show_shapes: expected True or False"),
        ({"expand_nested": 1}, TypeError, "plot_model: expand_nested: expected True or False"),
        ({"dpi": 0}, ValueError, "plot_model: dpi: expected a positive number"),
    ],
)
def test_errors(arguments: Any, error: type[Exception], message: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=message):
        plot_model(chain(), **{"to_file": tmp_path / "m.svg"} | arguments)


def test_what_is_no_model_or_has_no_shape_yet() -> None:
    with pytest.raises(TypeError, match="plot_model: model: expected a model, got LSTM"):
        plot_model(LSTM(3), None)
    with pytest.raises(AttributeError, match=r"sequential: diagram: .* the shape of its input"):
        plot_model(Sequential([LSTM(3)]), None)
