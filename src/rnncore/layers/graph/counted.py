"""Steps of a graph, counted as Keras does to order its layers."""

from __future__ import annotations

from typing import Any


class CountedStep:
    """A call of a layer, or (without layer) an operation on masks, and the steps it reads.

    Attributes
    ----------
    reads : tuple of CountedStep
    rank : int
        The number of axes of its result.
    layer : Layer or None
    """

    def __init__(self, *reads: CountedStep, rank: int, layer: Any = None) -> None:
        self.reads = reads
        self.rank = rank
        self.layer = layer


# The last step in computing each of several masks, None where there is no mask.
MaskSteps = list[CountedStep | None]


def either(one: CountedStep, other: CountedStep) -> CountedStep:
    """Return the step that finds where one mask or another is True."""
    return CountedStep(one, other, rank=max(one.rank, other.rank))
