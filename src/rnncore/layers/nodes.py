"""Inference as nodes of a program, which the C library runs.

A layer says what it computes in inference by its method `infer`, as calls of `Nodes.node`. Whoever
runs it decides whether these write nodes down, for a model file or a stream, or run each at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from rnncore import _core
from rnncore.layers.tape import FRESH, Tape

# Inputs that one node takes at most.
MOST_INPUTS = 64
# The kinds of nodes; csrc/runtime/kinds.h says what each takes and gives.
KINDS = {
    "lengths": 1,
    "not_zero": 2,
    "not_equal": 3,
    "window_lengths": 4,
    "join_masks": 5,
    "any_mask": 6,
    "fill": 7,
    "as_mask": 8,
    "embedding": 10,
    "dense": 11,
    "recurrent": 12,
    "conv": 13,
    "conv_transpose": 14,
    "attention": 15,
    "unary": 20,
    "binary": 21,
    "softmax": 22,
    "reduce": 23,
    "layer_norm": 24,
    "pool": 25,
    "matmul": 26,
    "convert": 27,
    "batch_norm": 28,
    "reshape": 30,
    "permute": 31,
    "slice": 32,
    "pad": 33,
    "repeat": 34,
    "concat": 35,
    "expand": 36,
    "fold": 37,
    "unfold": 38,
}


# What "binary" nodes compute.
OPERATIONS = {
    "add": 0,
    "subtract": 1,
    "multiply": 2,
    "divide": 3,
    "maximum": 4,
    "minimum": 5,
    "slope": 6,  # a where it is positive, else a * b
    "first": 7,  # a, broadcast to the sizes of b
}
# Two of the functions of "unary" nodes; activations know the numbers of theirs.
UNARY = {"sqrt": 20, "square": 21}
# How "join_masks" nodes make one mask of several.
JOINTS = {"every": 0, "any": 1, "steps": 2, "lengths": 3}
# What "reduce" and "pool" nodes compute.
REDUCTIONS = {"sum": 0, "mean": 1, "max": 2}


class Value(NamedTuple):
    """What a node that was written down gives.

    Attributes
    ----------
    number : int
    rank : int
        Number of axes, the batch included.
    lead : int
        How many of the first ones count as one batch of rows: 1, and 1 more for each "fold".
    ids : bool
        Whether it is token ids.
    """

    number: int
    rank: int
    lead: int = 1
    ids: bool = False


class Nodes(Protocol):
    """What runs nodes, or writes them down."""

    def node(
        self,
        kind: str,
        inputs: Sequence[Any],
        tensors: Sequence[Any] = (),
        attributes: Sequence[int] = (),
        numbers: Sequence[float] = (),
        outputs: int = 1,
    ) -> Any:
        """Return the output of a node, or a list of several.

        Parameters
        ----------
        kind : str
            A name in `KINDS`.
        inputs : sequence
            What earlier nodes returned; None for one that is not given.
        tensors : sequence of Parameter, ndarray or None
            Constants, in the dtype of the model.
        attributes : sequence of int
        numbers : sequence of float
        outputs : int, default 1
        """


# For nodes that take and give masks alone, which have no numbers.
_OF_MASKS = np.dtype(np.float32)


class AtOnce:
    """Runs each node on NumPy arrays when it is asked for.

    Parameters
    ----------
    tape : Tape
        Where the arrays that it makes lie.
    """

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._count = 0

    def node(
        self,
        kind: str,
        inputs: Sequence[Any],
        tensors: Sequence[Any] = (),
        attributes: Sequence[int] = (),
        numbers: Sequence[float] = (),
        outputs: int = 1,
    ) -> Any:
        """See `Nodes.node`."""
        floats = (x.dtype for x in inputs if x is not None and x.dtype.kind == "f")
        dtype = next(floats, _OF_MASKS)
        values = [getattr(one, "value", one) for one in tensors]
        self._count += 1
        return _core.run_node(
            kind,
            KINDS[kind],
            [*inputs],
            values,
            [*attributes],
            [*numbers],
            outputs,
            dtype,
            self._tape.take,
            f"{kind} {self._count}",
        )


# For inference, where all arrays are new.
AT_ONCE = AtOnce(FRESH)


def rank_of(kind: str, inputs: Sequence[Value | None], attributes: Sequence[int]) -> int:
    """Return the number of axes of what a node gives, of its first output."""
    first = next((one for one in inputs if one is not None), None)
    rank, lead = (2, 1) if first is None else (first.rank, first.lead)
    if kind in ("lengths", "window_lengths"):
        return lead + 1
    if kind == "any_mask":
        return attributes[0]
    if kind == "reshape":
        return lead + attributes[0]
    if kind in ("binary", "matmul"):
        return max(one.rank for one in inputs if one is not None)
    if kind == "reduce" and not attributes[1]:
        return rank - attributes[2]
    longer = kind in ("embedding", "expand")
    shorter = kind == "not_equal" or (kind == "recurrent" and not attributes[5])
    shorter = shorter or (kind == "slice" and bool(attributes[6]))
    return rank + longer - shorter


def is_ids(kind: str, inputs: Sequence[Value | None], attributes: Sequence[int]) -> bool:
    """Return whether a node gives token ids."""
    if kind == "convert":
        return bool(attributes and attributes[0])
    first = inputs[0] if inputs else None
    return kind in ("fold", "unfold") and first is not None and first.ids


def axes_of(x: Any) -> int:
    """Return how many axes behind the batch a value or an array has."""
    return x.rank - x.lead if isinstance(x, Value) else x.ndim - 1


def of_each_sample(constant: Any, x: Any) -> Any:
    """Return a constant, which may have a batch axis of size 1 as a value or an array, without."""
    array = np.asarray(constant)
    return array[0] if array.ndim > axes_of(x) else array


def axis_of(axis: int) -> int:
    """Return an axis of NumPy, which counts the batch, as nodes count it."""
    return axis - 1 if axis > 0 else axis
