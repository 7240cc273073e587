"""Several inputs and outputs in compile, fit, evaluate and predict."""

from typing import Any

import numpy as np
import pytest
from graphs import Sum

import rnncore
from rnncore import Input, Model, Sequential
from rnncore.layers import GRU, LSTM, Dense

RNG = np.random.default_rng(1)
A, B = RNG.standard_normal((12, 5, 3)), RNG.standard_normal((12, 2))
Y1, Y2 = RNG.integers(0, 4, 12), RNG.standard_normal((12, 1))


def two_tasks(**forms: Any) -> Model:
    """Inputs "a" and "b", outputs "kind" and "level", in lists or in dicts."""
    rnncore.utils.set_random_seed(2)
    a, b = Input((5, 3), name="a"), Input((2,), name="b")
    both = Sum()([GRU(4)(a), Dense(4)(b)])
    kind = Dense(4, activation="softmax", name="kind")(both)
    level = Dense(1, name="level")(both)
    if forms.get("dicts"):
        return Model({"a": a, "b": b}, {"kind": kind, "level": level})
    return Model([a, b], [kind, level])


LOSSES = ["sparse_categorical_crossentropy", "mse"]


def test_names_and_order_of_the_results() -> None:
    model = two_tasks()
    model.compile("sgd", LOSSES, metrics=[["accuracy"], ["mae", "mse"]], loss_weights=[1, 0.5])
    names = ["loss", "kind_loss", "level_loss", "kind_accuracy", "level_mae", "level_mse"]
    found = model.evaluate([A, B], [Y1, Y2], verbose=0, return_dict=True)
    assert isinstance(found, dict)
    assert list(found) == sorted(names)
    values = model.evaluate([A, B], [Y1, Y2], verbose=0)
    assert values == [found[name] for name in names]
    assert found["loss"] == pytest.approx(found["kind_loss"] + 0.5 * found["level_loss"])
    history = model.fit([A, B], [Y1, Y2], validation_split=0.25, verbose=0).history
    assert list(history) == [*sorted(names), *(f"val_{name}" for name in sorted(names))]


def test_lists_and_dicts_are_the_same() -> None:
    as_list = {"x": [A, B], "y": [Y1, Y2], "sample_weight": [np.arange(12.0), np.ones(12)]}
    as_dict = {
        "x": {"b": B, "a": A},
        "y": {"level": Y2, "kind": Y1},
        "sample_weight": {"kind": np.arange(12.0)},
    }
    results = []
    for data in (as_list, as_dict):
        for dicts in (False, True):
            model = two_tasks(dicts=dicts)
            if dicts:
                model.compile(
                    "adam",
                    dict(zip(("kind", "level"), LOSSES, strict=True)),
                    metrics={"level": ["mae"]},
                    loss_weights={"level": 0.3},
                )
            else:
                model.compile("adam", LOSSES, metrics=[None, "mae"], loss_weights=[1.0, 0.3])
            held_out = (data["x"], data["y"])
            history = model.fit(**data, epochs=2, batch_size=5, validation_data=held_out, verbose=0)
            results.append((history.history, model.get_weights(), model.predict(data["x"])))
    for history, weights, predicted in results:
        assert history == results[0][0]
        for a, b in zip(weights, results[0][1], strict=True):
            np.testing.assert_array_equal(a, b)
        values = list(predicted.values()) if isinstance(predicted, dict) else predicted
        assert isinstance(predicted, (dict, list))
        for a, b in zip(values, results[0][2], strict=True):
            np.testing.assert_array_equal(a, b)


def test_batches_of_predict_are_joined() -> None:
    model = two_tasks()
    whole = model.predict_on_batch([A, B])
    for one, other in zip(model.predict([A, B], batch_size=5, verbose=0), whole, strict=True):
        np.testing.assert_array_equal(one, other)
    assert [one.shape for one in whole] == [(12, 4), (12, 1)]


def test_one_batch_at_a_time() -> None:
    model = two_tasks()
    model.compile("sgd", LOSSES)
    before = model.test_on_batch([A, B], [Y1, Y2])
    # Training sums in another order than prediction, in float32.
    assert model.train_on_batch([A, B], [Y1, Y2]) == pytest.approx(before, rel=1e-6)
    after = model.test_on_batch([A, B], [Y1, Y2], return_dict=True)
    assert isinstance(before, list)
    assert isinstance(after, dict)
    assert after["loss"] < before[0]


