"""Nonsense is not trained on silently, one batch at a time either."""

import warnings

import numpy as np
import pytest

from rnncore import losses
from rnncore.layers import LSTM, Dense
from rnncore.models import Sequential

X = np.zeros((4, 3, 2), np.float32)


def make() -> Sequential:
    model = Sequential([LSTM(2, input_shape=(3, 2)), Dense(1)])
    model.compile("sgd", "mse")
    return model


def test_train_on_batch_warns_of_nan() -> None:
    with pytest.warns(RuntimeWarning, match=r"train_on_batch: the loss is nan"):
        make().train_on_batch(X * np.nan, np.zeros((4, 1)))


def test_class_weight_wants_class_numbers() -> None:
    with pytest.raises(ValueError, match=r"class_weight: expected y to hold .* got 0\.5"):
        make().fit(X, np.full((4, 1), 0.5), class_weight={0: 1.0}, verbose=0)


@pytest.mark.parametrize("activation", [None, "tanh", "relu"])
@pytest.mark.parametrize(
    ("loss", "units", "fitting"),
    [("sparse_categorical_crossentropy", 3, "softmax"), ("binary_crossentropy", 1, "sigmoid")],
)
def test_cross_entropy_of_no_probabilities(
    loss: str, units: int, fitting: str, activation: str | None
) -> None:
    model = Sequential([LSTM(2, input_shape=(3, 2)), Dense(units, activation)])
    model.compile("sgd", loss)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        model.fit(X, np.zeros(4), epochs=2, verbose=0)
        model.fit(X, np.zeros(4), verbose=0)
    # The loss may be NaN as well, which is another warning.
    ours = [warning for warning in seen if "takes probabilities" in str(warning.message)]
    assert len(ours) == 1
    assert f"loss: {loss} takes" in str(ours[0].message)
    assert f"activation='{fitting}'" in str(ours[0].message)
    assert ours[0].filename == __file__


def test_cross_entropy_of_probabilities_or_logits_is_no_nonsense() -> None:
    for activation, loss in (
        ("softmax", losses.SparseCategoricalCrossentropy()),
        ("sigmoid", losses.SparseCategoricalCrossentropy()),
        (None, losses.SparseCategoricalCrossentropy(from_logits=True)),
    ):
        model = Sequential([LSTM(2, input_shape=(3, 2)), Dense(3, activation)])
        model.compile("sgd", loss)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.fit(X, np.zeros(4), verbose=0)
