"""plot_model: a drawing of the graph of a model."""

from __future__ import annotations

import os
from typing import Any

from rnncore.utils._checks import check_flag
from rnncore.utils.drawing import files
from rnncore.utils.drawing.diagram import Diagram
from rnncore.utils.drawing.picture import picture

_DIRECTIONS = ("TB", "LR", "BT", "RL")
_BY_MATPLOTLIB = ("png", "pdf")
# What the drawing of Keras takes for a size in the file of 1 inch.
_POINTS_AN_INCH = 72.0


class Drawing:
    """A drawn graph; a notebook shows it.

    Attributes
    ----------
    svg : str
        As an SVG document.
    dot : str
        The same graph in the language of Graphviz.
    """

    def __init__(self, diagram: Diagram, rankdir: str, dpi: float) -> None:
        self._picture = picture(diagram, rankdir)
        self._dpi = dpi
        self.svg = files.svg(self._picture, dpi / _POINTS_AN_INCH)
        self.dot = files.dot(diagram, rankdir)

    def save(self, to_file: str | os.PathLike[str]) -> None:
        """Write it to a file, whose kind is that of its name; see `plot_model`."""
        kind = os.path.splitext(os.fspath(to_file))[1].lstrip(".").lower()
        if kind in ("svg", "dot"):
            files.write_text(to_file, self.svg if kind == "svg" else self.dot)
        elif kind in _BY_MATPLOTLIB:
            files.write_by_matplotlib(to_file, kind, self._picture, self._dpi)
        else:
            raise ValueError(
                "plot_model: to_file: expected a name that ends in .svg, .dot, .png or .pdf, got "
                f"{os.fspath(to_file)!r}"
            )

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
        ``.svg`` and ``.dot`` (the text of Graphviz) need nothing; ``.png`` and ``.pdf`` need
        matplotlib. None: no file.
    show_shapes : bool, default False
        Whether the boxes say the shapes of inputs and outputs.
    show_dtype : bool, default False
        The same with the dtypes.
    show_layer_names : bool, default False
        Whether they say the names of the layers, and not their classes alone.
    rankdir : {"TB", "LR", "BT", "RL"}, default "TB"
        Where the graph runs: from top to bottom, from left to right, or the other way.
    expand_nested : bool, default False
        Whether the layers of models inside are drawn too.
    dpi : float, default 96
        Pixels an inch.
    show_layer_activations : bool, default False
        Whether the boxes say the activations of the layers that have one.
    show_trainable : bool, default False
        Whether they say which layers with weights are trained.

    Returns
    -------
    Drawing
        Which a notebook shows.

    Raises
    ------
    ValueError, TypeError
        For an argument of another kind, a file of another kind, and a model without a shape.
    ImportError
        For ``.png`` and ``.pdf`` without matplotlib.
    OSError
        When the file cannot be written.

    Notes
    -----
    A box is one call of a layer. Boxes with a dashed border are calls of a layer that is called
    several times: its weights are there once.

    Examples
    --------
    >>> from rnncore import Input, Model
    >>> from rnncore.layers import LSTM, Dense
    >>> from rnncore.utils import plot_model
    >>> x = Input((10, 3))
    >>> drawing = plot_model(Model(x, Dense(1)(LSTM(8)(x))), to_file=None, show_shapes=True)
    >>> print(drawing.dot)
    digraph model {
      rankdir=TB;
      node [shape=box];
      n0 [label="InputLayer\\nOutput shape: (None, 10, 3)"];
      n1 [label="LSTM\\nInput shape: (None, 10, 3)\\nOutput shape: (None, 8)"];
      n2 [label="Dense\\nInput shape: (None, 8)\\nOutput shape: (None, 1)"];
      n0 -> n1;
      n1 -> n2;
    }
    <BLANKLINE>
    """
    owner = "plot_model"
    if not hasattr(model, "diagram"):
        raise TypeError(f"{owner}: model: expected a model, got {type(model).__name__}")
    if rankdir not in _DIRECTIONS:
        raise ValueError(
            f"{owner}: rankdir: expected one of {', '.join(_DIRECTIONS)}, got {rankdir!r}"
        )
    if isinstance(dpi, bool) or not isinstance(dpi, (int, float)) or not 0 < dpi < 10_000:
        raise ValueError(f"{owner}: dpi: expected a positive number, got {dpi!r}")
    diagram = model.diagram(
        shapes=check_flag(owner, "show_shapes", show_shapes),
        dtypes=check_flag(owner, "show_dtype", show_dtype),
        names=check_flag(owner, "show_layer_names", show_layer_names),
        nested=check_flag(owner, "expand_nested", expand_nested),
        activations=check_flag(owner, "show_layer_activations", show_layer_activations),
        trainable=check_flag(owner, "show_trainable", show_trainable),
    )
    drawing = Drawing(diagram, rankdir, dpi)
    if to_file is not None:
        drawing.save(to_file)
    return drawing
