"""What programs read of a model and of its optimizer; names and lengths are those of Keras 3.15."""

from typing import Any

import numpy as np
import pytest

from rnncore import Input, Model, Sequential, layers, optimizers
from rnncore.callbacks import History


def two_outputs() -> Any:
    x = Input((3,))
    return Model(x, [layers.Dense(1, name="p")(x), layers.Dense(1, name="q")(x)])


def test_before_and_after_compile() -> None:
    model = two_outputs()
    assert (model.compiled, model.loss, model.metrics, model.losses) == (False, None, [], [])
    model.compile("adam", ["mse", "mae"], metrics=[["mae"], ["mse"]])
    assert model.compiled
    assert model.loss == ["mse", "mae"]


def test_metrics_hold_what_evaluate_returns_until_they_are_reset() -> None:
    model = two_outputs()
    model.compile("adam", ["mse", "mae"], metrics=[["mae"], ["mse"]])
    y = [np.ones((4, 1)), np.zeros((4, 1))]
    found = model.evaluate(np.ones((4, 3)), y, verbose=0, return_dict=True)
    results = {metric.name: metric.result() for metric in model.metrics}
    assert list(results) == ["loss", "mae", "mse", "p_loss", "q_loss"]
    for name, key in {"mae": "p_mae", "mse": "q_mse"}.items():
        assert results[name] == found[key] != 0
    for name in ("loss", "p_loss", "q_loss"):
        assert results[name] == found[name] != 0
    model.reset_metrics()
    assert [metric.result() for metric in model.metrics] == [0.0] * 5


def test_losses_are_the_penalties_on_weights() -> None:
    model = Sequential([Input((3,)), layers.Dense(2, kernel_regularizer="l2"), layers.Dense(1)])
    kernel = model.layers[0].kernel.numpy()
    np.testing.assert_allclose(model.losses, [0.01 * np.sum(kernel**2)], rtol=1e-6)


@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [
        (optimizers.SGD(), []),
        (optimizers.SGD(momentum=0.9), ["momentum"]),
        (optimizers.Adam(), ["momentum", "velocity"]),
        (optimizers.RMSprop(), ["velocity"]),
        (optimizers.Adagrad(), ["accumulator"]),
    ],
    ids=["sgd", "momentum", "adam", "rmsprop", "adagrad"],
)
def test_variables_of_an_optimizer(optimizer: Any, slots: list[str]) -> None:
    frozen = layers.Dense(5, trainable=False)
    model = Sequential([Input((3,)), frozen, layers.Dense(2, name="d")])
    model.compile(optimizer, "mse")
    assert [v.name for v in optimizer.variables] == ["iteration", "learning_rate"]
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    found = {v.name: v for v in optimizer.variables}
    assert list(found)[2:] == [f"d_{w}_{slot}" for w in ("kernel", "bias") for slot in slots]
    assert int(found["iteration"].numpy()) == optimizer.iterations == 1
    for slot in slots:
        assert found[f"d_kernel_{slot}"].shape == (5, 2)
        assert found[f"d_kernel_{slot}"].numpy().any()


def test_assigning_zeros_to_the_variables_forgets_the_training() -> None:
    model = Sequential([Input((3,)), layers.Dense(2)])
    model.compile(optimizers.Adam(0.1), "mse")
    start = model.get_weights()
    results = []
    for _ in range(2):
        model.fit(np.ones((4, 3)), np.ones((4, 2)), epochs=3, verbose=0)
        results.append(model.get_weights())
        model.set_weights(start)
        for variable in model.optimizer.variables:
            if variable.name != "learning_rate":
                variable.assign(np.zeros(variable.shape))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    rate = model.optimizer.variables[1]
    rate.assign(0.5)
    assert model.optimizer.learning_rate == 0.5
    assert np.asarray(rate) == 0.5
    with pytest.raises(ValueError, match=r"learning_rate: expected shape \(\), got \(2,\)"):
        rate.assign([1.0, 2.0])


@pytest.mark.parametrize("cls", [layers.SimpleRNN, layers.GRU, layers.LSTM])
def test_unroll_is_told_and_changes_nothing(cls: Any) -> None:
    assert cls(2).get_config()["unroll"] is False
    layer = cls(2, unroll=True)
    assert layer.unroll
    assert layer.get_config()["unroll"] is True
    again = cls.from_config(layer.get_config())
    x = np.ones((2, 4, 3))
    y = again(x)
    plain = cls(2)
    plain(x)
    plain.set_weights(again.get_weights())
    np.testing.assert_array_equal(plain(x), y)


def test_a_history_among_the_callbacks_goes_on_over_several_trainings() -> None:
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    seen, x, y = History(), np.ones((4, 2)), np.ones((4, 1))
    first = model.fit(x, y, epochs=2, verbose=0, callbacks=[seen])
    second = model.fit(x, y, epochs=1, validation_split=0.5, verbose=0, callbacks=[seen])
    assert isinstance(first, History)
    assert seen.history["loss"] == first.history["loss"] + second.history["loss"]
    assert (seen.epoch, seen.validation_epoch) == ([0], [0])
