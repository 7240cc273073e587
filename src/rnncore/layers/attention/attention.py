"""Attention: means of values, weighted by how well their keys match a query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.activations import softmax
from rnncore.layers._arguments import may_equal
from rnncore.layers.graph.symbolic import CountedStep, MaskSteps
from rnncore.layers.layer import Layer
from rnncore.layers.merging.merge import several_shapes
from rnncore.layers.nodes import Nodes
from rnncore.layers.parameter import Parameter
from rnncore.layers.regularization.regularization import Dropout
from rnncore.layers.tape import Tape
from rnncore.utils._checks import check_choice, check_flag

# What Keras subtracts from the score of a masked step.
_FAR = 1e9
# The factors inside and outside tanh, None where there is none.
Factors = tuple[Parameter | None, Parameter | None]


class Attention(Layer):
    """``y = softmax(scores) value``, with one score for each pair of a query and a key.

    Parameters
    ----------
    use_scale : bool, default False
        Whether to multiply the scores by a learned factor.
    score_mode : {"dot", "concat"}, default "dot"
        "dot": ``scale * q . k``. "concat": ``weight * sum(tanh(scale * (q + k)))`` with a learned
        weight.
    dropout : float, default 0.0
        Fraction of the softmax to drop in training.
    seed : int, optional
        For the dropout. Default: derived from `rnncore.utils.set_random_seed`.
    **kwargs
        `name`, `dtype`, `trainable` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown or out of range, or the layer is not called on ``[query, value]``
        or ``[query, value, key]`` with matching shapes.

    Notes
    -----
    Inputs: query ``(B, Tq, D)``, value ``(B, Tv, E)``, key ``(B, Tv, D)``, by default the value.
    Output: ``(B, Tq, E)``. Weights: scale ``()`` with `use_scale`, concat_score_weight ``()`` with
    "concat". The value's mask leaves out its steps. The query's mask sets the output to zero and is
    passed on. A call takes `mask`, a list of both; ``use_causal_mask=True``, which hides later
    steps of the value from each step of the query; and ``return_attention_scores=True``, which also
    returns the softmax ``(B, Tq, Tv)``.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Attention
    >>> query, value = np.zeros((1, 1, 2)), np.array([[[1.0, 5.0], [3.0, 7.0]]])
    >>> Attention()([query, value])
    array([[[2., 6.]]], dtype=float32)
    """

    takes_several = True
    reads_mask = True
    call_arguments = ("return_attention_scores", "use_causal_mask")
    call_flags = ("training", *call_arguments)
    # None if the scores are products.
    _tanh_factors: Factors | None = None
    # What nodes call the scores (rnncore_scores).
    _score_number = 0

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.use_scale = check_flag(owner, "use_scale", use_scale)
        self.score_mode = check_choice(owner, "score_mode", score_mode, ("dot", "concat"))
        self._dropout = Dropout(dropout, seed=seed, name="dropout")
        self.children: tuple[Dropout] = (self._dropout,)

    def current_arguments(self) -> dict[str, Any]:
        rest = {"dropout": self._dropout.rate, "seed": self._dropout.seed}
        return {**super().current_arguments(), **rest}

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)
        self.scale = self.add_weight("scale", (), "ones") if self.use_scale else None
        self.concat_score_weight = None
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight("concat_score_weight", (), "ones")
            self._tanh_factors = (self.scale, self.concat_score_weight)
            self._score_number = 1

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        shapes = several_shapes(self.name, input_shape)
        query, value, key = (*shapes, shapes[-1])[:3] if len(shapes) in (2, 3) else ((), (), ())
        fit = len(query) == len(value) == len(key) == 3
        if not (fit and may_equal(query[2], key[2]) and may_equal(value[1], key[1])):
            raise ValueError(
                f"{self.name}: x: expected [query (B, Tq, D), value (B, Tv, E)] and optionally a "
                "key (B, Tv, D), without which E must equal D, got shapes "
                f"{', '.join(map(str, shapes))}"
            )
        return (query[0], query[1], value[2])

    def call_output_shape(self, input_shape: Any, arguments: Mapping[str, Any]) -> Any:
        shape = self.compute_output_shape(input_shape)
        if not arguments.get("return_attention_scores"):
            return shape
        return [shape, (*shape[:2], input_shape[1][1])]

    def _checked_mask(self, mask: Any, shapes: Any) -> Any:
        # The key has the same steps as the value, so its mask may be omitted.
        if isinstance(mask, (list, tuple)) and len(mask) == 2:
            mask = [*mask, None][: len(shapes)]
        return super()._checked_mask(mask, shapes)

    def compute_mask(self, x: Any, mask: Any) -> Any:
        return None if mask is None else mask[0]

    def mask_steps(self, inputs: list[CountedStep], masks: MaskSteps) -> MaskSteps:
        return [] if masks[0] is None else [CountedStep(masks[0], rank=masks[0].rank)]

    def infer(
        self,
        f: Nodes,
        x: Any,
        mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        real = [None, None] if mask is None else mask[:2]
        return f.node(
            "attention",
            [*(*x, x[-1])[:3], *real],
            [self.scale, self.concat_score_weight],
            [self._score_number, int(use_causal_mask)],
            outputs=1 + return_attention_scores,
        )

    def infer_mask(self, f: Nodes, x: Any, mask: Any, y: Any) -> Any:
        return None if mask is None else mask[0]

    def forward(
        self,
        x: Any,
        *,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> tuple[Any, Any]:
        if not training:
            return self.inferred(
                x,
                mask,
                return_attention_scores=return_attention_scores,
                use_causal_mask=use_causal_mask,
            )
        query, value, key = (*x, x[-1])[:3]
        real_query, real_value = (None, None) if mask is None else mask[:2]
        tape = self.tape(training)
        scores, of_scores = self._scores(query, key, tape)
        hidden: Any = False if real_value is None else ~real_value[:, None]
        if use_causal_mask:
            hidden = hidden | np.logical_not(np.tri(*scores.shape[1:]))
        if hidden is not False:
            np.subtract(scores, _FAR, out=scores, where=hidden)
        shares = softmax.forward(scores, scores)
        kept, dropped = self._dropout.forward(shares, training=training)
        y = tape.take("y", (*query.shape[:2], value.shape[2]), query.dtype)
        np.matmul(kept, value, out=y)
        tape.saved = (query, value, key, len(x), real_query, shares, kept, dropped, of_scores)
        _zero(y, real_query)
        return ([y, kept] if return_attention_scores else y), tape

    def backward(self, tape: Any, dy: Any, *, need_dx: bool = True) -> Any:
        query, value, key, count, real_query, shares, kept, dropped, of_scores = self.used(tape)
        take = tape.take
        given, dscores_given = dy if isinstance(dy, list) else (dy, None)
        dy = take("dy", (*query.shape[:2], value.shape[2]), query.dtype)
        dy[...] = 0 if given is None else given
        _zero(dy, real_query)
        dkept = np.matmul(dy, value.swapaxes(1, 2), out=take("dkept", shares.shape, dy.dtype))
        if dscores_given is not None:
            dkept += dscores_given
        dshares: Any = self._dropout.backward(dropped, dkept)
        dscores = softmax.backward_into(shares, dshares, take("dscores", shares.shape, dy.dtype))
        dquery, dkey = self._scores_backward(query, key, dscores, of_scores, tape)
        dvalue = take("dvalue", value.shape, dy.dtype)
        np.matmul(kept.swapaxes(1, 2), dy, out=dvalue)
        if count == 3:
            return [dquery, dvalue, dkey], {}
        dvalue += dkey
        return [dquery, dvalue], {}

    def _scores(
        self, query: NDArray[Any], key: NDArray[Any], tape: Tape
    ) -> tuple[NDArray[Any], Any]:
        """Return the scores (B, Tq, Tv), free to overwrite, and what their backward needs."""
        if self._tanh_factors is not None:
            return tanh_scores(query, key, self._tanh_factors, tape)
        shape = (*query.shape[:2], key.shape[1])
        products = tape.take("products", shape, query.dtype)
        np.matmul(query, key.swapaxes(1, 2), out=products)
        if self.scale is None:
            return products, None
        scores = tape.take("scores", shape, query.dtype)
        return np.multiply(products, self.scale.value, out=scores), products

    def _scores_backward(
        self,
        query: NDArray[Any],
        key: NDArray[Any],
        dscores: NDArray[Any],
        saved: Any,
        tape: Tape,
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Write the gradients of the weights, return those of query and key."""
        if self._tanh_factors is not None:
            return tanh_scores_backward(dscores, saved, self._tanh_factors, tape)
        if self.scale is not None:
            saved *= dscores
            self.scale.grad[...] = saved.sum()
            dscores *= self.scale.value
        dquery = tape.take("dquery", query.shape, query.dtype)
        dkey = tape.take("dkey", key.shape, key.dtype)
        np.matmul(dscores, key, out=dquery)
        np.matmul(dscores.swapaxes(1, 2), query, out=dkey)
        return dquery, dkey


