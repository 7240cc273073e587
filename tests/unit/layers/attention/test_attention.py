"""Attention and AdditiveAttention."""

import pickle
from typing import Any

import numpy as np
import pytest
from graphs import training_pass

from rnncore import Input, Model
from rnncore.layers import LSTM, AdditiveAttention, Attention, Dense, Masking
from rnncore.testing import check_gradients

RNG = np.random.default_rng(0)
QUERY, VALUE = RNG.standard_normal((3, 2, 4)), RNG.standard_normal((3, 5, 4))
KEY, OTHER = RNG.standard_normal((3, 5, 4)), RNG.standard_normal((3, 5, 6))
QUERY_MASK = np.array([[1, 0], [1, 1], [0, 0]], dtype=bool)
MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0]], dtype=bool)
KINDS: list[tuple[Any, dict[str, Any]]] = [
    (Attention, {}),
    (Attention, {"use_scale": True}),
    (Attention, {"score_mode": "concat"}),
    (Attention, {"score_mode": "concat", "use_scale": True}),
    (AdditiveAttention, {}),
    (AdditiveAttention, {"use_scale": False}),
]


@pytest.mark.parametrize("masks", [None, [None, MASK], [QUERY_MASK, MASK]])
@pytest.mark.parametrize("inputs", [[QUERY, VALUE], [QUERY, VALUE, KEY], [QUERY, OTHER, KEY]])
@pytest.mark.parametrize(("make", "options"), KINDS)
def test_gradients(make: Any, options: Any, inputs: Any, masks: Any, check_layer: Any) -> None:
    layer = make(**options, dtype="float64")
    if masks is not None and len(inputs) == 3:
        masks = [*masks, None]
    check_layer(layer, inputs, masks)
    assert layer.compute_output_shape([x.shape for x in inputs]) == layer(inputs).shape
    assert layer.compute_mask(inputs, masks) is (None if masks is None else masks[0])


@pytest.mark.parametrize(
    ("layer", "weights"),
    [
        (Attention(), []),
        (Attention(use_scale=True), [("scale", ())]),
        (
            Attention(use_scale=True, score_mode="concat"),
            [("scale", ()), ("concat_score_weight", ())],
        ),
        (AdditiveAttention(), [("scale", (4,))]),
        (AdditiveAttention(use_scale=False), []),
    ],
)
def test_weights(layer: Any, weights: Any) -> None:
    y = layer([QUERY, VALUE])
    assert [(weight.short_name, weight.shape) for weight in layer.weights] == weights
    layer.set_weights(layer.get_weights())
    assert layer.count_params() == sum(weight.size for weight in layer.weights)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(layer))([QUERY, VALUE]), y)
    assert y.dtype == np.float32


def test_masked_values_have_no_share() -> None:
    changed = np.where(MASK[..., None], VALUE, 100.0)
    for make, options in KINDS:
        layer = make(**options)
        y = layer([QUERY, VALUE], mask=[QUERY_MASK, MASK])
        np.testing.assert_array_equal(layer([QUERY, changed], mask=[QUERY_MASK, MASK]), y)
        np.testing.assert_array_equal(y[0, 1], np.zeros(4))
        np.testing.assert_allclose(layer([QUERY, VALUE], mask=[None, MASK])[2], VALUE[2, [0, 0]])


def test_dropout() -> None:
    layer = Attention(dropout=0.5, seed=1, dtype="float64")
    ones = [np.ones((200, 3, 2)), np.ones((200, 8, 2))]
    y, tape = training_pass(layer, ones)
    assert abs(y.mean() - 1) < 0.05 and y.std() > 0.1
    (_, dvalue), _ = layer.backward(tape, np.ones_like(y))
    np.testing.assert_allclose(dvalue.sum(axis=1), y.sum(axis=1))
    np.testing.assert_allclose(layer(ones), 1)
    again = Attention(dropout=0.5, seed=1, dtype="float64")
    np.testing.assert_array_equal(again(ones, training=True), y)


def test_in_a_graph() -> None:
    x = Input((5, 4))
    steps = LSTM(4, return_sequences=True)(Masking()(x))
    attended = AdditiveAttention()([steps, Attention(use_scale=True)([steps, steps])])
    model = Model(x, Dense(1)(LSTM(3)(attended)))
    model.compile("adam", "mse")
    data = np.where(MASK[..., None], VALUE, 0)
    loss = model.fit(data, np.ones((3, 1)), epochs=20, verbose=0).history["loss"]
    assert loss[-1] < loss[0]


CAUSAL = np.tri(2, 5, dtype=bool)