def test_gradients_are_those_that_training_uses() -> None:
    model = two_tasks()
    model.compile(rnncore.optimizers.SGD(0.5), LOSSES, loss_weights=[0.25, 2])
    before = model.get_weights()
    gradients = model.gradients([A, B], [Y1, Y2])
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    model.train_on_batch([A, B], [Y1, Y2])
    rate = np.float32(0.5)
    for old, gradient, new in zip(before, gradients, model.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old - rate * gradient)


def test_an_output_without_a_loss_is_not_trained() -> None:
    model = two_tasks()
    model.compile("sgd", {"level": "mse"}, metrics={"level": "mae"})
    kind = model.get_layer("kind").get_weights()
    history = model.fit([A, B], {"level": Y2}, epochs=2, verbose=0).history
    assert list(history) == ["level_mae", "loss"]
    for a, b in zip(kind, model.get_layer("kind").get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_one_weight_array_is_for_every_output() -> None:
    model = two_tasks()
    model.compile("sgd", LOSSES)
    weight = np.arange(12.0)
    one = model.evaluate([A, B], [Y1, Y2], sample_weight=weight, verbose=0)
    assert one == model.evaluate([A, B], [Y1, Y2], sample_weight=[weight, weight], verbose=0)


def test_one_input_and_output_take_lists_and_dicts_of_one() -> None:
    x = Input((5, 3), name="x")
    model = Model([x], [Dense(1, name="y")(LSTM(2)(x))])
    model.compile("sgd", {"y": "mse"}, metrics={"y": ["mae"]}, loss_weights=[2.0])
    wanted = model.evaluate(A, Y2, verbose=0)
    assert wanted == model.evaluate([A], [Y2], verbose=0)
    assert wanted == model.evaluate({"x": A}, {"y": Y2}, verbose=0)
    assert wanted == model.evaluate(A.tolist(), Y2.tolist(), verbose=0)
    assert model.predict([A], verbose=0).shape == (12, 1)
    # One sample in a list is no list of inputs.
    assert model.predict([A[0]], verbose=0).shape == (1, 1)


def nested() -> tuple[Sequential, Model]:
    encoder = Sequential([Input((5, 3)), LSTM(3), Dense(2)], name="encoder")
    x = Input((5, 3))
    return encoder, Model(x, Dense(1)(encoder(x)))


def test_a_model_inside_has_its_weights_once() -> None:
    encoder, outer = nested()
    assert outer.get_layer("encoder") is encoder
    assert outer.weights[: len(encoder.weights)] == encoder.weights
    outer.compile("sgd", "mse")
    before = encoder.predict(A, verbose=0)
    outer.fit(A, Y2, verbose=0)
    assert np.abs(encoder.predict(A, verbose=0) - before).max() > 0
    # A model and what it is made of take turns in training.
    encoder.compile("sgd", "mse")
    encoder.fit(A, B, verbose=0)
    outer.fit(A, Y2, verbose=0)


def test_a_model_inside_a_sequential_is_as_its_layers() -> None:
    rnncore.utils.set_random_seed(4)
    flat = Sequential([LSTM(3), Dense(2, activation="softmax")])
    rnncore.utils.set_random_seed(4)
    inside = Sequential([Sequential([LSTM(3)]), Dense(2, activation="softmax")])
    for model in (flat, inside):
        rnncore.utils.set_random_seed(5)
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(A, Y1 % 2, epochs=2, verbose=0)
    for a, b in zip(flat.get_weights(), inside.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_freezing_a_model_inside() -> None:
    encoder, outer = nested()
    encoder.trainable = False
    outer.compile("sgd", "mse")
    before = encoder.get_weights()
    outer.fit(A, Y2, verbose=0)
    for a, b in zip(before, encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(outer.gradients(A, Y2)) == 2


def test_losses_that_go_wrong_are_reported() -> None:
    model = two_tasks()
    model.compile(rnncore.optimizers.SGD(1e30), LOSSES)
    with pytest.warns(RuntimeWarning, match="the loss is .* at epoch"):
        model.fit([A, B], [Y1, Y2], epochs=4, verbose=0)