class AdditiveAttention(Attention):
    """Attention with the scores ``sum(scale * tanh(q + k))`` over the features.

    Parameters
    ----------
    use_scale : bool, default True
        Whether to learn a scale for each feature.
    dropout : float, default 0.0
        Fraction of the softmax to drop in training.
    **kwargs
        `seed`, and `name`, `dtype`, `trainable` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown or out of range, or the layer is not called on ``[query, value]``
        or ``[query, value, key]`` with matching shapes.

    Notes
    -----
    Inputs, output and masks as in `Attention`. Weights: scale ``(D,)`` with `use_scale`.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import AdditiveAttention
    >>> query, value = np.zeros((1, 4, 2)), np.ones((1, 3, 2))
    >>> AdditiveAttention()([query, value]).shape
    (1, 4, 2)
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)
        self._score_number = 2

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)
        features = input_shape[0][-1]
        if self.use_scale and features is None:
            raise ValueError(f"{self.name}: x: expected a known number of features, got None")
        self.scale = self.add_weight("scale", (features,)) if self.use_scale else None
        self.concat_score_weight = None
        self._tanh_factors = (None, self.scale)


def tanh_scores(
    query: NDArray[Any], key: NDArray[Any], factors: Factors, tape: Tape
) -> tuple[NDArray[Any], Any]:
    """Return ``sum(outer * tanh(inner * (q + k)))`` over the features, and what backward needs."""
    inner, outer = factors
    shape = (*query.shape[:2], *key.shape[1:])
    sums = tape.take("sums", shape, query.dtype)
    np.add(query[:, :, None], key[:, None], out=sums)
    bent = tape.take("bent", shape, query.dtype)
    np.tanh(sums if inner is None else np.multiply(sums, inner.value, out=bent), out=bent)
    scores = tape.take("scores", shape[:3], query.dtype)
    weights = np.full(shape[3], 1 if outer is None else outer.value, bent.dtype)
    return np.matmul(bent, weights, out=scores), (sums, bent)


def tanh_scores_backward(
    dscores: NDArray[Any], saved: Any, factors: Factors, tape: Tape
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Write the gradients of both factors, return those of query and key."""
    (sums, bent), (inner, outer) = saved, factors
    dbent = dscores[..., None]
    dsums = tape.take("dsums", bent.shape, bent.dtype)
    if outer is not None:
        along = np.multiply(dbent, bent, out=dsums).reshape(-1, bent.shape[-1])
        outer.grad[...] = along.sum(axis=0 if outer.shape else None)
    bent *= bent
    np.subtract(1, bent, out=dsums)
    dsums *= dbent
    if outer is not None:
        dsums *= outer.value
    if inner is not None:
        sums *= dsums
        inner.grad[...] = sums.sum()
        dsums *= inner.value
    batch, queries, keys, features = dsums.shape
    dquery = tape.take("dquery", (batch, queries, features), bent.dtype)
    dkey = tape.take("dkey", (batch, keys, features), bent.dtype)
    return dsums.sum(axis=2, out=dquery), dsums.sum(axis=1, out=dkey)


def _zero(array: NDArray[Any], real: NDArray[Any] | None) -> None:
    """Write zeros to the masked steps of the array."""
    if real is not None:
        array[~real] = 0
