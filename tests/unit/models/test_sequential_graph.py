"""The symbolic tensors of a Sequential: parts of it make models with the same weights."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from rnncore import Input, Model, Sequential
from rnncore.layers import GRU, LSTM, Dense, Dropout, Embedding, Flatten

RNG = np.random.default_rng(7)
X = RNG.standard_normal((6, 5, 3)).astype(np.float32)
Y = RNG.standard_normal((6, 1)).astype(np.float32)


def trained(*layers: Any) -> Sequential:
    model = Sequential([*layers, LSTM(4), Dense(3, activation="tanh", name="features"), Dense(1)])
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    return model


def features_by_hand(model: Sequential, *, last: bool = False) -> Any:
    """What the layers give one after the other, the last one left out unless that is wanted."""
    x = X
    for layer in model.layers if last else model.layers[:-1]:
        x = layer(x)
    return x


@pytest.mark.parametrize("front", [[Input((5, 3))], [Input((None, 3))], []])
def test_features_of_a_trained_model(front: list[Any]) -> None:
    model = trained(*front)
    features = Model(inputs=model.inputs, outputs=model.layers[-2].output)
    assert features.output_shape == (None, 3)
    np.testing.assert_array_equal(features.predict(X, verbose=0), features_by_hand(model))
    assert [a is b for a, b in zip(features.weights, model.weights, strict=False)] == [True] * 5
    model.fit(X, Y, epochs=2, verbose=0)  # both see what the other learns
    np.testing.assert_array_equal(features.predict(X, verbose=0), features_by_hand(model))
    by_name = Model(model.input, model.get_layer("features").output)
    np.testing.assert_array_equal(by_name.predict(X, verbose=0), features_by_hand(model))


def test_several_parts_at_once_and_a_head_on_top() -> None:
    model = trained(Input((5, 3)))
    every = Model(model.inputs, [layer.output for layer in model.layers])
    assert every.output_shape == [(None, 4), (None, 3), (None, 1)]
    np.testing.assert_array_equal(every.predict(X, verbose=0)[2], model.predict(X, verbose=0))
    new = Model(model.inputs, Dense(2, name="new")(model.layers[-2].output))
    model.layers[0].trainable = False
    before = model.layers[0].get_weights()
    new.compile("sgd", "mse")
    new.fit(X, np.ones((6, 2)), verbose=0)
    for a, b in zip(before, model.layers[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_token_ids() -> None:
    model = Sequential([Input((4,), dtype="int32"), Embedding(9, 3, mask_zero=True), LSTM(2)])
    vectors = Model(model.inputs, model.layers[0].output)
    ids = np.array([[1, 2, 0, 0], [8, 1, 2, 3]])
    np.testing.assert_array_equal(vectors.predict(ids, verbose=0), model.layers[0](ids))


def test_while_the_shape_is_unknown_there_is_none() -> None:
    model = Sequential([LSTM(2), Dense(1)])
    for argument in ("inputs", "outputs", "input", "output"):
        with pytest.raises(AttributeError, match=r"sequential: .* knows its input shape"):
            getattr(model, argument)
    with pytest.raises(AttributeError, match="dense: output: "):
        _ = model.layers[-1].output
    model.build((None, 5, 3))
    assert model.inputs[0].shape == (None, 5, 3)
    assert model.outputs[0].shape == model.layers[-1].output.shape == (None, 1)


def test_names_and_shapes() -> None:
    model = Sequential([Input((5, 3), name="series"), LSTM(4), Dense(1, name="level")])
    assert (model.input_names, model.output_names) == (["series"], ["level"])
    assert (model.input_shape, model.output_shape) == ((None, 5, 3), (None, 1))
    two = Model([a := Input((3,)), b := Input((2,))], [Dense(1)(a), Dense(2)(b)])
    assert two.output_names == ["dense", "dense_1"]
    assert two.input_names == ["input_layer", "input_layer_1"]


def test_pop_and_add_change_what_comes_out() -> None:
    model = trained(Input((5, 3)))
    removed = model.pop()
    assert model.output_shape == (None, 3) and model.outputs[0] is model.layers[-1].output
    np.testing.assert_array_equal(model.predict(X, verbose=0), features_by_hand(model, last=True))
    model.add(Dense(2))
    assert model.output_shape == (None, 2)
    model.compile("sgd", "mse")
    model.fit(X, np.ones((6, 2)), verbose=0)
    with pytest.raises(AttributeError, match="output"):
        _ = removed.output


def test_pop_of_the_only_layer_forgets_its_shape() -> None:
    model = Sequential([Dense(2, input_shape=(3,))])
    model.pop()
    model.add(Dense(2, input_shape=(4,)))
    assert model.input_shape == (None, 4)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_have_tensors_of_their_own(again: Any) -> None:
    model = trained(Input((5, 3)))
    twin = again(model)
    features = Model(twin.inputs, twin.layers[-2].output)
    np.testing.assert_allclose(
        features.predict(X, verbose=0), features_by_hand(model), rtol=1e-5, atol=1e-6
    )
    assert features.layers[1] is twin.layers[0] is not model.layers[0]
    twin.add(Dense(4))
    assert (model.output_shape, twin.output_shape) == ((None, 1), (None, 4))


def test_a_layer_that_does_not_fit_leaves_the_model_as_it_was() -> None:
    model = Sequential([Input((5, 3)), LSTM(4)])
    with pytest.raises(ValueError, match="expected 3 axes"):
        model.add(LSTM(2))
    assert len(model.layers) == 1 and model.outputs[0].shape == (None, 4)
    late = Sequential([Dense(2), Flatten(), LSTM(2)])
    with pytest.raises(ValueError, match="expected 3 axes"):
        late.build((None, 4, 3))
    with pytest.raises(AttributeError, match="inputs"):
        _ = late.inputs
    assert not late.layers[0]._nodes


def test_a_nested_model_gives_its_tensors_too() -> None:
    inner = Sequential([Input((5, 3)), LSTM(4), Dropout(0.5)], name="inner")
    outer = Sequential([inner, Dense(1)])
    assert outer.input_shape == (None, 5, 3)
    np.testing.assert_array_equal(
        Model(outer.inputs, inner(outer.inputs[0])).predict(X, verbose=0),
        Model(inner.inputs, inner.layers[0].output).predict(X, verbose=0),
    )


def test_layers_that_were_built_one_by_one_make_a_model_at_once() -> None:
    layers: list[Any] = [GRU(2), Dense(1)]
    layers[0].build((None, 4, 3))
    layers[1].build((None, 2))
    model = Sequential(layers)
    model.compile("sgd", "mse")
    x = np.ones((2, 5, 3), np.float32)
    expected = layers[1](layers[0](x))
    np.testing.assert_array_equal(model.predict(x, verbose=0), expected)
    model.fit(x, expected, verbose=0)
    np.testing.assert_array_equal(model.predict(x, verbose=0), expected)
