import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rnncore import losses, metrics

NAMES = [
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "top_k_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "mse",
    "mae",
    "rmse",
    "huber",
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
]


def batch(name, shape, rng):
    pred = rng.uniform(0.05, 1.0, shape)
    pred /= pred.sum(axis=-1, keepdims=True)
    if "sparse" in name:
        return rng.integers(0, shape[-1], shape[:-1]), pred
    if "categorical" in name:
        return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])], pred
    return rng.integers(0, 2, shape).astype(float), pred


@given(
    st.sampled_from(NAMES),
    st.sampled_from([(7,), (7, 3)]),
    st.booleans(),
    st.integers(1, 6),
    st.integers(0, 2**32 - 1),
)
def test_batches_add_up_to_the_whole(name, lead, weighted, cut, seed):
    rng = np.random.default_rng(seed)
    true, pred = batch(name, (*lead, 6), rng)
    weight = rng.uniform(0.0, 2.0, lead) if weighted else None
    whole, parts = metrics.get(name), metrics.get(name)
    whole.update(true, pred, weight)
    for part in (slice(0, cut), slice(cut, None)):
        parts.update(true[part], pred[part], None if weight is None else weight[part])
    assert parts.result() == pytest.approx(whole.result(), rel=1e-12, abs=1e-15)
    parts.reset()
    assert parts.result() == 0.0
    parts.update(true, pred, weight)
    assert parts.result() == whole.result()


@given(st.sampled_from(NAMES), st.integers(0, 2**32 - 1))
def test_a_weight_counts_like_repeated_samples(name, seed):
    rng = np.random.default_rng(seed)
    true, pred = batch(name, (5, 6), rng)
    weight = rng.integers(0, 4, 5)
    weighted, repeated = metrics.get(name), metrics.get(name)
    weighted.update(true, pred, weight)
    if weight.any():
        repeated.update(np.repeat(true, weight, axis=0), np.repeat(pred, weight, axis=0))
    assert weighted.result() == pytest.approx(repeated.result(), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "categorical_crossentropy"])
def test_a_metric_of_a_loss_is_the_loss(name):
    true, pred = batch(name, (5, 4), np.random.default_rng(0))
    metric = metrics.get(name)
    metric.update(true, pred)
    assert metric.result() == pytest.approx(losses.get(name)(true, pred), rel=1e-14)


def test_rmse_is_the_root_over_all_batches():
    metric = metrics.get("rmse")
    metric.update([[0.0]], [[1.0]])
    metric.update([[0.0]], [[3.0]])
    assert metric.result() == pytest.approx(math.sqrt(5.0))


def test_binary_accuracy():
    metric = metrics.BinaryAccuracy(threshold=0.3)
    metric.update([1, 0, 1, 0], np.array([[0.31], [0.3], [0.2], [0.9]]))
    assert metric.result() == 0.5


def test_top_k_counts_entries_above_the_target():
    pred = np.array([[0.5, 0.3, 0.2], [0.4, 0.4, 0.2], [np.nan, 0.5, 0.5]])
    for k, wanted in ((1, 1 / 3), (2, 1 / 3), (3, 2 / 3)):
        metric = metrics.SparseTopKCategoricalAccuracy(k=k)
        metric.update([2, 1, 0], pred)
        assert metric.result() == pytest.approx(wanted)


def test_labels_with_and_without_a_last_axis():
    pred = np.random.default_rng(1).uniform(size=(4, 3, 5))
    labels = np.random.default_rng(2).integers(0, 5, (4, 3))
    one, other = metrics.SparseCategoricalAccuracy(), metrics.SparseCategoricalAccuracy()
    one.update(labels, pred)
    other.update(labels[..., np.newaxis], pred)
    assert one.result() == other.result()


@pytest.mark.parametrize(
    "metric",
    [
        metrics.SparseCategoricalAccuracy(ignore_class=-1),
        metrics.SparseTopKCategoricalAccuracy(k=2, ignore_class=-1),
        metrics.SparseCategoricalCrossentropy(ignore_class=-1),
    ],
)
def test_ignored_samples_do_not_count(metric):
    pred = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.2, 0.3, 0.5]])
    metric.update([0, -1, 0], pred)
    got = metric.result()
    metric.reset()
    metric.update([0, 0], pred[[0, 2]])
    assert got == pytest.approx(metric.result())


