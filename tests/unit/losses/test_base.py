"""A user's own loss in a model, and functions in its place."""

from typing import Any

import numpy as np
import pytest

import rnncore
from rnncore import Input, Sequential
from rnncore.layers import LSTM, Dense
from rnncore.losses import BinaryCrossentropy, Loss, MeanSquaredError

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 5, 2))
Y = RNG.standard_normal(12)


class Squared(Loss):
    """The mean squared error, written anew."""

    def value_and_grad(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> tuple[float, Any]:
        assert y_true.shape == y_pred.shape
        weight = np.ones(y_pred.shape[:-1]) if sample_weight is None else sample_weight
        weight = weight.reshape(weight.shape + (1,) * (y_pred.ndim - weight.ndim))
        error = y_pred - y_true
        return float((weight * error**2).sum()) / error.size, 2 * weight * error / error.size


def fitted(loss: Any, sequences: bool = False, **data: Any) -> tuple[Any, Any]:
    rnncore.utils.set_random_seed(0)
    model = Sequential(
        [Input((None, 2)), LSTM(3, return_sequences=sequences), Dense(1)], dtype="float64"
    )
    model.compile("sgd", loss, metrics=["mae"])
    history = model.fit(data.pop("x", X), batch_size=4, epochs=2, verbose=0, **data)
    return history.history, model.get_weights()


@pytest.mark.parametrize(
    "data",
    [
        {"y": Y},
        {"y": Y[:, None], "sample_weight": np.arange(12.0)},
        {"y": Y, "validation_split": 0.25},
        {
            "x": [row[: 2 + i % 3] for i, row in enumerate(X)],
            "y": [np.ones(2 + i % 3) for i in range(12)],
            "sequences": True,
        },
    ],
)
def test_trains_like_the_one_of_the_library(data: dict[str, Any]) -> None:
    ours, ours_weights = fitted(Squared(), **data)
    theirs, weights = fitted("mse", **data)
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, rtol=1e-12)
    for a, b in zip(ours_weights, weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_call_gives_the_value() -> None:
    assert Squared()(np.ones((2, 1)), np.zeros((2, 1))) == 1.0


def test_without_value_and_grad() -> None:
    with pytest.raises(NotImplementedError, match="Loss: expected a method value_and_grad"):
        fitted(Loss(), y=Y)


@pytest.mark.parametrize("loss", [lambda y, p: (y - p) ** 2, np.subtract])
def test_functions_are_refused_with_what_to_write_instead(loss: Any) -> None:
    with pytest.raises(TypeError, match=r"compile: loss: .* the function .* value_and_grad\(y_"):
        Sequential([Dense(1)]).compile("sgd", loss)


def test_metrics_may_be_functions() -> None:
    def largest(y_true: Any, y_pred: Any) -> Any:
        return np.abs(y_true - y_pred).max(axis=-1)

    model = Sequential([LSTM(2), Dense(1)])
    model.compile("sgd", "mse", metrics=[largest, "mae"])
    found = model.evaluate(X, Y[:, None], verbose=0, return_dict=True)
    assert list(found) == ["largest", "loss", "mae"]  # type: ignore[arg-type]
    assert found["largest"] == pytest.approx(found["mae"])  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    ("base", "activation"), [(MeanSquaredError, None), (BinaryCrossentropy, "sigmoid")]
)
def test_a_loss_that_overrides_one_of_the_library_is_asked_itself(
    base: Any, activation: Any
) -> None:
    class Tripled(base):  # type: ignore[misc]
        def value_and_grad(self, *args: Any) -> Any:
            value, gradient = super().value_and_grad(*args)
            return 3 * value, 3 * gradient

    model = Sequential([Input((2,)), Dense(1, activation)])
    values = []
    for loss in (base(), Tripled()):
        model.compile("sgd", loss)
        values.append(model.evaluate(X[:, 0], Y > 0, verbose=0))
    np.testing.assert_allclose(values[1], 3 * values[0], rtol=1e-5)
