"""Metrics of one's own, written as for Keras."""

from typing import Any

import numpy as np
import pytest

from rnncore import Sequential, metrics
from rnncore.layers import GRU, Dense, Input
from rnncore.saving import register_keras_serializable

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 4, 2)), RNG.uniform(1, 2, (20, 1))


@register_keras_serializable("test_own_metrics")
class Smape(metrics.Metric):
    def __init__(self, name: str = "smape", **others: Any) -> None:
        super().__init__(name=name, **others)
        self.total = self.add_weight(name="total", initializer="zeros")
        self.count = self.add_weight("count", initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.total.assign_add(np.sum(np.abs(y_true - y_pred) / (np.abs(y_true) + np.abs(y_pred))))
        self.count.assign_add(np.size(y_true))

    def result(self) -> Any:
        return self.total / self.count


def trained(*found: Any, weighted: bool = False) -> Sequential:
    model = Sequential([Input((4, 2)), GRU(3), Dense(1)])
    kind = "weighted_metrics" if weighted else "metrics"
    model.compile("adam", "mse", **{kind: list(found)})
    model.fit(X, Y, epochs=2, batch_size=8, verbose=0)
    return model


def test_a_metric_of_ones_own_counts_every_epoch_anew() -> None:
    model = trained(Smape())
    predicted = model.predict(X, verbose=0)
    expected = np.mean(np.abs(Y - predicted) / (np.abs(Y) + np.abs(predicted)))
    for _ in range(2):
        found = model.evaluate(X, Y, batch_size=7, verbose=0, return_dict=True)
        assert found["smape"] == pytest.approx(expected, rel=1e-5)


def test_it_goes_along_into_files(tmp_path: Any) -> None:
    model = trained(Smape())
    model.save(tmp_path / "model.rnnc")
    from rnncore.models import load_model

    again = load_model(tmp_path / "model.rnnc")
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


def test_weights_are_passed_on_where_they_count() -> None:
    seen = []

    class Seen(metrics.Metric):
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            seen.append(sample_weight)

        def result(self) -> float:
            return 0.5

    model = trained(Seen("seen"), weighted=True)
    assert set(seen) == {None}
    model.evaluate(X, Y, sample_weight=np.arange(20.0), batch_size=20, verbose=0)
    np.testing.assert_array_equal(np.ravel(seen[-1]), np.arange(20.0))


def test_a_metric_of_the_library_may_be_overridden() -> None:
    class FromLogits(metrics.Recall):
        resets = 0

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            super().update_state(y_true, 1 / (1 + np.exp(-y_pred)), sample_weight)

        def reset_state(self) -> None:
            self.resets += 1
            super().reset_state()

    metric = FromLogits()
    logits, targets = np.array([[-1.0], [2.0], [3.0]]), np.array([[1], [1], [0]])
    metric.update(targets, logits)
    assert metric.result() == 0.5
    metric.reset()
    assert (metric.result(), metric.resets) == (0.0, 1)
    metric.update_checked(targets[1:], logits[1:])
    assert metric.result() == 1.0
    metric.reset_state()
    assert (metric.result(), metric.resets) == (0.0, 2)


def test_variables() -> None:
    metric = Smape()
    total, count = metric.variables
    assert np.isnan(metric.result())  # of nothing, and without a warning
    total.assign_add(6)
    total.assign_sub(2)
    count.assign(8)
    assert float(metric.result()) == 0.5
    assert (total * 2, 1 + total, float(np.sqrt(total))) == (8, 5, 2.0)
    assert total.numpy() == np.asarray(total) == total[()] == 4.0
    assert (total.shape, total.dtype, total.name) == ((), np.float64, "total")
    with pytest.raises(ValueError, match=r"total: expected shape \(\), got \(2,\)"):
        total.assign([1, 2])
    metric.reset_state()
    assert float(total) == float(count) == 0.0


def test_calls_take_in_a_batch_and_return_the_result() -> None:
    mean = metrics.Mean()
    mean.update_state([1.0, 2.0])
    assert mean(6.0) == 3.0
    assert metrics.MeanSquaredError()([[1.0], [2.0]], [[1.0], [4.0]]) == 2.0