@pytest.mark.parametrize("masks", [None, [QUERY_MASK, MASK]])
@pytest.mark.parametrize(("make", "options"), KINDS)
def test_causal_masks_and_scores(make: Any, options: Any, masks: Any) -> None:
    layer = make(**options, dtype="float64")
    x = [QUERY, VALUE, KEY]
    y, scores = layer(x, mask=masks, use_causal_mask=True, return_attention_scores=True)
    np.testing.assert_allclose(scores.sum(axis=-1), 1)
    real = CAUSAL if masks is None else CAUSAL & MASK[:, None]
    some = np.broadcast_to(real.any(axis=-1, keepdims=True), scores.shape)
    assert (
        scores[~real & some if real.ndim == 3 else np.broadcast_to(~real, scores.shape)] == 0
    ).all()
    expected = scores @ VALUE
    if masks is not None:
        expected = np.where(QUERY_MASK[..., None], expected, 0)
    np.testing.assert_allclose(y, expected)
    np.testing.assert_array_equal(layer(x, mask=masks, use_causal_mask=True), y)
    np.testing.assert_array_equal(
        layer(x, mask=masks, return_attention_scores=True)[0], layer(x, mask=masks)
    )


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("make", "options"), KINDS)
def test_gradients_of_output_and_scores(make: Any, options: Any, masked: bool) -> None:
    layer = make(**options, dtype="float64")
    x = [QUERY.copy(), VALUE.copy(), KEY.copy()]
    # Where all is hidden the scores stand beside 1e9, which leaves them few digits.
    seen = MASK | (np.arange(5) == 0)
    mask = [QUERY_MASK, seen, None] if masked else None
    layer(x)
    call = {"mask": mask, "return_attention_scores": True, "use_causal_mask": True}
    rng = np.random.default_rng(4)
    dy, dscores = rng.standard_normal((3, 2, 4)), rng.standard_normal((3, 2, 5))

    def value() -> float:
        (y, scores), _ = layer.forward(x, training=False, **call)
        return float((y * dy).sum() + (scores * dscores).sum())

    _, tape = layer.forward(x, training=True, **call)
    gradients = [np.array(one) for one in layer.backward(tape, [dy, dscores])[0]]
    names = ("query", "value", "key")
    check_gradients(
        value, dict(zip(names, x, strict=True)), dict(zip(names, gradients, strict=True))
    )
    _, tape = layer.forward(x, training=True, **call)
    only_scores, _ = layer.backward(tape, [None, dscores])
    np.testing.assert_array_equal(only_scores[1], np.zeros_like(VALUE))


def test_scores_and_causal_masks_in_a_graph() -> None:
    x = Input((5, 4))
    y, scores = Attention()([x, x], return_attention_scores=True, use_causal_mask=True)
    assert y.shape == (None, 5, 4) and scores.shape == (None, 5, 5)
    model = Model(x, [y, scores])
    got = model.predict(VALUE.astype("float32"), verbose=0)
    expected = Attention()([VALUE, VALUE], return_attention_scores=True, use_causal_mask=True)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)
    trained = Model(x, Dense(1)(y))
    trained.compile("adam", "mse")
    trained.fit(VALUE, np.ones((3, 5, 1)), verbose=0)
    nested = Model(x, model(x)[1])
    np.testing.assert_array_equal(nested.predict(VALUE.astype("float32"), verbose=0), got[1])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Attention(score_mode="x"), ValueError, "Attention: score_mode: .* got 'x'"),
        (lambda: Attention(use_scale=1), TypeError, "Attention: use_scale: expected True or"),
        (
            lambda: Attention(dropout=2),
            ValueError,
            "rate: expected a finite number >= 0 and <= 1, got 2",
        ),
        (lambda: Attention(heads=2), TypeError, "Attention: expected .* got 'heads'"),
        (
            lambda: Attention()([QUERY, VALUE], use_causal_mask=1),
            TypeError,
            "use_causal_mask: expected True or False",
        ),
        (lambda: Attention()([QUERY, VALUE], causal=True), TypeError, "got 'causal'"),
        (lambda: Attention()(QUERY), TypeError, "attention: x: expected a list of arrays"),
        (lambda: Attention()([QUERY]), ValueError, r"attention: x: expected \[query"),
        (
            lambda: Attention()([QUERY, OTHER]),
            ValueError,
            r"got shapes \(None, 2, 4\), \(None, 5, 6\)",
        ),
        (lambda: Attention()([QUERY, VALUE, KEY[:, 1:]]), ValueError, r"expected \[query"),
        (lambda: Attention()([QUERY[:1], VALUE]), ValueError, "number of samples"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
