"""Metrics as functions; the values are those of Keras 3.15.1."""

from typing import Any

import numpy as np
import pytest

from rnncore import Input, Sequential, layers, losses, metrics

Y_TRUE = np.array([[1.0, 0.0], [0.0, 1.0]])
Y_PRED = np.array([[0.9, 0.2], [0.4, 0.3]], "float32")


@pytest.mark.parametrize(
    ("name", "labels", "arguments", "wanted"),
    [
        ("binary_accuracy", False, {}, [[1.0, 1.0], [1.0, 0.0]]),
        ("binary_accuracy", False, {"threshold": 0.25}, [[1.0, 1.0], [0.0, 1.0]]),
        ("categorical_accuracy", False, {}, [1.0, 0.0]),
        ("sparse_categorical_accuracy", True, {}, [1.0, 0.0]),
        ("top_k_categorical_accuracy", False, {"k": 1}, [1.0, 0.0]),
        ("sparse_top_k_categorical_accuracy", True, {"k": 2}, [1.0, 1.0]),
    ],
)
def test_accuracies(name: str, labels: bool, arguments: Any, wanted: Any) -> None:
    y_true = np.argmax(Y_TRUE, axis=-1) if labels else Y_TRUE
    found = getattr(metrics, name)(y_true, Y_PRED, **arguments)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, wanted)


def test_losses_are_there_too() -> None:
    for name in ("mean_squared_error", "kl_divergence", "huber", "squared_hinge"):
        assert getattr(metrics, name) is getattr(losses, name)


def test_a_function_among_the_metrics_of_a_model() -> None:
    model = Sequential([Input((3,)), layers.Dense(2)])
    model.compile("adam", "mse", metrics=[metrics.mean_squared_error, metrics.binary_accuracy])
    found = model.evaluate(np.ones((4, 3)), np.ones((4, 2)), verbose=0, return_dict=True)
    assert list(found) == ["binary_accuracy", "loss", "mean_squared_error"]
    assert found["mean_squared_error"] == pytest.approx(found["loss"])
