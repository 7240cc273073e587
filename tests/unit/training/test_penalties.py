"""Regularizers and constraints in training: gradients, functions of one's own, what they cost."""

import json
from typing import Any

import numpy as np
import pytest
from graphs import check_gradients
from numpy.typing import NDArray

from rnncore import Input, Model, Sequential, constraints, regularizers
from rnncore.layers import (
    GRU,
    LSTM,
    RNN,
    Activation,
    Bidirectional,
    Concatenate,
    Conv1D,
    Dense,
    Embedding,
    Flatten,
    Layer,
    LayerNormalization,
    LSTMCell,
    Masking,
    SimpleRNN,
    TimeDistributed,
)
from rnncore.layers.parameter import Parameter
from rnncore.optimizers import SGD

RNG = np.random.default_rng(5)
X = RNG.normal(size=(5, 4, 3))
X[:, :2][RNG.random((5, 2)) < 0.5] = 0  # masked steps in front
IDS = RNG.integers(0, 4, (5, 4))
Y = RNG.normal(size=(5, 2))


class Quartic(regularizers.Regularizer):
    """A regularizer of one's own, with its gradient."""

    def value(self, weight: NDArray[Any]) -> float:
        return 0.1 * float((weight**4).sum())

    def grad(self, weight: NDArray[Any]) -> NDArray[Any]:
        return 0.4 * weight**3


class Plain:
    """The same without the base class."""

    def __call__(self, weight: NDArray[Any]) -> Any:
        return 0.1 * np.sum(weight**4)

    def grad(self, weight: NDArray[Any]) -> Any:
        return 0.4 * weight**3


def recurrent(layer: Any) -> Any:
    return lambda: Sequential(
        [
            Masking(input_shape=(4, 3)),
            layer(
                3,
                return_sequences=True,
                kernel_regularizer=regularizers.L1L2(0.1, 0.2),
                recurrent_regularizer=regularizers.OrthogonalRegularizer(0.3),
                bias_regularizer=Quartic(),
                activity_regularizer=regularizers.l1_l2(0.2, 0.3),
            ),
            Flatten(),
            Dense(2, kernel_regularizer=Plain(), activity_regularizer=Plain()),
        ],
        dtype="float64",
    )


MODELS = {
    "simple_rnn": recurrent(SimpleRNN),
    "lstm": recurrent(LSTM),
    "gru": recurrent(GRU),
    "bidirectional": lambda: Sequential(
        [
            Masking(input_shape=(4, 3)),
            Bidirectional(
                LSTM(2, activity_regularizer=Quartic(), recurrent_regularizer="l2"),
                merge_mode="mul",
                activity_regularizer=regularizers.l2(0.2),
            ),
        ],
        dtype="float64",
    ),
    "model at every step": lambda: Sequential(
        [
            Input((4, 3)),
            TimeDistributed(
                Sequential([Dense(2, activity_regularizer="l2", input_shape=(3,))], dtype="float64")
            ),
            GRU(2, activity_regularizer="l2"),
        ],
        dtype="float64",
    ),
    "cell": lambda: Sequential(
        [
            RNN(
                LSTMCell(2, kernel_regularizer="l2", bias_regularizer=Quartic()),
                activity_regularizer="l2",
                input_shape=(4, 3),
            ),
        ],
        dtype="float64",
    ),
    "convolution": lambda: Sequential(
        [
            Conv1D(3, 2, activity_regularizer="l2", kernel_regularizer="l2", input_shape=(4, 3)),
            LayerNormalization(gamma_regularizer="l2", beta_regularizer=Quartic()),
            Activation("tanh", activity_regularizer=Quartic()),
            Flatten(),
            Dense(2),
        ],
        dtype="float64",
    ),
}


@pytest.mark.parametrize("name", list(MODELS))
def test_gradients_are_those_of_the_loss_with_all_penalties(name: str) -> None:
    model = MODELS[name]()
    model.set_weights([RNG.normal(0.1, 0.5, w.shape) for w in model.get_weights()])
    model.compile("sgd", "mse")
    bare = float(np.square(model.predict(X, verbose=0) - Y).mean())
    assert model.evaluate(X, Y, verbose=0) > bare + 1e-3
    check_gradients(model, X, Y)


