"""Structure of a model: adding, building, names, dtypes, weights, copies."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import rnncore
from rnncore.layers import (
    GRU,
    LSTM,
    Activation,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    LayerNormalization,
    Masking,
    Reshape,
    TimeDistributed,
)
from rnncore.models import Sequential

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 5, 3)).astype(np.float32)
Y = RNG.standard_normal((12, 1)).astype(np.float32)


def small(**kwargs: Any) -> Sequential:
    return Sequential([LSTM(4, input_shape=(5, 3)), Dropout(0.2), Dense(1)], **kwargs)


def test_declared_shape_builds_at_once() -> None:
    model = small()
    assert model.built
    assert model.input_shape == (None, 5, 3)
    assert model.output_shape == (None, 1)
    assert model.count_params() == 4 * 4 * (4 + 3 + 1) + 5


def test_input_says_the_shape() -> None:
    model = Sequential([rnncore.Input((None, 3)), LSTM(4), Dense(1)])
    assert [layer.name for layer in model.layers] == ["lstm", "dense"]
    assert model.built
    assert model.predict(X, verbose=0).shape == (12, 1)


def test_data_say_the_shape() -> None:
    model = Sequential([LSTM(4), Dense(1)])
    assert not model.built
    assert model.get_weights() == []
    assert model.predict(X, verbose=0).shape == (12, 1)
    assert model.input_shape == (None, None, 3)
    assert model.predict(X[:, :2], verbose=0).shape == (12, 1)


def test_build_by_shape() -> None:
    model = Sequential([Embedding(9, 2), LSTM(4)])
    model.build((None, 7))
    assert model.output_shape == (None, 4)
    with pytest.raises(ValueError, match="build: expected input_shape, got None"):
        Sequential([LSTM(4)]).build()
    with pytest.raises(ValueError, match=r"expected \(None, 5, 3\), got \(None, 5, 4\)"):
        small().build((None, 5, 4))


def test_last_axis_of_one_is_given_and_taken() -> None:
    model = Sequential([LSTM(4, input_shape=(5, 1)), Dense(1)])
    np.testing.assert_array_equal(
        model.predict(X[:, :, 0], verbose=0), model.predict(X[:, :, :1], verbose=0)
    )
    flat = Sequential([Dense(2, input_shape=(3,))])
    assert flat.predict(np.zeros((4, 3, 1)), verbose=0).shape == (4, 2)


def test_layers_reached_by_index_and_name() -> None:
    model = small()
    assert model.get_layer("dense") is model.layers[-1]
    assert model.get_layer(index=0) is model.layers[0]
    with pytest.raises(ValueError, match="expected one of lstm, dropout, dense, got 'x'"):
        model.get_layer("x")


def test_names_are_unique() -> None:
    model = Sequential([LSTM(2, return_sequences=True), LSTM(2), LSTM(2), Dense(1), Dense(1)])
    names = [layer.name for layer in model.layers]
    assert names == ["lstm", "lstm_1", "lstm_2", "dense", "dense_1"]
    with pytest.raises(ValueError, match="expected a unique name, got 'a' again"):
        Sequential([Dense(1, name="a"), Dense(1, name="a")])


def test_dtype_of_the_model() -> None:
    assert small(dtype="float64").predict(X, verbose=0).dtype == np.float64
    by_layer = Sequential([LSTM(2, dtype="float64"), Dense(1)])
    assert by_layer.predict(X, verbose=0).dtype == np.float64
    assert {weight.dtype.name for weight in by_layer.get_weights()} == {"float64"}
    with pytest.raises(ValueError, match="dtype: expected float32, that of the model, got float64"):
        Sequential([LSTM(2, input_shape=(5, 3)), Dense(1, dtype="float64")])


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        ([LSTM], TypeError, "expected a layer object, got .* the class"),
        (["lstm"], TypeError, "layer: expected a layer object, got 'lstm'"),
        (LSTM(2), TypeError, "layers: expected a list of layers"),
        ([Dense(1), rnncore.Input((3,))], ValueError, "Input: expected as the first layer"),
        ([LSTM(2, input_shape=(5, 3)), LSTM(2)], ValueError, r"lstm_\d+: x: expected 3 axes"),
    ],
)
def test_wrong_layers(layers: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Sequential(layers)


def test_same_layer_twice() -> None:
    layer = Dense(3)
    with pytest.raises(ValueError, match="got 'dense' for the second time"):
        Sequential([layer, layer])


def test_pop() -> None:
    model = small()
    last = model.layers[-1]
    assert model.pop() is last
    assert model.output_shape == (None, 4)
    with pytest.raises(ValueError, match="the model has no layers"):
        Sequential().pop()


def test_without_layers() -> None:
    with pytest.raises(ValueError, match="the model has no layers"):
        Sequential().predict(X)


def test_weights_are_views_of_one_buffer() -> None:
    model = small()
    model.predict(X, verbose=0)
    buffer = model.parameter_buffer()
    assert buffer.values.size == model.count_params()
    assert all(np.shares_memory(weight.value, buffer.values) for weight in model.weights)
    assert [weight.offset for weight in model.weights] == [0, 48, 112, 128, 132]
    assert [weight.name for weight in model.weights][:2] == ["lstm/kernel", "lstm/recurrent_kernel"]
    assert buffer.grads is None


def test_get_and_set_weights() -> None:
    first, second = small(), small()
    second.set_weights(first.get_weights())
    np.testing.assert_array_equal(first.predict(X, verbose=0), second.predict(X, verbose=0))
    with pytest.raises(ValueError, match="sequential: weights: expected 5 arrays, got 1"):
        first.set_weights([1])


def test_layers_shared_between_models_stay_shared() -> None:
    model = small()
    model.compile("sgd", "mse")
    encoder = Sequential(model.layers[:1])
    before = encoder.predict(X, verbose=0)
    model.fit(X, Y, epochs=2, verbose=0)
    after = encoder.predict(X, verbose=0)
    assert not np.array_equal(before, after)
    np.testing.assert_array_equal(after, model.layers[0](X))
    model.fit(X, Y, verbose=0)
    assert not np.array_equal(after, encoder.predict(X, verbose=0))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_go_on_training_the_same_way(copied: Any) -> None:
    model = small()
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, Y, epochs=2, batch_size=5, verbose=0)
    twin = copied(model)
    np.testing.assert_array_equal(twin.predict(X, verbose=0), model.predict(X, verbose=0))
    assert twin.history.history == model.history.history
    first = model.fit(X, Y, epochs=3, batch_size=5, verbose=0).history
    second = twin.fit(X, Y, epochs=3, batch_size=5, verbose=0).history
    assert first == second
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_copy_is_independent() -> None:
    model = small()
    twin = copy.deepcopy(model)
    before = model.predict(X, verbose=0)
    twin.set_weights([weight + 1 for weight in twin.get_weights()])
    np.testing.assert_array_equal(model.predict(X, verbose=0), before)


def test_single_layer_pickles_from_a_model() -> None:
    model = small()
    model.predict(X, verbose=0)
    layer = pickle.loads(pickle.dumps(model.layers[0]))
    np.testing.assert_array_equal(layer(X), model.layers[0](X))


def test_calling_a_model_gives_an_array() -> None:
    model = small()
    np.testing.assert_array_equal(model(X), model.predict(X, verbose=0))
    rnncore.utils.set_random_seed(0)
    assert not np.array_equal(model(X, training=True), model(X))


def test_masks_reach_the_layers_behind() -> None:
    model = Sequential([Masking(0.0), GRU(3, return_sequences=True), Dropout(0.1), LSTM(2)])
    x = X.copy()
    x[:, 3:] = 0
    np.testing.assert_allclose(
        model.predict(x, verbose=0), model.predict(x[:, :3], verbose=0), rtol=1e-5
    )


def test_predict_in_batches() -> None:
    model = small()
    np.testing.assert_allclose(
        model.predict(X, batch_size=5, verbose=0), model.predict(X, verbose=0), rtol=1e-5
    )
    echo = Sequential([Dropout(0.5, input_shape=(5, 3))])
    assert not np.shares_memory(echo.predict(X, verbose=0), X)


def test_summary() -> None:
    lines: list[str] = []
    model = small(name="forecast")
    model.layers[0].trainable = False
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert 'Model: "forecast"' in text
    assert "lstm (LSTM)" in text
    assert "(None, 4)" in text
    assert "Total params: 133 (532.00 B)" in text
    assert "Trainable params: 5" in text
    assert "Non-trainable params: 128" in text
    unbuilt: list[str] = []
    Sequential([Activation("tanh"), Dense(2)]).summary(print_fn=unbuilt.append)
    assert any("unbuilt" in line for line in unbuilt)


def test_layers_that_need_all_sizes_take_them_from_the_data() -> None:
    x = np.random.default_rng(0).standard_normal((6, 5, 3)).astype("float32")
    model = Sequential([LSTM(4, return_sequences=True), Flatten(), Dense(2)])
    assert model.predict(x, verbose=0).shape == (6, 2)
    assert model.layers[-1].kernel.shape == (20, 2)
    with pytest.raises(ValueError, match="expected"):
        model.predict(x[:, :4], verbose=0)
    ids = np.zeros((6, 5), int)
    model = Sequential([Embedding(7, 4), Reshape((10, 2)), TimeDistributed(Flatten()), Dense(1)])
    assert model.predict(ids, verbose=0).shape == (6, 10, 1)
    model = Sequential([GRU(4, return_sequences=True), LayerNormalization(axis=1)])
    assert model.predict(x, verbose=0).shape == (6, 5, 4)


def test_outputs_of_a_call_are_the_callers_own() -> None:
    """Dropout in inference and Reshape give their input as it is."""
    for call in (Reshape((3, 5)), Dropout(0.5), Sequential([Dropout(0.5), Reshape((15,))])):
        x = X.copy()
        for y in (call(x), call(x, training=True)):
            y[...] = 0
        np.testing.assert_array_equal(x, X)


@pytest.mark.parametrize("form", [lambda x: [x], lambda x: (x,), lambda x: {"main": x}])
@pytest.mark.parametrize(
    "layers",
    [
        lambda: [rnncore.Input((5, 3), name="main"), LSTM(2)],
        lambda: [LSTM(2, input_shape=(5, 3))],
        lambda: [LSTM(2)],  # whose shape the data say
    ],
)
def test_the_input_in_a_list_or_a_dict(layers: Any, form: Any) -> None:
    def batches(x: Any) -> Any:
        while True:
            yield x, Y

    models = []
    for x in (X, form(X)):
        rnncore.utils.set_random_seed(0)
        model, held = Sequential([*layers(), Dense(1)]), (x, Y)
        models.append(model)
        model.compile("sgd", "mse")
        model.fit(x, Y, validation_data=held, verbose=0)
        model.fit(batches(x), steps_per_epoch=2, validation_data=held, verbose=0)
        model.train_on_batch(x, Y)
    plain, formed = models
    expected = plain.predict(X, verbose=0)
    for found in (formed.predict(form(X), verbose=0), formed(form(X))):
        np.testing.assert_array_equal(found, expected)
    assert formed.evaluate(form(X), Y, verbose=0) == plain.evaluate(X, Y, verbose=0)


def test_a_list_with_one_sample_and_names_that_are_not_those_of_the_input() -> None:
    assert Sequential([LSTM(2)]).predict([X[0]], verbose=0).shape == (1, 2)
    assert small().predict([X[0]], verbose=0).shape == (1, 1)
    named = Sequential([rnncore.Input((5, 3), name="main"), LSTM(4)])
    for x in ({"other": X}, {"main": X, "other": X}, {}):
        with pytest.raises(ValueError, match="x: expected a dict with the keys main, got"):
            named.predict(x, verbose=0)
    with pytest.raises(ValueError, match=r"expected shape \(None, 5, 3\), got \(2, 12, 5, 3\)"):
        named.predict([X, X], verbose=0)
