"""Learning rate schedules: their values, and optimizers that follow them."""

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
from golden_data import golden

from rnncore import Sequential, optimizers
from rnncore.layers import Dense
from rnncore.optimizers import SGD, Adam
from rnncore.optimizers.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
)

CASES = golden("schedules_of_keras")


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['name']}-{c['options']}")
def test_values_are_those_of_keras(case: dict[str, Any]) -> None:
    """Numbers of golden/make/schedules_of_keras.py."""
    schedule = getattr(optimizers.schedules, case["name"])(*case["arguments"], **case["options"])
    rates = [schedule(step) for step in case["steps"]]
    # Keras computes some of it in float32.
    np.testing.assert_allclose(rates, case["rates"], rtol=1e-6, atol=1e-8)
    again = type(schedule).from_config(json.loads(json.dumps(schedule.get_config())))
    assert [again(step) for step in case["steps"]] == rates


@pytest.mark.parametrize(
    "name", ["SGD", "RMSprop", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "Nadam"]
)
def test_every_optimizer_follows_a_schedule(name: str) -> None:
    schedule = PiecewiseConstantDecay([0, 2], [0.5, 0.25, 0.125])
    follows, told = (getattr(optimizers, name)(rate, clipnorm=1.0) for rate in (schedule, 0.5))
    rng = np.random.default_rng(0)
    a = rng.standard_normal(5)
    b = a.copy()
    for step in range(5):
        told.learning_rate = schedule(step)
        assert follows.learning_rate == told.learning_rate
        grads = rng.standard_normal(5)
        for optimizer, weights in ((follows, a), (told, b)):
            optimizer.step(weights, grads, [Whole()])
        np.testing.assert_array_equal(a, b)
    assert follows.learning_rate == 0.125
    assert follows.get_config()["learning_rate"]["config"] == schedule.get_config()
    assert type(follows).from_config(follows.get_config()).learning_rate == 0.5


class Whole:
    offset, size, trainable, decay, name = 0, 5, True, True, "all"


def test_in_a_model() -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile(Adam(ExponentialDecay(0.5, 1, 0.5)), "mse")
    x, y = np.ones((8, 2)), np.ones((8, 1))
    model.fit(x, y, batch_size=2, verbose=0)
    assert model.optimizer.learning_rate == 0.5**5
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.optimizer.learning_rate == 0.5**5


def test_setting() -> None:
    optimizer = SGD(0.5)
    optimizer.learning_rate = ExponentialDecay(0.25, 1, 0.5)
    assert optimizer.learning_rate == 0.25
    optimizer.learning_rate = CosineDecay(0.125, 10)
    assert optimizer.learning_rate == 0.125
    with pytest.raises(TypeError, match=r"SGD: learning_rate: .* CosineDecay\(.* got 0.1; make"):
        optimizer.learning_rate = 0.1
    assert repr(SGD(ExponentialDecay(0.25, 1, 0.5))).startswith("SGD(learning_rate=Exponential")


def test_schedules_of_the_user() -> None:
    class Noam(LearningRateSchedule):
        def __call__(self, step: int) -> float:
            return (step + 1) ** -0.5

        def get_config(self) -> dict[str, Any]:
            return {}

    assert Adam(Noam()).learning_rate == 1.0

    class Broken(Noam):
        def __call__(self, step: int) -> float:
            return float("nan")

    with pytest.raises(ValueError, match=r"Adam: Broken\(\): expected a finite number >= 0, got"):
        _ = Adam(Broken()).learning_rate
    with pytest.raises(NotImplementedError):
        LearningRateSchedule()(0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ExponentialDecay(-1, 10, 0.9), ValueError, "initial_learning_rate: .* got -1"),
        (lambda: ExponentialDecay(0.1, 0, 0.9), ValueError, "decay_steps: .* > 0, got 0"),
        (lambda: ExponentialDecay(0.1, 10, "a"), TypeError, "decay_rate: .* got 'a'"),
        (lambda: ExponentialDecay(0.1, 10, 0.9, 1), TypeError, "staircase: expected True or"),
        (lambda: PolynomialDecay(0.1, 0), ValueError, "PolynomialDecay: decay_steps: .* got 0"),
        (lambda: PolynomialDecay(0.1, 5, -1), ValueError, "end_learning_rate: .* got -1"),
        (lambda: InverseTimeDecay(0.1, 5, -1), ValueError, "decay_rate: .* >= 0, got -1"),
        (lambda: CosineDecayRestarts(0.1, 0), ValueError, "first_decay_steps: .* > 0, got 0"),
        (lambda: CosineDecayRestarts(0.1, 5, t_mul=0.5), ValueError, "t_mul: .* >= 1, got 0.5"),
        (lambda: CosineDecay(0.1, -5), ValueError, "CosineDecay: decay_steps: .* got -5"),
        (lambda: CosineDecay(0.1, 5, warmup_target=-1), ValueError, "warmup_target: .* got -1"),
        (lambda: CosineDecay(0.1, 5, warmup_steps=-1), ValueError, "warmup_steps: .* got -1"),
        (lambda: PiecewiseConstantDecay([1], [1.0]), ValueError, "values: .* boundaries, 2, got 1"),
        (lambda: PiecewiseConstantDecay([2, 2], [1, 1, 1]), ValueError, "expected rising numbers"),
        (lambda: PiecewiseConstantDecay([2], [1, -1]), ValueError, r"values\[1\]: .* got -1"),
        (lambda: SGD(lambda: 0.1), TypeError, "SGD: learning_rate: expected a finite number"),
    ],
)
def test_wrong_arguments(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
