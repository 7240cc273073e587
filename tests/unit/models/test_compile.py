"""What compile settles: whose optimizer it is, which seeds are drawn, what is without effect."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rnncore.layers import LSTM, Dense, Dropout
from rnncore.models import Sequential
from rnncore.optimizers import Adam
from rnncore.utils import set_random_seed

RNG = np.random.default_rng(0)
X = RNG.standard_normal((20, 4, 2)).astype(np.float32)
Y = RNG.standard_normal((20, 1)).astype(np.float32)


def make(name: str = "one", optimizer: Any = "adam") -> Sequential:
    model = Sequential([LSTM(3, input_shape=(4, 2)), Dropout(0.4), Dense(1)], name)
    model.compile(optimizer, "mse")
    return model


def same(a: Sequential, b: Sequential) -> bool:
    pairs = zip(a.get_weights(), b.get_weights(), strict=True)
    return all(np.array_equal(x, y) for x, y in pairs)


def test_an_optimizer_serves_one_model() -> None:
    optimizer = Adam()
    one, two = make("one", optimizer), make("two", optimizer)
    one.train_on_batch(X, Y)
    before, state = two.get_weights(), optimizer.slots["momentum"].copy()
    message = "compile: optimizer: expected a new optimizer for 'two', got the Adam .* of 'one'"
    for train in (two.train_on_batch, two.fit):
        with pytest.raises(ValueError, match=message):
            train(X, Y)
    assert all(np.array_equal(a, b) for a, b in zip(before, two.get_weights(), strict=True))
    np.testing.assert_array_equal(optimizer.slots["momentum"], state)
    one.train_on_batch(X, Y)
    assert optimizer.iterations == 2


def test_an_optimizer_does_not_follow_to_other_layers() -> None:
    optimizer = Adam()
    model = make("one", optimizer)
    model.train_on_batch(X, Y)
    message = r"one: expected the layers .* compile the model again"
    model.pop()
    for train in (model.fit, model.train_on_batch):  # whose targets do not fit any more
        with pytest.raises(ValueError, match=message):
            train(X, Y)
    model.add(Dense(1))
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    model.compile(optimizer, "mse")
    with pytest.raises(ValueError, match="expected a new optimizer"):
        model.train_on_batch(X, Y)
    model.compile(Adam(), "mse")
    model.train_on_batch(X, Y)


def test_compile_again() -> None:
    optimizer = Adam()
    model = make("one", optimizer)
    model.train_on_batch(X, Y)
    momentum = optimizer.slots["momentum"]
    model.compile(optimizer, "mae")
    model.train_on_batch(X, Y)
    assert optimizer.iterations == 2
    assert optimizer.slots["momentum"] is momentum
    model.compile("adam", "mse")
    model.train_on_batch(X, Y)
    assert model.optimizer.iterations == 1


def test_a_copied_optimizer_serves_the_copied_model() -> None:
    model = make()
    model.train_on_batch(X, Y)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        twin.train_on_batch(X, Y)
        assert twin.optimizer.iterations == 2
        with pytest.raises(ValueError, match="expected a new optimizer for 'other'"):
            make("other", twin.optimizer).train_on_batch(X, Y)
    assert model.optimizer.iterations == 1


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("declared", [True, False])
def test_a_copy_before_training_goes_on_alike(
    duplicate: Callable[[Sequential], Sequential], declared: bool
) -> None:
    if declared:
        model = make()
    else:
        model = Sequential([LSTM(3), Dropout(0.4), Dense(1)])
        model.compile("adam", "mse")
        model.predict(X, verbose=0)
    twin = duplicate(model)
    model.fit(X, Y, batch_size=5, epochs=2, verbose=0)
    twin.fit(X, Y, batch_size=5, epochs=2, verbose=0)
    assert same(model, twin)


def test_copying_changes_nothing() -> None:
    models = []
    for copied in (False, True):
        set_random_seed(3)
        model = make()
        if copied:
            pickle.dumps(model)
        model.fit(X, Y, batch_size=5, verbose=0)
        models.append(model)
    assert same(*models)


def test_arguments_without_effect() -> None:
    model = make()
    model.compile(
        "adam",
        "mse",
        run_eagerly=True,
        jit_compile=False,
        steps_per_execution=4,
        auto_scale_loss=False,
    )
    model.train_on_batch(X, Y)
    with pytest.raises(TypeError, match="run_eager"):
        model.compile("adam", "mse", run_eager=True)  # type: ignore[call-arg]


def test_predict_on_batch() -> None:
    model = make()
    np.testing.assert_array_equal(model.predict_on_batch(X), model.predict(X, 20, verbose=0))
    with pytest.raises(ValueError, match="x: expected at least one sample"):
        model.predict_on_batch(X[:0])
