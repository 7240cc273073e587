"""Metrics against numbers that Keras gave (golden/make/metrics_of_keras.py), and their errors."""

from typing import Any

import numpy as np
import pytest
from golden_data import golden

from rnncore import Sequential, metrics
from rnncore.layers import Dense, Input

CASES = golden("metrics_of_keras")


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['name']}-{c['arguments']}")
def test_results_are_those_of_keras(case: dict[str, Any]) -> None:
    metric = getattr(metrics, case["name"])(**case["arguments"])
    for _ in range(2):  # the second time after a reset
        for true, pred, weight in case["batches"]:
            metric.update_state(np.array(true), np.array(pred, np.float32), weight)
        assert metric.result() == pytest.approx(case["result"], rel=2e-5)
        metric.reset_state()
    assert metric.result() == 0.0
    again = type(metric)(**metric.get_config())
    assert repr(again) == repr(metric)


def test_in_a_model() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4))
    y = (x[:, 0] > 0).astype(float)
    model = Sequential([Input((4,)), Dense(1, activation="sigmoid")])
    wanted = ["precision", metrics.Recall(name="found"), "AUC", "mape"]
    model.compile("adam", "binary_crossentropy", metrics=wanted)
    history = model.fit(x, y, epochs=2, verbose=0, validation_split=0.5).history
    assert {"precision", "found", "AUC", "mape", "val_found"} <= set(history)
    assert all(0 <= value <= 1 for value in history["val_AUC"])


def test_weights_of_steps() -> None:
    pred = np.array([[[0.9], [0.8]], [[0.7], [0.1]]])
    true = np.array([[[1], [0]], [[0], [1]]])
    metric = metrics.Precision()
    metric.update(true, pred, [[1, 0], [1, 1]])
    assert metric.result() == 0.5
    metric = metrics.Precision()
    metric.update(true, pred, [3, 1])
    assert metric.result() == 3 / 7


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: metrics.Precision(2.0), ValueError, "Precision: thresholds: expected .*got 2.0"),
        (lambda: metrics.Recall([0.1, 0.2]), TypeError, "Recall: thresholds: expected"),
        (lambda: metrics.Recall(top_k=3), ValueError, "Recall: top_k: expected None"),
        (lambda: metrics.AUC(1), ValueError, "AUC: num_thresholds: expected .* from 2 up"),
        (lambda: metrics.AUC(curve="x"), ValueError, "AUC: curve: expected one of ROC, PR"),
        (lambda: metrics.AUC(summation_method="x"), ValueError, "AUC: summation_method"),
        (lambda: metrics.AUC().update([[1]], [[2.0]]), ValueError, "from 0 to 1, got 2.0"),
        (lambda: metrics.AUC().update([[1]], [[np.nan]]), ValueError, "from 0 to 1, got nan"),
        (lambda: metrics.Precision().update([[3]], [[0.5]]), ValueError, "y_true: .* got 3.0"),
        (
            lambda: metrics.Precision(class_id=4).update([[1]], [[0.5]]),
            ValueError,
            "y_pred: expected a class 4",
        ),
        (lambda: metrics.R2Score("x"), ValueError, "R2Score: class_aggregation: expected"),
        (lambda: metrics.R2Score().update(np.ones((1, 2, 3)), np.ones((1, 2, 3))), ValueError, "C"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
