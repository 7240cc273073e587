"""Lambda: a function as a layer, its gradient given with it."""

import pickle
from typing import Any

import numpy as np
import pytest
from graphs import training_pass

from rnncore import Model, Sequential
from rnncore.layers import GRU, LSTM, Concatenate, Dense, Input, Lambda

X = np.random.default_rng(0).standard_normal((3, 5, 4))
MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)


def scaled(x: Any, factor: float = 2.0) -> Any:
    return factor * x


def scaled_gradient(x: Any, dy: Any, factor: float = 2.0) -> Any:
    return factor * dy


def last_step_gradient(x: Any, dy: Any) -> Any:
    dx = np.zeros_like(x)
    dx[:, -1] = dy
    return dx


def test_gradients(check_layer: Any) -> None:
    check_layer(Lambda(np.sin, gradient=lambda x, dy: np.cos(x) * dy, dtype="float64"), X)
    last = Lambda(lambda x: x[:, -1], gradient=last_step_gradient, dtype="float64")
    check_layer(last, X)


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (lambda x: x[:, -1], (None, 4)),
        (lambda x: x[:, ::2], (None, None, 4)),
        (lambda x: x.reshape(len(x), -1), (None, None)),
        (lambda x: x[..., None] * np.ones(7), (None, None, 4, 7)),
    ],
)
def test_shape_is_found(function: Any, shape: tuple[int | None, ...]) -> None:
    layer = Lambda(function)
    assert layer.compute_output_shape((None, None, 4)) == shape
    assert layer.compute_output_shape(X.shape) == layer(X).shape


def test_declared_shape() -> None:
    layer = Lambda(lambda x: x[:, -1], output_shape=(4,))
    assert layer.compute_output_shape((None, 5, 4)) == (None, 4)
    layer = Lambda(lambda x: x[:, -1], output_shape=lambda shape: (shape[0], shape[2]))
    assert layer.compute_output_shape((None, 5, 4)) == (None, 4)


def test_arguments_mask_and_training() -> None:
    seen = []

    def function(x: Any, factor: float, mask: Any = None, training: bool = False) -> Any:
        seen.append((mask is MASK, training))
        return factor * x

    layer = Lambda(function, arguments={"factor": 3})
    np.testing.assert_allclose(layer(X, mask=MASK, training=True), 3 * X, rtol=1e-6)
    assert seen[-1] == (True, True)
    assert layer.compute_mask(X, MASK) is None
    assert Lambda(function, mask=lambda x, mask: mask).compute_mask(X, MASK) is MASK
    assert Lambda(function, mask=MASK).compute_mask(X, None) is MASK


def test_dtype_and_pickle() -> None:
    layer = Lambda(scaled, gradient=scaled_gradient, arguments={"factor": np.float64(3)})
    y, tape = training_pass(layer, X)
    assert y.dtype == np.float32 and layer.backward(tape, np.ones_like(y)).dtype == np.float32
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(layer))(X), layer(X))


def test_in_a_model() -> None:
    first = Lambda(scaled)  # nothing below is trained: no gradient needed
    layers = [first, LSTM(4), Lambda(scaled, gradient=scaled_gradient), Dense(1)]
    model = Sequential([Input((5, 4)), *layers])
    model.compile("adam", "mse")
    loss = model.fit(X, np.ones((3, 1)), epochs=20, verbose=0).history["loss"]
    assert loss[-1] < loss[0]
    blocked = Sequential([Input((5, 4)), LSTM(4), Lambda(np.sin), Dense(1)])
    blocked.compile("adam", "mse")
    before = blocked.get_weights()
    with pytest.raises(ValueError, match=r"lambda_2: gradient: expected a function, .*got None"):
        blocked.fit(X, np.ones((3, 1)), verbose=0)
    for old, new in zip(before, blocked.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Lambda("x"), TypeError, "Lambda: function: expected a function, got 'x'"),
        (lambda: Lambda(abs, gradient=1), TypeError, "Lambda: gradient: expected a function or"),
        (lambda: Lambda(abs, arguments=[1]), TypeError, "Lambda: arguments: expected a dict"),
        (lambda: Lambda(np.sum, (4,))(X), ValueError, "lambda: function: expected .* 3 samples"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_gradient_of_another_shape() -> None:
    layer = Lambda(scaled, gradient=lambda x, dy: dy[:1])
    y, tape = layer.forward(X, training=True)
    with pytest.raises(ValueError, match=r"gradient: expected .*\(3, 5, 4\), got \(1, 5, 4\)"):
        layer.backward(tape, y)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x,
        lambda x: 100.0 * x,
        lambda x: x[:, -1],
        lambda x: x * x - x / (2 + x * x),
        lambda x: (x[:, 1:] - x[:, :-1])[..., None],
    ],
)
def test_the_gradient_of_operators_is_known(function: Any, check_layer: Any) -> None:
    check_layer(Lambda(function, dtype="float64"), X)


def test_of_a_list_and_with_arguments() -> None:
    a, b = Input((5, 4)), Input((5, 4))
    made = Lambda(lambda x, factor: x[0] * factor - x[1] / 4, arguments={"factor": 3.0})([a, b])
    model = Model([a, b], Dense(1)(GRU(2)(made)))
    model.compile("sgd", "mse")
    first = model.fit([X, X], np.ones(3), epochs=5, verbose=0).history["loss"]
    assert first[-1] < first[0]
    layer = Lambda(lambda x: x[0] * 3.0)
    layer([X, X])
    _, tape = layer.forward([X, X], training=True)
    dx = layer.backward(tape, np.ones_like(X))
    np.testing.assert_array_equal(dx, [np.full_like(X, 3.0), np.zeros_like(X)])


def test_of_a_layer_that_is_called_twice() -> None:
    """The sum of the gradients of both calls comes out."""
    twice = Lambda(lambda x: x * x)
    x = Input((5, 4))
    hidden = Dense(3, dtype="float64")(x)
    model = Model(x, Dense(1)(Concatenate()([twice(hidden), twice(twice(hidden))])))
    squared = hidden * hidden
    plain = Model(x, model.layers[-1](Concatenate()([squared, squared * squared])))
    for one in (model, plain):
        one.compile("sgd", "mse")
    target = np.ones((3, 5, 1))
    for found, expected in zip(model.gradients(X, target), plain.gradients(X, target), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_operators_on_numbers_that_change() -> None:
    factor = np.array(2.0)
    layer = Lambda(lambda x: x * factor.item())
    layer(X)
    layer.forward(X, training=True)
    factor[...] = 3.0
    with pytest.raises(ValueError, match="gradient: expected a function, as `function` does not"):
        layer.forward(X, training=True)