def test_mean():
    mean = metrics.Mean("loss")
    mean.update_values(2.0, sample_weight=3.0)
    mean.update_values(np.float32(6.0))
    assert mean.result() == 3.0
    assert mean.name == "loss"
    mean.update_values(np.zeros((0,)))
    assert mean.result() == 3.0
    with pytest.raises(TypeError, match="update_values"):
        mean.update([0.0], [0.0])


def test_keras_method_names():
    metric = metrics.get("mae")
    metric.update_state([[0.0]], [[2.0]])
    assert metric.result() == 2.0
    metric.reset_state()
    assert metric.result() == 0.0


@pytest.mark.parametrize(
    ("loss", "shape", "wanted"),
    [
        ("binary_crossentropy", (None, 1), metrics.BinaryAccuracy),
        ("mse", (None, 1), metrics.BinaryAccuracy),
        ("mse", (None, 3), metrics.CategoricalAccuracy),
        ("binary_crossentropy", (None, 3), metrics.CategoricalAccuracy),
        ("categorical_crossentropy", (None, 3), metrics.CategoricalAccuracy),
        ("sparse_categorical_crossentropy", (None, 7, 3), metrics.SparseCategoricalAccuracy),
        (None, None, metrics.Accuracy),
    ],
)
def test_accuracy_is_chosen_by_shape_and_loss(loss, shape, wanted):
    for name in ("accuracy", "acc"):
        metric = metrics.get(name, loss, shape)
        assert type(metric) is wanted
        assert metric.name == name


def test_accuracy_ignores_what_the_loss_ignores():
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    metric = metrics.get("accuracy", loss, (None, 2))
    metric.update([0, -1], np.array([[0.9, 0.1], [0.9, 0.1]]))
    assert metric.result() == 1.0


def largest_error(y_true, y_pred):
    return np.max(np.abs(y_true - y_pred), axis=-1)


def test_get():
    metric = metrics.get("mse")
    assert metric.name == "mse"
    assert metrics.MeanSquaredError().name == "mean_squared_error"
    assert metrics.get(metric) is metric
    assert isinstance(metrics.get(metrics.BinaryAccuracy), metrics.BinaryAccuracy)
    assert isinstance(metrics.get("RootMeanSquaredError"), metrics.RootMeanSquaredError)
    assert metrics.get(losses.Huber()).name == "huber_loss"
    custom = metrics.get(largest_error)
    custom.update(np.zeros((2, 2)), np.array([[1.0, 2.0], [4.0, 3.0]]))
    assert (custom.name, custom.result()) == ("largest_error", 3.0)
    with pytest.raises(ValueError, match=r"metric: expected one of .*accuracy.*; got 'acuracy'"):
        metrics.get("acuracy")
    with pytest.raises(
        TypeError, match="metric: expected a name or an object of class Metric, got 3"
    ):
        metrics.get(3)


@pytest.mark.parametrize(
    ("name", "true", "shape", "message"),
    [
        ("mae", np.zeros((3, 2)), (3, 4), "y_true: expected shape"),
        ("binary_accuracy", [[np.nan]], (1, 1), "y_true: expected finite numbers"),
        ("sparse_categorical_accuracy", [5], (1, 3), "class numbers from 0 to 2, got 5"),
        ("sparse_categorical_accuracy", np.zeros((2, 4)), (2, 3), "expected class numbers"),
        ("categorical_accuracy", [1, 0], (2, 3), "y_true: expected shape"),
    ],
)
def test_bad_targets_are_refused(name, true, shape, message):
    with pytest.raises(ValueError, match=message):
        metrics.get(name).update(true, np.full(shape, 0.5))


def test_bad_weights_and_arguments_are_refused():
    with pytest.raises(ValueError, match="sample_weight: expected shape"):
        metrics.get("mae").update(np.zeros((3, 1)), np.zeros((3, 1)), [1.0, 2.0])
    with pytest.raises(ValueError, match="expected one number, since y_pred with one axis is one"):
        metrics.KLDivergence().update([0.0, 1.0], [0.3, 0.7], [1.0, 2.0])
    with pytest.raises(ValueError, match="k: expected a positive integer, got 0"):
        metrics.TopKCategoricalAccuracy(k=0)
    with pytest.raises(ValueError, match="threshold"):
        metrics.BinaryAccuracy(threshold=2.0)


