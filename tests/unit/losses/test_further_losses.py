"""The losses beside squares and cross-entropies, and losses as functions."""

from typing import Any

import numpy as np
import pytest

from rnncore import Sequential, losses
from rnncore.layers import Dense, Input
from rnncore.testing import check_gradients

KINDS = {
    "mape": "real",
    "msle": "positive",
    "log_cosh": "real",
    "poisson": "positive",
    "kl_divergence": "shares",
    "cosine_similarity": "real",
    "hinge": "bits",
    "squared_hinge": "bits",
    "categorical_hinge": "bits",
}


def batch(kind: str, shape: tuple[int, ...]) -> tuple[Any, Any]:
    rng = np.random.default_rng(2)
    true, pred = rng.uniform(0.2, 0.9, shape), rng.uniform(0.1, 0.8, shape)
    if kind == "real":
        return true - 0.5, pred * 2 - 1
    if kind == "bits":
        return (true > 0.5).astype(float), pred * 3 - 1.5
    return true, pred


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 2)])
@pytest.mark.parametrize("name", KINDS)
def test_gradient_by_finite_differences(name: str, shape: Any, weighted: bool) -> None:
    true, pred = batch(KINDS[name], shape)
    weight = np.random.default_rng(3).uniform(0.1, 3.0, shape[:-1]) if weighted else None
    loss = losses.get(name)
    value, gradient = loss.value_and_grad(true, pred, weight)
    assert value == loss(true, pred, weight) != 0
    check_gradients(
        lambda: loss(true, pred, weight), {"y_pred": pred}, {"y_pred": gradient}, step=1e-4
    )


@pytest.mark.parametrize("name", KINDS)
def test_float32_and_the_given_arrays(name: str) -> None:
    true, pred = (one.astype("float32") for one in batch(KINDS[name], (6, 4)))
    before = true.copy(), pred.copy()
    _, gradient = losses.get(name).value_and_grad(true, pred)
    assert gradient.dtype == np.float32 and gradient.shape == pred.shape
    np.testing.assert_array_equal(true, before[0])
    np.testing.assert_array_equal(pred, before[1])
    assert repr(type(losses.get(name))(**losses.get(name).get_config())) == repr(losses.get(name))


def test_hinge_takes_zeros_and_ones_or_signs() -> None:
    pred = np.array([[0.5], [-2.0], [0.25]])
    bits, signs = np.array([[1.0], [0.0], [1.0]]), np.array([[1.0], [-1.0], [1.0]])
    for name in ("hinge", "squared_hinge"):
        assert losses.get(name)(bits, pred) == losses.get(name)(signs, pred)


def test_log_cosh_of_large_errors_is_finite() -> None:
    value, gradient = losses.LogCosh().value_and_grad([[0.0]], np.array([[1e4]], "float32"))
    assert value == pytest.approx(1e4 - np.log(2)) and gradient.tolist() == [[1.0]]


def test_cosine_similarity_of_short_vectors_is_linear() -> None:
    # Shorter than 1e-7 they are divided by that, and their own length has no part in it.
    true = np.array([[3.0, 4.0], [0.6, -0.8], [0.0, 1.0]])
    pred = np.array([[2e-9, -1e-8], [3e-8, -4e-8], [0.0, 0.0]])
    loss = losses.CosineSimilarity(reduction="sum")
    value, gradient = loss.value_and_grad(true, pred)
    unit = true / np.linalg.norm(true, axis=-1, keepdims=True)
    assert value == pytest.approx(-np.sum(unit * pred) / 1e-7)
    np.testing.assert_allclose(gradient, -unit / 1e-7)


def test_functions_give_one_number_a_sample() -> None:
    for name, kind in KINDS.items():
        function = getattr(losses, losses.get(name).name)
        true, pred = batch(kind, (4, 3, 2))
        np.testing.assert_array_equal(function(true, pred), losses.get(name).per_sample(true, pred))
        assert function(true, pred).shape == (4, 3)
    logits = np.array([[1.0, -2.0, 0.5]])
    np.testing.assert_allclose(
        losses.sparse_categorical_crossentropy([2], logits, from_logits=True),
        losses.categorical_crossentropy([[0, 0, 1]], logits, from_logits=True),
    )
    np.testing.assert_allclose(losses.huber([[0.0]], [[3.0]], delta=2.0), [4.0])


def test_functions_stand_for_their_losses() -> None:
    assert isinstance(losses.get(losses.poisson), losses.Poisson)
    assert isinstance(losses.get(losses.mean_squared_error), losses.MeanSquaredError)
    model = Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", losses.mean_absolute_error)
    model.fit(np.ones((4, 3)), np.ones(4), verbose=0)
    assert losses.get("MAPE").name == "mean_absolute_percentage_error"


@pytest.mark.parametrize("name", KINDS)
def test_training_lowers_them(name: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 4))
    y = np.abs(x[:, :2]) + 0.1
    if KINDS[name] == "bits":
        y = (x[:, :2] > 0).astype(float)
    if KINDS[name] == "shares":
        y /= y.sum(axis=1, keepdims=True)
    activation = {"poisson": "softplus", "kl_divergence": "softmax"}.get(name)
    model = Sequential([Input((4,)), Dense(2, activation=activation)])
    model.compile("adam", name)
    model.optimizer.learning_rate = 0.02
    loss = model.fit(x, y, epochs=15, batch_size=16, verbose=0).history["loss"]
    assert loss[-1] < loss[0]