def test_gradients_of_shared_and_nested_layers() -> None:
    x = Input((4, 3))
    shared = GRU(3, activity_regularizer=Quartic(), kernel_regularizer="l2", dtype="float64")
    inner = Sequential(
        [Dense(3, activity_regularizer="l2", kernel_regularizer="l1", input_shape=(3,))],
        dtype="float64",
    )
    once, twice = (
        shared(x),
        shared(Activation("tanh", activity_regularizer="l2", dtype="float64")(x)),
    )
    level = Dense(2, name="level")(Concatenate()([inner(once), twice]))
    idle = Dense(2, name="idle", activity_regularizer=Quartic())(inner(twice))
    model = Model(x, [level, idle])
    model.set_weights([RNG.normal(0.1, 0.5, w.shape) for w in model.get_weights()])
    model.compile("sgd", ["mse", None])
    check_gradients(model, X, [Y, Y])
    model.compile("sgd", {"level": "mse", "idle": "mae"}, loss_weights=[0.5, 2.0])
    check_gradients(model, X, [Y, Y])


def test_all_ways_to_the_loss_agree() -> None:
    model = MODELS["lstm"]()
    model.compile("sgd", "mse", metrics=["mse"])
    loss, bare = model.evaluate(X, Y, verbose=0)
    penalty = loss - bare
    assert penalty > sum(model.losses) > 0
    np.testing.assert_allclose(model.test_on_batch(X, Y), [loss, bare], rtol=1e-12)
    np.testing.assert_allclose(model.train_on_batch(X, Y), [loss, bare], rtol=1e-12)


def test_an_embedding_with_a_penalty_has_a_gradient_in_every_row() -> None:
    model = Sequential(
        [
            Embedding(6, 3, embeddings_regularizer=Quartic(), input_length=4),
            LSTM(2),
        ],
        dtype="float64",
    )
    model.compile("sgd", "mse")
    for ids in (IDS, IDS[:, ::-1] + 2, IDS):  # rows that the step before has touched
        check_gradients(model, ids, Y)
        model.train_on_batch(ids, Y)


def test_a_penalty_scales_with_the_share_of_the_batch() -> None:
    model = Sequential([Dense(2, activity_regularizer="l2", input_shape=(3,))])
    model.compile("sgd", "mse")
    y = model.predict(X[:, 0], verbose=0)
    expected = 0.01 * np.square(y).sum() / len(y)
    assert model.evaluate(X[:, 0], y, verbose=0) == pytest.approx(expected)


def test_frozen_weights_are_neither_penalized_nor_constrained() -> None:
    layer = Dense(2, kernel_regularizer="l2", kernel_constraint="unit_norm", input_shape=(3,))
    model = Sequential([layer, Dense(2)])
    assert len(model.losses) == len(layer.losses) == 1
    layer.trainable = False
    before = layer.get_weights()
    model.compile("sgd", "mse", metrics=["mse"])
    assert model.losses == []
    loss, bare = model.evaluate(X[:, 0], Y, verbose=0)
    assert loss == pytest.approx(bare)
    model.train_on_batch(X[:, 0], Y)
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])


def test_clipping_and_a_constraint_go_together() -> None:
    model = Sequential(
        [
            LSTM(3, kernel_constraint=constraints.MaxNorm(0.5), input_shape=(4, 3)),
            Dense(2, kernel_constraint=lambda w: np.clip(w, -0.1, 0.1)),
        ]
    )
    for clip in ({"clipnorm": 0.1}, {"clipvalue": 0.1}, {"global_clipnorm": 0.1}):
        model.compile(SGD(10.0, **clip), "mse")
        model.train_on_batch(X, Y)
        kernel, *_, last, _ = model.get_weights()
        assert np.sqrt(np.square(kernel).sum(axis=0)).max() <= 0.5 + 1e-6
        assert abs(last).max() == np.float32(0.1)