@pytest.mark.parametrize("name", [*NAMES, "Mean"])
def test_pickle_deepcopy_and_config(name):
    metric = metrics.Mean() if name == "Mean" else metrics.get(name)
    again = type(metric).from_config(metric.get_config())
    assert repr(again) == repr(metric)
    if name != "Mean":
        true, pred = batch(name, (5, 6), np.random.default_rng(3))
        metric.update(true, pred)
    for twin in (pickle.loads(pickle.dumps(metric)), copy.deepcopy(metric)):
        assert twin.result() == metric.result()
        assert twin.name == metric.name


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.MeanSquaredError(name=3), "MeanSquaredError: name: expected .*got 3"),
        (lambda: metrics.BinaryAccuracy(foo=1), "'foo'"),
        (
            lambda: metrics.SparseCategoricalAccuracy(ignore_class=True),
            "SparseCategoricalAccuracy: ignore_class: expected an integer or None, got True",
        ),
        (
            lambda: metrics.BinaryAccuracy().update(np.ma.zeros((2, 1)), np.zeros((2, 1))),
            "BinaryAccuracy: y_true: expected a plain array",
        ),
        (
            lambda: metrics.BinaryAccuracy().update(np.zeros((2, 1), ">f4"), np.zeros((2, 1))),
            "BinaryAccuracy: y_true: expected .* native byte order",
        ),
        (
            lambda: metrics.FunctionMetric(lambda a, b: "x", "mine").update([[0.0]], [[0.0]]),
            "FunctionMetric: values of mine: expected numbers, got dtype",
        ),
    ],
)
def test_wrong_kinds_are_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_f1_score_of_several_classes_needs_an_average() -> None:
    with pytest.raises(ValueError, match="F1Score: average: expected 'micro', 'macro' or"):
        metrics.F1Score().update([[1, 0]], [[0.2, 0.8]])
    with pytest.raises(
        ValueError, match=r"F1Score: average: expected one of None, micro, .* got 'mean'"
    ):
        metrics.F1Score("mean")
    assert metrics.F1Score("macro").result() == 0.0


def test_targets_between_no_and_yes_mean_yes() -> None:
    """The numbers of Keras 3.15.1: every target but 0 is positive to what counts."""
    targets, predictions = [[0.3], [0.0], [1.0], [0.9], [0.2]], [[0.8], [0.7], [0.3], [0.9], [0.1]]
    expected = {"Precision": 2 / 3, "Recall": 0.5, "TruePositives": 2.0, "FalsePositives": 1.0}
    expected |= {"TrueNegatives": 0.0, "FalseNegatives": 2.0}
    for name, value in expected.items():
        metric = getattr(metrics, name)()
        metric.update(targets, predictions)
        assert metric.result() == pytest.approx(value), name


@pytest.mark.parametrize("name", ["mse", "hinge", "binary_crossentropy", "poisson", "huber"])
def test_predictions_of_one_axis_are_samples(name):
    y, p = np.array([1.0, 0.0, 1.0]), np.array([0.9, 0.2, 0.4])
    weight = np.array([1.0, 2.0, 0.5])
    alone, column = metrics.get(name), metrics.get(name)
    for part in (slice(0, 2), slice(2, 3)):
        alone.update(y[part], p[part], weight[part])
        column.update(y[part, None], p[part, None], weight[part])
    assert alone.result() == pytest.approx(column.result(), rel=1e-12)
    loss = losses.get(name)
    value, grad = loss.value_and_grad(y, p, weight)
    wanted, by_column = loss.value_and_grad(y[:, None], p[:, None], weight)
    assert value == pytest.approx(wanted, rel=1e-12)
    np.testing.assert_allclose(grad, by_column[:, 0], rtol=1e-12)
    with pytest.raises(ValueError, match=r"sample_weight: expected shape \(3,\), got \(2,\)"):
        loss(y, p, weight[:2])


def test_a_value_for_the_batch_counts_for_each_of_its_samples():
    metric = metrics.FunctionMetric(lambda y, p: np.mean(np.abs(y - p)))
    errors = np.arange(13.0)[:, None]
    for start in range(0, 13, 4):
        part = errors[start : start + 4]
        metric.update(np.zeros_like(part), part)
    assert metric.result() == 6.0
