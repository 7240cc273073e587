"""plot_model: a drawing of the graph of a model, by pydot and Graphviz."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from html import escape
from itertools import count
from typing import TYPE_CHECKING, Any

from rnncore.utils._checks import check_choice, check_flag, check_number
from rnncore.utils._files import checked_suffix, plot_module, replacing

if TYPE_CHECKING:
    import pydot

_DIRECTIONS = ("TB", "LR", "BT", "RL")
_FLAGS = ["show_shapes", "show_dtype", "show_layer_names", "expand_nested"]
_FLAGS += ["show_layer_activations", "show_trainable"]
_SUFFIXES = (".svg", ".png", ".pdf", ".jpg", ".dot")
_TEXT = {"fontname": "Helvetica", "fontsize": 12, "color": "#52606d"}
_FILLS = {"input": "#e3f1e5", "layer": "#e4ecf7", "model": "#f3ecdf"}


class Drawing:
    """A drawn graph; a notebook shows it.

    Attributes
    ----------
    graph : pydot.Dot
        For further changes and other renderings.
    dot : str
        The graph in Graphviz' language.
    svg : str
        As an SVG document.
    """

    def __init__(self, graph: pydot.Dot) -> None:
        self.graph = graph

    @property
    def dot(self) -> str:
        return self.graph.to_string()

    @property
    def svg(self) -> str:
        return self._drawn("svg").decode()

    def save(self, to_file: str | os.PathLike[str]) -> None:
        """Write it to a file, in the format of its suffix; see `plot_model`."""
        kind = checked_suffix("plot_model: to_file", to_file, _SUFFIXES)[1:]
        data = self.dot.encode() if kind == "dot" else self._drawn(kind)
        with replacing(to_file) as file:
            file.write(data)

    def _drawn(self, kind: str) -> bytes:
        try:
            data: Any = self.graph.create(format=kind, encoding="utf-8")
        except FileNotFoundError as error:
            raise FileNotFoundError(
                "plot_model needs the program dot of Graphviz: apt-get install graphviz, or see "
                "https://graphviz.org/download (to_file='model.dot' does without)"
            ) from error
        return data

    def _repr_svg_(self) -> str:
        return self.svg


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] | None = "model.svg",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 96,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Drawing:
    """Draw the graph of a model to a file.

    Parameters
    ----------
    model : Model
        One that knows the shapes of its inputs.
    to_file : str or path, default "model.svg"
        ``.svg``, ``.png``, ``.pdf``, ``.jpg`` or ``.dot`` (the text of Graphviz). None: no file.
    show_shapes : bool, default False
        Whether to show the shapes of inputs and outputs.
    show_dtype : bool, default False
        Whether to show their dtypes.
    show_layer_names : bool, default False
        Whether to show the names of the layers as well as their classes.
    rankdir : {"TB", "LR", "BT", "RL"}, default "TB"
        Direction of the graph: top to bottom, left to right, or the reverse.
    expand_nested : bool, default False
        Whether to draw the layers of nested models.
    dpi : float, default 96
        Pixels per inch.
    show_layer_activations : bool, default False
        Whether to show the activations of layers that have one.
    show_trainable : bool, default False
        Whether to show which layers with weights are trained.

    Returns
    -------
    Drawing
        Which a notebook shows.

    Raises
    ------
    ValueError, TypeError
        If an argument or the file's suffix is wrong, or the model has no known input shape.
    ImportError
        Without pydot.
    OSError
        If the file cannot be written, or Graphviz' program ``dot`` is missing (``.dot`` files do
        not need it).

    Notes
    -----
    Each box is one call of a layer. Dashed boxes are calls of a layer that is called several times,
    with one set of weights.

    Examples
    --------
    >>> from rnncore import Input, Model
    >>> from rnncore.layers import LSTM, Dense
    >>> from rnncore.utils import plot_model
    >>> x = Input((10, 3))
    >>> drawing = plot_model(Model(x, Dense(1)(LSTM(8)(x))), to_file=None)
    >>> print(*drawing.dot.splitlines()[-4:], sep="\\n")
    n0 -> n1;
    n2 [label=<<B>Dense</B>>, fillcolor="#e4ecf7"];
    n1 -> n2;
    }
    """
    given, owner = locals(), "plot_model"
    if not getattr(model, "is_model", False):
        raise TypeError(f"{owner}: model: expected a model, got {type(model).__name__}")
    check_choice(owner, "rankdir", rankdir, _DIRECTIONS)
    check_number(owner, "dpi", dpi, low=0, open_low=True, high=10_000)
    shown = {name for name in _FLAGS if check_flag(owner, name, given[name])}
    pydot = plot_module(owner, "pydot")
    graph = pydot.Dot("model", rankdir=rankdir, dpi=dpi, **_TEXT)
    graph.set_node_defaults(shape="box", style='"rounded,filled"', margin='"0.2,0.1"', **_TEXT)
    graph.set_edge_defaults(color=_TEXT["color"], arrowsize=0.7)
    _Painter(pydot, shown).add_calls(graph, model)
    drawing = Drawing(graph)
    if to_file is not None:
        drawing.save(to_file)
    return drawing


class _Painter:
    """Adds boxes and edges to a graph; `shown` names the flags of `plot_model` that are set.

    Models, nodes and tensors are those of `rnncore.models` and `rnncore.layers`, which this part
    may not import.
    """

    def __init__(self, pydot: Any, shown: Collection[str]) -> None:
        self._pydot = pydot
        self._shown = shown
        self._numbers = count()

    def add_calls(self, graph: Any, model: Any) -> tuple[list[str], list[str]]:
        """Add the calls of the layers; return the boxes of the inputs and outputs."""
        nodes, inputs, outputs = model.network.graph.nodes, model.inputs, model.outputs
        layers = [node.layer for node in nodes]
        makers: dict[Any, str] = {}  # the boxes that produce the tensors
        for tensor in inputs:
            if tensor.node not in nodes:  # a tensor of another model, or one that nothing reads
                label = _label(["Input", *self._tensor_lines("", [tensor])])
                makers[tensor] = self._add_box(graph, label, "input")
        for node in nodes:
            entries, exits = self._add_call(graph, node, shared=layers.count(node.layer) > 1)
            for index, tensor in enumerate(node.reads):
                entry = entries[min(index, len(entries) - 1)]
                graph.add_edge(self._pydot.Edge(makers[tensor], entry))
            for tensor, maker in zip(node.outputs, exits, strict=True):
                makers.setdefault(tensor, maker)
        return [makers[one] for one in inputs], [makers[one] for one in outputs]

    def _add_call(self, graph: Any, node: Any, *, shared: bool) -> tuple[list[str], list[str]]:
        is_model = node.layer.is_model
        if is_model and "expand_nested" in self._shown:
            cluster = self._pydot.Cluster(
                str(next(self._numbers)),
                label=_label([self._title(node.layer)]),
                labeljust="l",
                bgcolor=_FILLS["model"],
                style="rounded",
                margin=12,
            )
            graph.add_subgraph(cluster)
            return self.add_calls(cluster, node.layer)
        kind = "model" if is_model else "layer" if node.inputs else "input"
        label = _label(self._lines(node))
        box = self._add_box(graph, label, kind, "rounded,filled,dashed" if shared else None)
        return [box], [box] * len(node.outputs)

    def _add_box(self, graph: Any, label: str, kind: str, style: str | None = None) -> str:
        name = f"n{next(self._numbers)}"
        other = {} if style is None else {"style": f'"{style}"'}
        graph.add_node(self._pydot.Node(name, label=label, fillcolor=_FILLS[kind], **other))
        return name

    def _title(self, layer: Any) -> str:
        kind = _class_name(layer)
        return f"{layer.name} ({kind})" if "show_layer_names" in self._shown else kind

    def _lines(self, node: Any) -> Iterable[str]:
        layer, shown = node.layer, self._shown
        yield self._title(layer)
        activation = getattr(layer, "activation", None)
        if "show_layer_activations" in shown and activation is not None:
            yield f"Activation: {getattr(activation, 'name', activation)}"
        if node.inputs:
            yield from self._tensor_lines("input ", node.inputs)
        yield from self._tensor_lines("output ", node.outputs)
        if "show_trainable" in shown and layer.weights:
            yield f"Trainable: {layer.trainable}"

    def _tensor_lines(self, prefix: str, tensors: Sequence[Any]) -> Iterable[str]:
        flags = {"show_shapes": "shape", "show_dtype": "dtype"}
        for what in (flags[flag] for flag in flags if flag in self._shown):
            values = ", ".join(str(getattr(tensor, what)) for tensor in tensors)
            yield f"{(prefix + what).capitalize()}: {values}"


def _class_name(layer: Any) -> str:
    """Return the class, with that of the wrapped layer: ``Bidirectional(LSTM)``."""
    wraps = getattr(layer, "wraps", None)
    inner = "" if wraps is None else f"({_class_name(getattr(layer, wraps))})"
    return f"{type(layer).__name__}{inner}"


def _label(lines: Iterable[str]) -> str:
    # Graphviz interprets \N and the like here too.
    title, *others = (escape(line).replace("\\", "\\\\") for line in lines)
    return "<" + "<BR/>".join([f"<B>{title}</B>", *others]) + ">"
