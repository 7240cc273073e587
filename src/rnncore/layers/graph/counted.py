"""Steps as Keras counts them when it puts the layers of a graph in order."""

from __future__ import annotations

from typing import Any


class CountedStep:
    """A call of a layer, or with no layer an operation on masks; knows the steps that it reads.

    Attributes
    ----------
    reads : tuple of CountedStep
    rank : int
        The number of axes of what it gives.
    layer : Layer or None
    """

    def __init__(self, *reads: CountedStep, rank: int, layer: Any = None) -> None:
        self.reads = reads
        self.rank = rank
        self.layer = layer


def either(one: CountedStep, other: CountedStep) -> CountedStep:
    """Return the step that finds where one mask or another is True."""
    return CountedStep(one, other, rank=max(one.rank, other.rank))
