"""Embedding: a learned vector for each token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore import _core
from rnncore.layers._arguments import ADAPTED, numeric_array
from rnncore.layers._lengths import narrowed_mask
from rnncore.layers.graph.symbolic import CountedStep, MaskSteps
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.nodes import Nodes
from rnncore.utils._checks import check_count, check_flag


class Embedding(Layer):
    """Look up a learned vector for every token id.

    Parameters
    ----------
    input_dim : int
        Size of the vocabulary: ids run from 0 to ``input_dim - 1``.
    output_dim : int
        Size of the vectors.
    embeddings_initializer : default "uniform"
    embeddings_regularizer : optional
        Penalty on all rows; see `rnncore.regularizers`.
    embeddings_constraint : optional
        Applied to all rows after each step; see `rnncore.constraints`.
    mask_zero : bool, default False
        Whether id 0 is padding, which the following layers mask.
    weights : array_like or list of one, shape (input_dim, output_dim), optional
        Initial vectors, instead of the initializer; with ``trainable=False`` they are kept.
    input_length : int, optional
        Number of ids in a row, for the first layer of a model.
    **kwargs
        `name`, `dtype`, `trainable` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown, out of range or not supported yet, or an id is not a whole number
        within the vocabulary.

    Notes
    -----
    Weight: embeddings ``(input_dim, output_dim)``. The input is ``(B, T)``, the output
    ``(B, T, output_dim)``.

    Examples
    --------
    >>> from rnncore.layers import Embedding
    >>> Embedding(10, 4)([[1, 2, 0]]).shape
    (1, 3, 4)
    >>> Embedding(2, 3, weights=[[0, 0, 0], [1, 2, 3]], trainable=False)([[1]])
    array([[[1., 2., 3.]]], dtype=float32)
    """

    unsupported: Mapping[str, Any] = ADAPTED
    also_configured = frozenset({"input_dim"})
    takes_ids = True
    makes_mask = True
    size_arguments = ("input_dim", "output_dim")

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        *,
        input_length: int | None = None,
        input_shape: Any = None,
        **kwargs: Any,
    ) -> None:
        if input_length is not None:
            if input_shape is not None:
                raise ValueError("Embedding: expected input_length or input_shape, got both")
            input_shape = (check_count("Embedding", "input_length", input_length),)
        super().__init__(input_shape=input_shape, **kwargs)
        self.input_dim = check_count("Embedding", "input_dim", input_dim)
        self.output_dim = check_count("Embedding", "output_dim", output_dim)
        self.choose("embeddings", locals())
        self.mask_zero = check_flag("Embedding", "mask_zero", mask_zero)
        self._pretrained = None if weights is None else self._table(weights)

    def build(self, input_shape: Shape) -> None:
        self.embeddings = self.add_weight(
            "embeddings", (self.input_dim, self.output_dim), **self.chosen("embeddings")
        )
        if self._pretrained is not None:
            self.embeddings.assign(self._pretrained)
            self._pretrained = None

    def _table(self, weights: Any) -> NDArray[Any]:
        """Return the array in `weights`, which may be in a list as for `set_weights`."""
        alone = weights[0] if isinstance(weights, list) and len(weights) == 1 else weights
        table = numeric_array("Embedding: weights", alone)
        if table.shape != (self.input_dim, self.output_dim):
            raise ValueError(
                "Embedding: weights: expected an array of shape "
                f"{(self.input_dim, self.output_dim)}, got {table.shape}"
            )
        return table

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape, self.output_dim)

    def mask_steps(self, inputs: list[CountedStep], masks: MaskSteps) -> MaskSteps:
        return [CountedStep(inputs[0], rank=inputs[0].rank)] if self.mask_zero else []

    def compute_mask(self, x: Any, mask: NDArray[Any] | None = None) -> NDArray[Any] | None:
        # An incoming mask is that of ragged sequences.
        return narrowed_mask(mask, np.asarray(x) != 0) if self.mask_zero else mask

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        return f.node("embedding", [x], [self.embeddings])

    def infer_mask(self, f: Nodes, x: Any, mask: Any, y: Any) -> Any:
        if not self.mask_zero:
            return mask
        # Lengths of the first axis say nothing about ids with more axes.
        given = mask if mask is not None and mask.rank == x.rank else None
        return f.node("not_zero", [x, given])

    def convert_input(self, x: ArrayLike, argument: str = "x") -> NDArray[Any]:
        """Return ids as integers; ValueError if one is not a whole number within the vocabulary."""
        array = numeric_array(argument, x)
        if array.dtype.kind == "f":  # others would be truncated silently
            fraction = array[~(np.isfinite(array) & (array == np.floor(array)))]
            if fraction.size:
                raise ValueError(
                    f"{self.name}: {argument}: expected whole numbers as token ids, got "
                    f"{fraction[0]}"
                )
        with np.errstate(invalid="ignore"):  # if far too large, they are refused below
            ids = array.astype(np.intp, copy=False)
        if ids.size and not (ids.min() >= 0 and ids.max() < self.input_dim):
            where = tuple(int(i) for i in np.argwhere((ids < 0) | (ids >= self.input_dim))[0])
            raise ValueError(
                f"{self.name}: {argument}: expected token ids from 0 to {self.input_dim - 1}, "
                f"got {array[where]} at {list(where)}"
            )
        return ids

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        tape = self.tape(training)
        # A copy, so that changes to the caller's array affect neither this pass nor `backward`.
        ids = tape.take("ids", x.shape, np.int64)
        ids[...] = x
        table = self.embeddings.value
        y = tape.take("y", (*x.shape, self.output_dim), table.dtype)
        _core.gather_rows(table, ids, y)
        tape.saved = ids
        return y, tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        ids = self.used(tape)
        embeddings = self.embeddings
        # No rows are known until the new ones are: after a Ctrl-C in between, even as the scatter
        # returns, the next step clears all.
        written, embeddings.grad_rows = embeddings.grad_rows, None
        if written is None:
            embeddings.grad[...] = 0
            written = np.empty(0, np.int64)
        # Clear only the rows of the last batch; all others are zero. Uses a copy, since others can
        # write to `grad_rows` while the call has released the GIL.
        written = np.array(written, np.int64)
        _core.scatter_add_rows(embeddings.grad, written, ids, np.ascontiguousarray(dy))
        embeddings.grad_rows = tape.copied("rows", ids)
        return None  # ids have no gradient
