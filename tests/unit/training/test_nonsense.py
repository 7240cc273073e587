"""Nonsense is not trained on silently, one batch at a time either."""

import numpy as np
import pytest

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
    with pytest.raises(ValueError, match=r"class_weight: expected targets .* got 0\.5"):
        make().fit(X, np.full((4, 1), 0.5), class_weight={0: 1.0}, verbose=0)