def test_a_function_without_a_gradient_is_refused_before_anything_changes() -> None:
    class Mine(regularizers.Regularizer):
        def __call__(self, weight: Any) -> Any:
            return 0.1 * np.sum(weight**2)

    for regularizer in (lambda w: 0.1 * np.sum(w**2), Mine()):
        for argument in ("kernel_regularizer", "activity_regularizer"):
            model = Sequential([Dense(2, **{argument: regularizer}, input_shape=(3,))])
            model.compile("sgd", "mse")
            before = model.get_weights()
            assert model.evaluate(X[:, 0], Y, verbose=0) > 0
            for train in (model.fit, model.train_on_batch, model.gradients):
                with pytest.raises(
                    TypeError, match=r"dense.*regularizer: .* method grad\(weight\)"
                ):
                    train(X[:, 0], Y)
            for ours, theirs in zip(model.get_weights(), before, strict=True):
                np.testing.assert_array_equal(ours, theirs)


def test_shapes_of_functions_of_ones_own() -> None:
    class Wrong(Plain):
        def grad(self, weight: NDArray[Any]) -> Any:
            return weight[0]

    for arguments, message in (
        (
            {"kernel_regularizer": Wrong()},
            r"regularizer: grad: expected shape \(3, 2\), got \(2,\)",
        ),
        ({"kernel_constraint": lambda w: w[0]}, r"constraint: expected .* \(3, 2\) .*got \(2,\)"),
    ):
        model = Sequential([Dense(2, **arguments, input_shape=(3,))])
        model.compile("sgd", "mse")
        with pytest.raises(ValueError, match=message):
            model.train_on_batch(X[:, 0], Y)


def test_a_model_without_penalties_asks_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("a penalty was computed")

    for owner, function in (
        (Parameter, "penalty"),
        (Parameter, "add_penalty_gradient"),
        (Parameter, "constrain"),
        (Layer, "penalize"),
        (Layer, "penalized"),
    ):
        monkeypatch.setattr(owner, function, never)
    model = Sequential([Bidirectional(LSTM(3), input_shape=(4, 3)), Dense(2)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0, validation_data=(X, Y))


def test_a_prediction_asks_for_no_penalty(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("a penalty was computed")

    monkeypatch.setattr(regularizers.L1L2, "value", never)
    monkeypatch.setattr(regularizers, "add_grad", never)
    model = MODELS["lstm"]()
    model.compile("sgd", "mse")
    model.predict(X, verbose=0)
    model(X)
    with pytest.raises(AssertionError, match="a penalty"):
        model.evaluate(X, Y, verbose=0)


def test_arguments_in_the_forms_that_keras_takes() -> None:
    layer = LSTM(
        3,
        "tanh",
        "sigmoid",
        True,
        "glorot_uniform",
        "orthogonal",
        "zeros",
        True,
        "l1",
        regularizers.L2,
        {"class_name": "L1L2", "config": {"l1": 0.5}},
        regularizers.l1_l2(0.1, 0.2),
        constraints.max_norm(3),
        "non_neg",
        {"class_name": "MinMaxNorm", "config": {"min_value": 0.25}},
    )
    kept = {
        argument: repr(getattr(layer, f"{argument}"))
        for kind in ("regularizer", "constraint")
        for argument in (f"kernel_{kind}", f"recurrent_{kind}", f"bias_{kind}")
    }
    assert kept == {
        "kernel_regularizer": "L1(l1=0.01)",
        "recurrent_regularizer": "L2(l2=0.01)",
        "bias_regularizer": "L1L2(l1=0.5, l2=0.0)",
        "kernel_constraint": "MaxNorm(max_value=3.0, axis=0)",
        "recurrent_constraint": "NonNeg()",
        "bias_constraint": "MinMaxNorm(min_value=0.25, max_value=1.0, rate=1.0, axis=0)",
    }
    assert repr(layer.activity_regularizer) == "L1L2(l1=0.1, l2=0.2)"
    for argument, value, error in (
        ("kernel_regularizer", "l3", ValueError),
        ("recurrent_constraint", 3, TypeError),
        ("activity_regularizer", {"class_name": "L3", "config": {}}, ValueError),
        ("bias_constraint", {"class_name": "MaxNorm", "config": {"max": 3}}, TypeError),
    ):
        with pytest.raises(error, match=f"GRU: {argument}: "):
            GRU(3, **{argument: value})
    assert json.dumps(regularizers.l1_l2(0.1, 0.2).get_config()) == '{"l1": 0.1, "l2": 0.2}'
