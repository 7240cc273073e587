"""Losses and metrics of a compiled model against numbers worked out by hand."""

import warnings
from typing import Any

import numpy as np
import pytest

import rnncore
from rnncore import Input, Model, Sequential, losses, metrics, optimizers
from rnncore.layers import LSTM, Dense, Embedding

RNG = np.random.default_rng(5)

IDS = np.array([[1, 2, 3, 0, 0, 0], [4, 3, 0, 0, 0, 0], [2, 2, 1, 4, 0, 0]])
LABELS = np.array([[0, -1, 2, -1, 1, 0], [-1, 1, 2, 0, 0, 0], [2, 2, -1, 0, -1, -1]])
WEIGHTS = np.array([[1.0, 9.0, 0.5, 9.0, 9.0, 9.0], [9.0, 2.0, 9, 9, 9, 9], [3, 0, 9, 1, 9, 9]])
COUNTED = (IDS != 0) & (LABELS != -1)


def tagger(from_logits: bool, reduction: str = "sum_over_batch_size") -> Sequential:
    rnncore.utils.set_random_seed(4)
    last = Dense(3, activation=None if from_logits else "softmax")
    model = Sequential([Input((None,)), Embedding(5, 4, mask_zero=True), last], dtype="float64")
    loss = losses.SparseCategoricalCrossentropy(from_logits, -1, reduction=reduction)
    chosen = ["accuracy", metrics.SparseTopKCategoricalAccuracy(1, "top"), hits]
    model.compile(optimizers.SGD(1.0), loss, metrics=chosen, weighted_metrics=["accuracy"])
    return model


def hits(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    return y_true == y_pred.argmax(axis=-1)


def by_hand(model: Sequential, weights: np.ndarray, divisor: float) -> tuple[Any, Any, Any]:
    """Return the loss, the gradient of the kernel, and which predictions are right."""
    table, kernel, bias = model.get_weights()
    hidden = table[IDS]
    logits = hidden @ kernel + bias
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    labels = np.where(COUNTED, LABELS, 0)
    each = -np.log(np.take_along_axis(p, labels[..., None], axis=-1))[..., 0]
    d = (p - np.eye(3)[labels]) * (weights * COUNTED / divisor)[..., None]
    loss = np.sum(each * weights * COUNTED) / divisor
    return loss, np.einsum("btd,btc->dc", hidden, d), p.argmax(axis=-1) == LABELS


def rows_of(values: np.ndarray) -> list[list[Any]]:
    return [row[:n].tolist() for row, n in zip(values, (IDS != 0).sum(axis=1), strict=True)]


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize(
    ("from_logits", "reduction", "weighted"),
    [
        (False, "sum_over_batch_size", False),
        (True, "mean", True),
        (False, "sum", True),
        (True, "mean_with_sample_weight", True),
    ],
)
def test_the_mean_over_what_is_neither_masked_nor_ignored(
    from_logits: bool, reduction: str, weighted: bool, ragged: bool
) -> None:
    model = tagger(from_logits, reduction)
    weights = WEIGHTS if weighted else np.ones_like(WEIGHTS)
    divisor = {"sum": 1.0, "mean_with_sample_weight": np.sum(weights * COUNTED)}.get(
        reduction, COUNTED.sum()
    )
    loss, gradient, right = by_hand(model, weights, divisor)
    given = [rows_of(one) if ragged else one for one in (IDS, LABELS, weights)]
    named = {"sample_weight": given[2]} if weighted else {}
    found = model.evaluate(*given[:2], verbose=0, return_dict=True, **named)
    assert isinstance(found, dict)
    np.testing.assert_allclose(found["loss"], loss, rtol=1e-12)
    for name in ("accuracy", "top", "hits"):
        np.testing.assert_allclose(found[name], right[COUNTED].mean(), rtol=1e-12)
    share = np.average(right[COUNTED], weights=weights[COUNTED])
    np.testing.assert_allclose(found["weighted_accuracy"], share, rtol=1e-12)
    before = model.get_weights()[1]
    np.testing.assert_allclose(model.train_on_batch(*given[:2], **named)[0], loss, rtol=1e-12)
    np.testing.assert_allclose(before - model.get_weights()[1], gradient, rtol=1e-10)


def test_nothing_that_counts_gives_no_loss_and_no_gradient() -> None:
    model = tagger(False)
    before = model.get_weights()
    assert model.train_on_batch(IDS, np.where(COUNTED, -1, LABELS))[0] == 0.0
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_labels_outside_that_are_ignored_reach_no_metric() -> None:
    model = Sequential([Input((2,)), Dense(3, activation="softmax")])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=255)
    top = metrics.SparseTopKCategoricalAccuracy(3)
    model.compile("sgd", loss, metrics=[top, "sparse_categorical_crossentropy"])
    for y in (np.array([1, 255]), np.array([[1], [255]])):
        value, right, same = model.evaluate(np.ones((2, 2)), y, verbose=0)
        assert right == 1.0
        assert same == pytest.approx(value)


def two_outputs() -> Model:
    x = Input((2,))
    outputs = [Dense(2, name="p", kernel_regularizer="l2")(x), Dense(1, name="q")(x)]
    return Model(x, outputs)


