"""Graphs of layers: values, gradients, masks, names, copies."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from graphs import Halves, Sum, check_gradients

import rnncore
from rnncore import Input, Model, Sequential
from rnncore.layers import (
    GRU,
    LSTM,
    Activation,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Layer,
    Masking,
)

RNG = np.random.default_rng(0)
X = RNG.standard_normal((6, 5, 3))
Y = RNG.standard_normal((6, 2))
LABELS = np.array([0, 1, 1, 0, 1, 0])
F64: dict[str, Any] = {"dtype": "float64"}


def stack() -> list[Layer]:
    rnncore.utils.set_random_seed(3)
    return [
        Masking(),
        Bidirectional(LSTM(4, return_sequences=True)),
        Dropout(0.3),
        GRU(5),
        Dense(2, activation="softmax"),
    ]


def chain(layers: list[Layer]) -> Model:
    first = tensor = Input((None, 3))
    for layer in layers:
        tensor = layer(tensor)
    return Model(first, tensor)


def test_a_chain_gives_the_bits_of_a_sequential() -> None:
    models = [chain(stack()), Sequential([Input((None, 3)), *stack()])]
    x = X.copy()
    x[:2, 3:] = 0
    results = []
    for model in models:
        rnncore.utils.set_random_seed(5)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(x, LABELS, batch_size=4, epochs=3, validation_split=0.3, verbose=0)
        results.append((history.history, model.predict(x, verbose=0), *model.get_weights()))
    assert results[0][0] == results[1][0]
    for one, other in zip(results[0][1:], results[1][1:], strict=True):
        np.testing.assert_array_equal(one, other)


def branches() -> tuple[Model, Any]:
    series = Input((5, 3), name="series")
    states = LSTM(4, return_sequences=True, **F64)(Masking(**F64)(series))
    merged = Sum()([GRU(3)(states), LSTM(3)(states), Dense(3)(LSTM(2)(states))])
    return Model(series, Dense(2, activation="softmax")(merged)), series


def test_gradients_through_branches() -> None:
    model, _ = branches()
    model.compile("sgd", "categorical_crossentropy")
    x = X.copy()
    x[1, 2:] = 0
    check_gradients(model, x, np.eye(2)[LABELS])
    check_gradients(model, x, np.eye(2)[LABELS], sample_weight=np.arange(6.0))


def test_a_tensor_that_is_read_by_several_and_given_out_too() -> None:
    x = Input((3,))
    h = Dense(4, activation="sigmoid", **F64)(x)
    total = Sum()([h, Activation("tanh")(h), Dense(4)(h), h])
    model = Model(x, [h, total])
    model.compile("sgd", ["binary_crossentropy", "mse"])
    y = [np.ones((6, 4)), np.zeros((6, 4))]
    check_gradients(model, X[:, 0], y)


def test_gradients_of_shared_layers() -> None:
    left, right = Input((5, 3)), Input((4, 3))
    encoder = Bidirectional(LSTM(3), **F64)
    head = Dense(6, activation="tanh")
    total = Sum()([head(encoder(left)), head(encoder(right)), head(head(encoder(left)))])
    model = Model([left, right], Dense(1)(total))
    model.compile("sgd", "mse")
    assert [layer.name for layer in model.layers].count(head.name) == 1
    assert len(model.weights) == 6 + 2 + 2
    for _ in range(2):  # the memory of each call is used again
        check_gradients(model, [X, X[::-1, :4]], Y[:, :1])
        model.fit([X, X[::-1, :4]], Y[:, :1], verbose=0)


def test_gradients_of_a_shared_embedding() -> None:
    left, right = Input((4,), dtype="int32"), Input((4,), dtype="int32")
    embed = Embedding(7, 3, mask_zero=True, **F64)
    state = GRU(3)
    model = Model([left, right], Sum()([state(embed(left)), state(embed(right))]))
    model.compile("sgd", "mse")
    y = RNG.standard_normal((6, 3))
    for _ in range(3):  # other rows in each batch
        ids = [RNG.integers(0, 7, (6, 4)) for _ in range(2)]
        check_gradients(model, ids, y)
        model.train_on_batch(ids, y)
    with pytest.raises(ValueError, match=r"embedding: x\['input_layer_1'\]: .* from 0 to 6, got 7"):
        model.predict([ids[0], np.full((6, 4), 7)])


def test_gradients_of_a_layer_with_two_outputs() -> None:
    x = Input((5, 3))
    halves = Halves()
    one, other = halves(LSTM(4, return_sequences=True, **F64)(x))
    unused = Dense(2)
    model = Model(x, [GRU(2)(one), unused(other)])
    model.compile("sgd", ["mse", None])
    check_gradients(model, X, [Y, None])
    assert all(not gradient.any() for gradient in model.gradients(X, [Y, None])[-2:])


def test_frozen_layers_stay_and_cost_no_gradient() -> None:
    model, _ = branches()
    for name in ("lstm", "gru"):
        model.get_layer(name).trainable = False
    frozen = [model.get_layer(name).get_weights() for name in ("lstm", "gru")]
    model.compile("sgd", "categorical_crossentropy")
    check_gradients(model, X, np.eye(2)[LABELS])
    model.fit(X, np.eye(2)[LABELS], verbose=0)
    for name, before in zip(("lstm", "gru"), frozen, strict=True):
        for a, b in zip(before, model.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_loss_takes_the_activation_over_where_nothing_else_reads_it() -> None:
    x = Input((3,))
    p = Dense(4, activation="softmax")(x)
    q = Dense(4, activation="softmax")(x)
    model = Model(x, [p, q, Dense(2)(q)])
    found = [one and one.name for one in model.network.output_activations()]
    assert found == ["softmax", None, "linear"]
    model.compile("sgd", ["categorical_crossentropy", "categorical_crossentropy", "mse"])
    huge = 1e4 * X[:, 0]
    assert np.isfinite(model.evaluate(huge, [np.eye(4)[LABELS]] * 2 + [Y], verbose=0)).all()


def test_masks_go_along_the_edges() -> None:
    ids = Input((4,))
    embedded = Embedding(9, 3, mask_zero=True)(ids)
    model = Model(ids, Sum()([LSTM(2, return_sequences=True)(embedded), Dense(2)(embedded)]))
    model.compile("sgd", "mse")
    x = np.array([[1, 2, 0, 0], [3, 4, 5, 6]])
    y = np.zeros((2, 4, 2))
    given = model.predict(x, verbose=0)
    # A masked step does not count in the loss.
    far = y.copy()
    far[0, 2:] = 1e6
    assert model.evaluate(x, y, verbose=0) == model.evaluate(x, far, verbose=0)
    np.testing.assert_array_equal(given[0, 2:], model(x)[0, 2:])


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_go_on_alike(duplicate: Any) -> None:
    model, _ = branches()
    model.compile("adam", "categorical_crossentropy")
    model.fit(X, np.eye(2)[LABELS], epochs=2, verbose=0)
    twin = duplicate(model)
    for one in (model, twin):
        one.fit(X, np.eye(2)[LABELS], epochs=2, batch_size=2, verbose=0)
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    inner = Model(twin.input, twin.get_layer("gru").output)
    assert inner.predict(X, verbose=0).shape == (6, 3)


def test_a_graph_deeper_than_functions_may_call_each_other() -> None:
    first = tensor = Input((2,))
    for _ in range(1200):
        tensor = Activation("linear")(tensor)
    model = Model(first, tensor)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(model)).predict(Y, verbose=0), Y.astype(np.float32)
    )


def test_parts_of_a_model_make_models_with_the_same_weights() -> None:
    model, series = branches()
    states = model.get_layer("lstm").output
    below, above = Model(series, states), Model(states, model.output)
    between = below.predict(X, verbose=0)
    np.testing.assert_array_equal(above.predict(between, verbose=0), model.predict(X, verbose=0))
    above.compile("sgd", "categorical_crossentropy")
    before = model.predict(X, verbose=0)
    above.fit(between, np.eye(2)[LABELS], verbose=0)
    assert np.abs(model.predict(X, verbose=0) - before).max() > 0


def test_eager_calls_give_arrays_in_the_form_of_the_outputs() -> None:
    x = Input((3,), name="x")
    model = Model({"x": x}, {"a": Dense(2)(x), "b": x})
    given = X[:, 0].astype(np.float32)
    found = model({"x": given})
    assert sorted(found) == ["a", "b"]
    np.testing.assert_array_equal(found["b"], given)
    predicted = model.predict(given, verbose=0)
    assert not np.shares_memory(predicted["b"], given)
    np.testing.assert_array_equal(predicted["a"], found["a"])


def test_layers_and_with_them_weights_are_in_the_order_of_keras() -> None:
    a, b = Input((2,), name="a"), Input((2,), name="b")
    shared = Dense(2, name="s")
    one = Sum(name="p")([shared(a), Dense(2, name="q")(shared(b))])
    other = Dense(2, name="r")(Sum(name="t")([shared(one), b]))
    models = [
        Model([a, b], [other, Dense(2, name="u")(a), one]),
        Model([a, b], [Dense(2, name="v")(b)]),
    ]
    orders = [" ".join(layer.name for layer in model.layers) for model in models]
    assert orders == ["a b s q p t r u", "b a v"]  # what Keras 3.15 says, with Add for Sum


def test_shapes_and_names() -> None:
    model, _ = branches()
    assert model.name == "functional"
    assert model.input_shape == (None, 5, 3)
    assert model.output_shape == (None, 2)
    assert model.input_names == ["series"]
    assert model.dtype == np.float64
    two = Input((3,)), Input((4,))
    assert Model(list(two), list(two)).output_shape == [(None, 3), (None, 4)]


def test_summary_names_the_edges() -> None:
    lines: list[str] = []
    branches()[0].summary(print_fn=lines.append)
    assert [line.split() for line in lines if line.startswith(("series", "sum", "lstm_2"))] == [
        ["series", "(InputLayer)", "(None,", "5,", "3)", "0", "-"],
        ["lstm_2", "(LSTM)", "(None,", "2)", "56", "lstm"],
        ["sum", "(Sum)", "(None,", "3)", "0", "gru"],
    ]
    assert [line.strip() for line in lines if line.startswith("    ")] == ["lstm_1", "dense"]
    assert all(line == line.rstrip() for line in lines)


def test_dicts_are_in_the_order_of_their_keys() -> None:
    """Keras flattens them so: a list of its weights has to mean the same here."""
    b, a = Input((2,), name="b"), Input((2,), name="a")
    z, y = Dense(1, use_bias=False)(b), Dense(1, use_bias=False)(a)
    model = Model({"b": b, "a": a}, {"z": z, "y": y})
    model.set_weights([[[1], [1]], [[10], [10]]])
    result = model.predict({"a": np.ones((1, 2)), "b": np.full((1, 2), 1.0)}, verbose=0)
    twos = model.predict({"a": np.full((1, 2), 2.0), "b": np.ones((1, 2))}, verbose=0)
    assert (float(result["y"][0, 0]), float(result["z"][0, 0])) == (2.0, 20.0)
    assert (float(twos["y"][0, 0]), float(twos["z"][0, 0])) == (4.0, 20.0)
    assert [tensor.name for tensor in model.inputs] == ["a", "b"]
