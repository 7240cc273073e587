"""compile, fit, evaluate and predict."""

import threading
import warnings
from typing import Any

import numpy as np
import pytest

import rnncore
from rnncore.layers import GRU, LSTM, Activation, Dense, Dropout, Embedding, SimpleRNN
from rnncore.models import Sequential
from rnncore.optimizers import SGD, Adam

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 6, 2)).astype(np.float32)
Y = X.sum(axis=(1, 2))[:, None]
LABELS = (Y[:, 0] > 0).astype(int)


def regression(**compile_arguments: Any) -> Sequential:
    rnncore.utils.set_random_seed(0)
    model = Sequential([LSTM(8, input_shape=(6, 2)), Dense(1)])
    model.compile(**{"optimizer": "adam", "loss": "mse", **compile_arguments})
    return model


@pytest.mark.parametrize("layer", [LSTM, GRU, SimpleRNN])
def test_learns_a_sum(layer: Any) -> None:
    rnncore.utils.set_random_seed(1)
    model = Sequential([layer(8), Dense(1)])
    model.compile(Adam(0.02), "mse")
    losses = model.fit(X, Y, epochs=30, batch_size=8, verbose=0).history["loss"]
    assert losses[-1] < 0.1 * losses[0]


def test_tags_every_step_of_padded_text() -> None:
    rnncore.utils.set_random_seed(1)
    ids = RNG.integers(1, 6, (60, 5))
    ids[::2, :2] = 0
    tags = ids % 2
    model = Sequential(
        [
            Embedding(6, 4, mask_zero=True),
            LSTM(8, return_sequences=True),
            Dense(2, activation="softmax"),
        ]
    )
    model.compile(Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(ids, tags, epochs=15, batch_size=16, verbose=0).history
    assert history["accuracy"][-1] == 1.0


def test_history_has_keras_names() -> None:
    model = regression(metrics=["mae"])
    history = model.fit(X, Y, epochs=3, validation_split=0.25, verbose=0)
    assert history is model.history
    assert set(history.history) == {"loss", "mae", "val_loss", "val_mae"}
    assert history.epoch == [0, 1, 2]
    assert history.params["steps"] == 1


def test_loss_of_an_epoch_is_the_mean_over_samples() -> None:
    model = regression(optimizer=SGD(0.0))
    history = model.fit(X[:33], Y[:33], batch_size=32, verbose=0).history
    expected = np.mean((model.predict(X[:33], verbose=0) - Y[:33]) ** 2)
    np.testing.assert_allclose(history["loss"], expected, rtol=1e-5)
    np.testing.assert_allclose(model.evaluate(X[:33], Y[:33], verbose=0), expected, rtol=1e-5)


def test_validation_split_takes_the_end() -> None:
    model = regression(optimizer=SGD(0.0))
    history = model.fit(X, Y, validation_split=0.25, verbose=0).history
    np.testing.assert_allclose(
        history["val_loss"][0], model.evaluate(X[30:], Y[30:], verbose=0), rtol=1e-6
    )


def test_validation_data_frequency_and_weights() -> None:
    model = regression()
    data = (X[:8], Y[:8], np.arange(8.0))
    history = model.fit(X, Y, epochs=5, validation_data=data, validation_freq=2, verbose=0).history
    assert len(history["loss"]) == 5
    assert len(history["val_loss"]) == 2


def test_initial_epoch() -> None:
    history = regression().fit(X, Y, initial_epoch=2, epochs=4, verbose=0)
    assert history.epoch == [2, 3]
    assert regression().fit(X, Y, epochs=0, verbose=0).history == {}


def train(seed: int, **fit_arguments: Any) -> list[Any]:
    rnncore.utils.set_random_seed(seed)
    model = Sequential([LSTM(4), Dropout(0.3), Dense(1)])
    model.compile("rmsprop", "mse")
    model.fit(X, Y, epochs=2, batch_size=7, verbose=0, **fit_arguments)
    return model.get_weights()


def test_one_seed_gives_one_result() -> None:
    first, second, other = train(3), train(3), train(4)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[0], other[0])


def test_shuffling_changes_the_order_of_training() -> None:
    assert not np.array_equal(train(3)[0], train(3, shuffle=False)[0])