def mean_error(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    return float(np.mean(np.abs(y_true - y_pred)))


def test_every_sample_counts_alike_in_the_losses_of_the_outputs() -> None:
    x = RNG.normal(size=(13, 2))
    y = [RNG.normal(size=(13, n)) * np.arange(1, 14)[:, None] for n in (2, 1)]
    weight = RNG.uniform(0.5, 2.0, 13)
    model = two_outputs()
    optimizer = optimizers.SGD(0.0)
    model.compile(optimizer, "mse", metrics={"p": [mean_error]}, loss_weights=[2.0, 0.5])
    options: dict[str, Any] = {"batch_size": 4, "verbose": 0, "sample_weight": weight}
    found = model.evaluate(x, y, return_dict=True, **options)
    logs = model.fit(x, y, validation_data=(x, y, weight), **options).history
    assert isinstance(found, dict)
    errors = [(one - other) ** 2 for one, other in zip(model.predict(x, verbose=0), y, strict=True)]
    wanted = [np.mean(weight * one.mean(axis=1)) for one in errors]
    penalty = 0.01 * np.sum(model.get_weights()[0] ** 2)
    shown = [logs[f"{prefix}{name}_loss"][0] for prefix in ("", "val_") for name in "pq"]
    np.testing.assert_allclose([found["p_loss"], found["q_loss"]], wanted, rtol=1e-5)
    np.testing.assert_allclose(shown, wanted * 2, rtol=1e-5)
    total = 2.0 * wanted[0] + 0.5 * wanted[1] + penalty
    np.testing.assert_allclose([found["loss"], logs["val_loss"][0]], total, rtol=1e-5)
    mean = np.mean(np.sqrt(errors[0]))
    np.testing.assert_allclose([found["p_mean_error"], logs["p_mean_error"][0]], mean, rtol=1e-5)


def test_a_value_for_the_batch_counts_where_steps_do() -> None:
    model = Sequential([Input((None,)), Embedding(5, 1, mask_zero=True)])
    model.compile("sgd", "mse", metrics=[lambda y_true, y_pred: np.float64(3.0)])
    targets = np.zeros((3, 6, 1))
    assert model.evaluate(IDS, targets, batch_size=2, verbose=0)[1] == pytest.approx(3.0)


def test_metrics_without_a_name_are_numbered() -> None:
    rnncore.utils.clear_session()
    assert [metrics.FalsePositives().name for _ in range(2)] == [
        "false_positives",
        "false_positives_1",
    ]
    assert [metrics.AUC().name, metrics.AUC(name="area").name, metrics.AUC().name] == [
        "auc",
        "area",
        "auc_1",
    ]
    # A name and a class make one metric, however often they are looked up.
    model = Sequential([Input((2,)), Dense(1, activation="sigmoid")])
    model.compile("sgd", "bce", metrics=["recall", metrics.Precision, metrics.Recall])
    found = model.evaluate(np.ones((4, 2)), np.array([0, 1, 1, 0]), verbose=0, return_dict=True)
    assert list(found) == ["loss", "precision", "recall", "recall_1"]
    again = metrics.FalsePositives.from_config(metrics.FalsePositives(name="mine").get_config())
    assert again.name == "mine"


@pytest.mark.parametrize("where", ["x", "y"])
def test_validation_data_that_are_not_finite_give_a_warning(where: str) -> None:
    model = Sequential([Input((3, 2)), LSTM(2), Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 3, 2)), np.ones((4, 1))
    bad = x.copy()
    bad[2, 1, 0] = np.nan
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if where == "x":
            model.fit(x, y, validation_data=(bad, y), epochs=3, verbose=0)
        else:
            model.fit(bad, y, validation_data=(bad, y), verbose=0)
    assert len(caught) == 1
    assert caught[0].category is RuntimeWarning
    wanted = "validation loss is nan after epoch 1" if where == "x" else "loss is nan at epoch 1"
    assert wanted in str(caught[0].message)
    assert caught[0].filename == __file__


def test_class_weights_weigh_the_steps() -> None:
    by_class = {0: 10.0, 2: 3.0}
    found = []
    for ragged in (False, True):
        model = tagger(False)
        weights = np.where(LABELS == 0, 10.0, np.where(LABELS == 2, 3.0, 1.0))
        loss, gradient, _ = by_hand(model, weights, COUNTED.sum())
        x, y = (rows_of(one) if ragged else one for one in (IDS, LABELS))
        before = model.get_weights()[1]
        given = model.train_on_batch(x, y, class_weight=by_class)[0]
        np.testing.assert_allclose(given, loss, rtol=1e-12)
        np.testing.assert_allclose(before - model.get_weights()[1], gradient, rtol=1e-10)
        model = tagger(False)
        batches = iter([(x, y)] * 2)
        model.fit(batches, epochs=1, steps_per_epoch=1, class_weight=by_class, verbose=0)
        found.append(model.get_weights()[1])
    np.testing.assert_allclose(*found, rtol=1e-12)
    with pytest.raises(ValueError, match=r"class_weight: expected class numbers .* to 2 .* 3"):
        tagger(False).fit(IDS, LABELS, class_weight={3: 1.0}, verbose=0)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([[0, 1, 2], [1, 2], [2, 77, 0, 1]], r"^y\[2\]\[1\]: Sparse.* from 0 to 2, got 77"),
        ([[0, 1, 2], [0.5, 2], [2, 0, 0, 1]], r"^y\[1\]\[0\]: Sparse.* whole class numbers"),
        ([[5, 1, 2], [5, 2], [5, 0, 0, 1]], r"^Sparse.* from 0 to 2, got 5"),
    ],
)
def test_a_bad_target_of_a_sequence_is_named_by_its_place(y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tagger(False).fit(rows_of(IDS), y, verbose=0)


def test_a_bad_weight_of_a_step_is_named_by_its_place() -> None:
    weights = rows_of(WEIGHTS)
    weights[2][3] = np.inf
    with pytest.raises(ValueError, match=r"^sample_weight\[2\]\[3\]: expected finite"):
        tagger(False).fit(rows_of(IDS), rows_of(LABELS), sample_weight=weights, verbose=0)
