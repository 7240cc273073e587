"""What there is to draw: boxes and the edges between them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Box:
    """One call of a layer.

    Attributes
    ----------
    title : str
    lines : list of str
        What is said below the title.
    kind : {"input", "layer", "model"}
    shared : bool
        Whether the layer is called in other boxes too.
    inner : Diagram or None
        What is inside, where that is to be shown.
    """

    title: str
    lines: list[str] = field(default_factory=list)
    kind: str = "layer"
    shared: bool = False
    inner: Diagram | None = None


@dataclass
class Edge:
    """From one box to another, by their numbers.

    Attributes
    ----------
    source, target : int
    output : int
        Which output of `source`.
    input : int
        Which input of `target`.
    """

    source: int
    target: int
    output: int = 0
    input: int = 0


@dataclass
class Diagram:
    """Boxes, each behind those that it needs, and edges.

    Attributes
    ----------
    boxes : list of Box
    edges : list of Edge
    inputs, outputs : list of int
        The numbers of the boxes that hold the inputs and give the outputs.
    """

    boxes: list[Box]
    edges: list[Edge]
    inputs: list[int]
    outputs: list[int]
