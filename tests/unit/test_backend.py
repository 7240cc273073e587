"""rnncore.backend, rnncore.config and the functions of arrays of rnncore.ops."""

from typing import Any

import numpy as np
import pytest

from rnncore import Sequential, backend as K, config, ops
from rnncore.layers import LSTM, Dense, Input
from rnncore.optimizers import SGD
from rnncore.optimizers.schedules import ExponentialDecay


def test_a_metric_in_their_names() -> None:
    def precision(y_true: Any, y_pred: Any) -> Any:
        hits = K.sum(K.round(K.clip(y_true * y_pred, 0, 1)))
        return hits / (K.sum(K.round(K.clip(y_pred, 0, 1))) + K.epsilon())

    def rmse(y_true: Any, y_pred: Any) -> Any:
        return ops.sqrt(ops.mean(ops.square(y_pred - ops.cast(y_true, "float32"))))

    x, y = np.random.default_rng(0).normal(size=(12, 4, 2)), np.array([[0], [1]] * 6)
    model = Sequential([Input((4, 2)), LSTM(3), Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=[precision, rmse])
    assert list(model.fit(x, y, verbose=0).history) == ["loss", "precision", "rmse"]
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    p = model.predict(x, verbose=0)
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean((p - y) ** 2)), rel=1e-6)
    assert found["precision"] == pytest.approx(y[p > 0.5].mean() if (p > 0.5).any() else 0.0)


def test_what_differs_from_numpy() -> None:
    a = np.array([[1.0, 3.0], [5.0, 4.0]])
    assert K.argmax(a).tolist() == [1, 0] and K.argmin(a).tolist() == [0, 1]
    assert ops.argmax(a) == 2
    assert K.flatten(a).tolist() == [1, 3, 5, 4] and K.pow(a, 2)[1, 0] == 25
    assert K.int_shape(Input((3, 2))) == (None, 3, 2)
    assert ops.divide_no_nan(a, [0, 2]).tolist() == [[0, 1.5], [0, 2]]
    assert ops.convert_to_numpy(Dense(1).add_weight("w", (2,), "ones")).tolist() == [1, 1]
    for module, name in ((K, "concatenate"), (K, "expand_dims"), (K, "gradients"), (ops, "scan")):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
            getattr(module, name)


def test_values_are_read_and_set() -> None:
    optimizer = SGD(0.5)
    K.set_value(optimizer.learning_rate, 0.25)
    assert K.get_value(optimizer.learning_rate) == optimizer.learning_rate == 0.25
    with pytest.raises(TypeError, match="set_value: x: expected a weight or the like, got float"):
        K.set_value(0.5, 0.25)
    with pytest.raises(TypeError, match="learning_rate: expected no value"):
        K.set_value(SGD(ExponentialDecay(0.1, 2, 0.5)).learning_rate, 0.1)


def test_there_is_one_dtype() -> None:
    config.set_floatx("float32")
    assert (config.floatx(), config.epsilon(), config.backend()) == ("float32", 1e-7, "rnncore")
    with pytest.raises(ValueError, match="set_floatx: value: expected 'float32', got 'float16'"):
        K.set_floatx("float16")