def test_frozen_layers_keep_their_weights() -> None:
    model = regression()
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(X, Y, epochs=2, verbose=0)
    after = model.get_weights()
    for a, b in zip(before[:3], after[:3], strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(before[3], after[3])
    model.trainable = False
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[3], after[3])


def test_first_layer_frozen_behind_a_trainable_one() -> None:
    model = Sequential([Dense(3, input_shape=(6, 2)), LSTM(4), Dense(1)])
    model.compile("sgd", "mse")
    model.layers[1].trainable = False
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    after = model.get_weights()
    assert not np.array_equal(before[0], after[0])
    np.testing.assert_array_equal(before[2], after[2])


def test_layers_may_say_for_themselves_whether_they_are_trained() -> None:
    class Frozen(Dense):
        trainable = property(lambda self: False, lambda self, value: None)  # type: ignore[assignment]

    model = Sequential([LSTM(3, input_shape=(6, 2)), Frozen(1)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    after = model.get_weights()
    assert not np.array_equal(before[0], after[0])
    np.testing.assert_array_equal(before[3], after[3])
    assert model.add_weight("scale", (2,)).trainable


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize(
    ("activation", "loss", "y"),
    [
        ("sigmoid", "binary_crossentropy", LABELS),
        ("softmax", "sparse_categorical_crossentropy", LABELS),
        ("softmax", "categorical_crossentropy", np.eye(2)[LABELS]),
    ],
)
def test_saturated_outputs_still_learn(activation: str, loss: str, y: Any, separate: bool) -> None:
    # Computed one after the other, activation and loss have no gradient left this far out.
    units = 1 if activation == "sigmoid" else 2
    last = [Dense(units), Activation(activation)] if separate else [Dense(units, activation)]
    model = Sequential([Dense(1, input_shape=(1,)), *last], dtype="float64")
    model.compile(SGD(1.0), loss, metrics=["accuracy"])
    sign = [[1.0]] if units == 1 else [[1.0, -1.0]]
    model.set_weights([[[1.0]], [0.0], sign, np.zeros(units)])
    x = np.where(LABELS == 1, 800.0, -800.0)[:, None] * (1 if units == 2 else -1)
    before = model.get_weights()
    loss_value, accuracy = model.train_on_batch(x, y)  # type: ignore[misc]
    assert loss_value > 700
    assert np.isfinite(loss_value)
    assert accuracy == 0.0
    assert not np.array_equal(before[3], model.get_weights()[3]) or not np.array_equal(
        before[2], model.get_weights()[2]
    )


def test_masked_steps_do_not_count_in_loss_and_metrics() -> None:
    ids = np.array([[0, 0, 1, 2], [3, 1, 2, 3]])
    targets = RNG.standard_normal((2, 4, 1)).astype(np.float32)
    model = Sequential([Embedding(4, 3, mask_zero=True), LSTM(3, return_sequences=True), Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    error = (model.predict(ids, verbose=0) - targets)[ids != 0]
    loss, mae = model.evaluate(ids, targets, verbose=0)  # type: ignore[misc]
    np.testing.assert_allclose(loss, np.mean(error**2), rtol=1e-5)
    np.testing.assert_allclose(mae, np.mean(np.abs(error)), rtol=1e-5)
    weight = np.array([1.0, 3.0])
    weighted = model.evaluate(ids, targets, verbose=0, sample_weight=weight)
    rows = np.repeat(weight, [2, 4])
    np.testing.assert_allclose(
        weighted[0],  # type: ignore[index]
        np.mean(error[:, 0] ** 2 * rows),
        rtol=1e-5,
    )


def test_sample_weights() -> None:
    model = regression(weighted_metrics=["mae"], metrics=["mae"])
    weight = np.r_[np.ones(20), np.zeros(20)]
    found = model.evaluate(X, Y, sample_weight=weight, verbose=0, return_dict=True)
    assert isinstance(found, dict)
    error = (model.predict(X, verbose=0) - Y)[:, 0]
    np.testing.assert_allclose(found["loss"], np.sum(error[:20] ** 2) / 40, rtol=1e-5)
    np.testing.assert_allclose(found["mae"], np.abs(error).mean(), rtol=1e-5)
    np.testing.assert_allclose(found["weighted_mae"], np.abs(error[:20]).mean(), rtol=1e-5)


def test_class_weights_are_sample_weights_by_class() -> None:
    def trained(y: Any, loss: str, units: int, **weights: Any) -> Any:
        rnncore.utils.set_random_seed(2)
        model = Sequential([LSTM(3), Dense(units, "softmax")])
        model.compile("sgd", loss)
        model.fit(X, y, epochs=2, verbose=0, **weights)
        return model.get_weights()[0]

    by_class = {0: 0.5, 1: 2.0}
    expected = trained(
        LABELS, "sparse_categorical_crossentropy", 2, sample_weight=np.where(LABELS, 2.0, 0.5)
    )
    sparse = trained(LABELS, "sparse_categorical_crossentropy", 2, class_weight=by_class)
    one_hot = trained(np.eye(2)[LABELS], "categorical_crossentropy", 2, class_weight=by_class)
    np.testing.assert_array_equal(sparse, expected)
    np.testing.assert_allclose(one_hot, expected, rtol=1e-5)


def test_batch_methods() -> None:
    model = regression()
    loss = model.test_on_batch(X, Y)
    np.testing.assert_allclose(model.train_on_batch(X, Y), loss, rtol=1e-6)
    assert model.test_on_batch(X, Y) < loss  # type: ignore[operator]
    assert model.train_on_batch(X, Y, return_dict=True).keys() == {"loss"}  # type: ignore[union-attr]


def test_compile_again_starts_a_new_optimizer() -> None:
    model = regression()
    model.fit(X, Y, epochs=2, verbose=0)
    iterations = model.optimizer.iterations
    assert iterations == 4
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    assert model.optimizer.iterations == 2


def test_nan_loss_warns_once_with_the_step() -> None:
    y = Y.copy()
    x = X.copy()
    x[35] = np.nan
    model = regression()
    with pytest.warns(RuntimeWarning, match=r"loss is nan at epoch 1, step 5 of 5") as caught:
        model.fit(x, y, epochs=3, batch_size=8, shuffle=False, verbose=0)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_finite_training_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        regression().fit(X, Y, verbose=0)


def test_predictions_from_several_threads() -> None:
    model = regression()
    expected = model.predict(X, verbose=0)
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(model.predict(X, verbose=0))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(np.array_equal(expected, result) for result in found)


def test_strided_and_integer_inputs() -> None:
    model = regression()
    wide = np.repeat(X.astype(np.float64), 2, axis=1)[:, ::2]
    np.testing.assert_array_equal(model.predict(wide, verbose=0), model.predict(X, verbose=0))
    model.fit((X * 10).astype(int), Y.astype(int), verbose=0)
    view = np.lib.stride_tricks.sliding_window_view(np.arange(60, dtype=np.float32), 6)
    series = Sequential([LSTM(3, input_shape=(6, 1)), Dense(1)])
    series.compile("adam", "mse")
    series.fit(view, view[:, 0], verbose=0)


def test_weighted_metrics_have_names_of_their_own() -> None:
    for metrics, weighted, names in (
        (["mae"], ["mae"], ["mae", "weighted_mae"]),
        ([], ["mae"], ["mae"]),
        (["mae", "mae"], None, ["mae", "mae_1"]),
        (["mae", "mse"], ["mae", "mae"], ["mae", "mse", "weighted_mae", "weighted_mae_1"]),
    ):
        model = Sequential([Dense(1, input_shape=(2,))])
        model.compile("sgd", "mse", None, metrics, weighted)
        found = model.evaluate(np.zeros((3, 2)), np.ones(3), verbose=0, return_dict=True)
        assert list(found) == ["loss", *names]


def test_class_weights_do_not_weigh_the_validation_samples() -> None:
    x = np.random.default_rng(0).standard_normal((16, 6, 3)).astype("float32")
    y = (np.arange(16) % 2).astype("float32")

    def fitted(given: int, **options: Any) -> dict[str, list[float]]:
        rnncore.utils.set_random_seed(1)
        model = Sequential([LSTM(2), Dense(1, activation="sigmoid")])
        model.compile("sgd", "binary_crossentropy", weighted_metrics=["mae"])
        weights = {0: 1.0, 1: 40.0}
        return model.fit(
            x[:given], y[:given], class_weight=weights, shuffle=False, verbose=0, **options
        ).history

    split = fitted(16, validation_split=0.25)
    apart = fitted(12, validation_data=(x[12:], y[12:]))
    assert split == apart
