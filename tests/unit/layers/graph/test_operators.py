"""Operators of symbolic tensors; they mean what NumPy's mean, as in Keras."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncore import Input, Model, layers
from rnncore.layers import ConstantOperation, GetItem, Lambda, TensorOperation
from rnncore.models import load_model

RNG = np.random.default_rng(0)
X = RNG.uniform(0.5, 2.0, (4, 5, 3))
Z = RNG.uniform(0.5, 2.0, (4, 5, 3))
VECTOR = np.array([2.0, -1.0, 0.5])

ONE: list[Callable[[Any], Any]] = [
    lambda x: x + 1,
    lambda x: 1 - x,
    lambda x: x - 1,
    lambda x: 2.0 * x,
    lambda x: x / 2,
    lambda x: 1 / x,
    lambda x: -x,
    lambda x: x + VECTOR,
    lambda x: VECTOR * x,
    lambda x: x * np.ones((1, 5, 1)),
    lambda x: x + x[:, -1:],
    lambda x: x * x,
    lambda x: x / x[..., :1],
    lambda x: x[:, -1],
    lambda x: x[:, -1, :],
    lambda x: x[:, 1:4],
    lambda x: x[:, ::-2],
    lambda x: x[..., 0],
    lambda x: x[:, :, None],
    lambda x: x[:, None, ..., 1],
]
TWO: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / b,
    lambda a, b: a[:, :1] / b,
]


@pytest.mark.parametrize("number", range(len(ONE)))
@pytest.mark.parametrize("steps", [5, None])
def test_one_tensor(number: int, steps: int | None, tmp_path: Path) -> None:
    inputs = Input((steps, 3), dtype="float64")
    outputs = ONE[number](layers.Activation("linear", dtype="float64")(inputs))
    expected = ONE[number](X)
    assert all(n in (None, m) for n, m in zip(outputs.shape, expected.shape, strict=True))
    model = Model(inputs, outputs)
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-15)
    model.save(tmp_path / "m")
    np.testing.assert_array_equal(load_model(tmp_path / "m").predict(X, verbose=0), expected)


@pytest.mark.parametrize("number", range(len(TWO)))
def test_two_tensors(number: int, tmp_path: Path) -> None:
    a, b = Input((5, 3)), Input((None, 3))
    outputs = TWO[number](a, b)
    model = Model([a, b], outputs)
    x, z = X.astype("float32"), Z.astype("float32")
    np.testing.assert_allclose(model.predict([x, z], verbose=0), TWO[number](x, z), rtol=1e-6)
    model.save(tmp_path / "m")
    again = load_model(tmp_path / "m").predict([x, z], verbose=0)
    np.testing.assert_array_equal(again, model.predict([x, z], verbose=0))


@pytest.mark.parametrize("operation", ["add", "subtract", "multiply", "divide"])
def test_gradients_of_two(operation: str, check_layer: Any) -> None:
    mask = [np.ones((4, 5), bool), None]
    check_layer(TensorOperation(operation, dtype="float64"), [X, Z], mask=mask)
    check_layer(TensorOperation(operation, dtype="float64"), [X, Z[:, :1]])


@pytest.mark.parametrize("operation", ["add", "subtract", "multiply", "divide"])
@pytest.mark.parametrize("first", [False, True])
def test_gradients_with_a_constant(operation: str, first: bool, check_layer: Any) -> None:
    layer = ConstantOperation(operation, VECTOR, constant_first=first, dtype="float64")
    check_layer(layer, X, mask=np.ones((4, 5), bool))


@pytest.mark.parametrize("key", [[-1], [[1, 4, None]], [None, [None, None, -2], 0]])
def test_gradients_of_parts(key: Any, check_layer: Any) -> None:
    check_layer(GetItem([[None, None, None], *key], dtype="float64"), X)


def test_a_mask_ends_as_in_keras() -> None:
    masked = layers.Masking()(Input((5, 3)))
    for made in (masked + 1, masked * masked, masked[:, 1:]):
        layer = made.node.layer
        assert layer.compute_mask(X, np.ones((4, 5), bool)) is None


def test_a_model_is_trained_through_them() -> None:
    x = Input((5, 3))
    states = layers.GRU(4, return_sequences=True)(x)
    last = states[:, -1, :]
    outputs = layers.Dense(1)(2.0 * last - last * layers.Dense(4)(x[:, 0]))
    model = Model(x, outputs)
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, np.ones((4, 1)), verbose=0)
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))
    names = [layer.name.rstrip("_0123456789") for layer in model.layers]
    assert {"get_item", "tensor_operation", "constant_operation"} <= set(names)


@pytest.mark.parametrize(
    ("operation", "error", "message"),
    [
        (lambda x: x[0], ValueError, "GetItem: key: expected `:` on the batch axis"),
        (lambda x: x[:, 7], ValueError, "key: expected a number within the size 5, got 7"),
        (lambda x: x[:, 0, 0, 0], ValueError, "key: expected at most 3 axes, got 4"),
        (lambda x: x[:, [0, 2]], TypeError, "expected numbers, slices, None and ... in brackets"),
        (lambda x: x + np.ones((4, 5, 3)), ValueError, "that a constant of shape"),
        (lambda x: x + "a", TypeError, "ConstantOperation: constant: expected numbers"),
        (lambda x: x + Input((3,)), ValueError, "expected 2 arrays with the same number of axes"),
        (lambda x: x + Input((4, 3)), ValueError, "expected arrays of one shape"),
        (lambda x: list(x), TypeError, "not iterable"),
        (lambda x: TensorOperation("power")([x, x]), ValueError, "operation: expected one of"),
    ],
)
def test_what_does_not_fit(operation: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        operation(Input((5, 3)))


def test_a_step_that_shorter_data_do_not_have() -> None:
    x = Input((None, 3))
    with pytest.raises(ValueError, match="key: expected a number within the size 2, got 3"):
        Model(x, x[:, 3]).predict(X[:, :2], verbose=0)


def product(x: Any) -> Any:
    return x[0] * x[1]


def product_gradient(x: Any, dy: Any) -> Any:
    return [x[1] * dy, x[0] * dy]


def test_a_lambda_of_several_inputs(check_layer: Any, tmp_path: Path) -> None:
    check_layer(Lambda(product, gradient=product_gradient, dtype="float64"), [X, Z])
    a, b = Input((None, 3)), Input((None, 3))
    made = Lambda(product, gradient=product_gradient)([layers.Dense(3)(a), layers.Dense(3)(b)])
    assert made.shape == (None, None, 3)
    model = Model([a, b], layers.Dense(1)(made))
    model.compile("sgd", "mse")
    model.fit([X, Z], np.ones((4, 5, 1)), verbose=0)
    model.save(tmp_path / "m")
    functions = {"product": product, "product_gradient": product_gradient}
    again = load_model(tmp_path / "m", functions)
    expected = model.predict([X, Z], verbose=0)
    np.testing.assert_array_equal(again.predict([X, Z], verbose=0), expected)


def test_the_gradients_of_a_lambda_are_as_many_as_its_inputs() -> None:
    layer = Lambda(product, gradient=lambda x, dy: dy)
    layer([X, Z])
    y, tape = layer.forward([X, Z], training=True)
    with pytest.raises(ValueError, match="gradient: expected a list of 2 arrays"):
        layer.backward(tape, y)


def test_comparisons_and_truth_are_refused() -> None:
    """They would be answers about the object, not about the numbers to come."""
    x = Input((6, 3))
    for compare in (lambda: x == 0, lambda: x != 0, lambda: [x].count(0), lambda: x == np.zeros(3)):
        with pytest.raises(TypeError, match=r"indexing of .*, got a comparison"):
            compare()
    with pytest.raises(TypeError, match="expected a truth value, got <SymbolicTensor"):
        bool(x)
    other = Input((6, 3))
    assert x == x and x != other and x != None and len({x, other, x}) == 2  # noqa: E711


@pytest.mark.parametrize(
    ("call", "function"),
    [
        (np.tanh, "tanh"),
        (np.sum, "sum"),
        (np.add.reduce, "add.reduce"),
        (lambda x: np.add(np.ones(3), x, out=np.ones(3)), "add"),
        (lambda x: np.concatenate([x, x]), "concatenate"),
        (lambda x: np.ones((3, 3)) @ x, "matmul"),
        (lambda x: np.ones(3) < x, "less"),
    ],
)
def test_numpy_on_a_symbolic_tensor_says_what_to_use(call: Any, function: str) -> None:
    text = rf"^np.{function}: .* SymbolicTensor shape=\(None, 3\).*: use a layer, .* Lambda\(.*\)$"
    with pytest.raises(TypeError, match=text.replace(" SymbolicTensor", " <SymbolicTensor")):
        call(Input((3,)))


def test_numpy_names_of_the_operators_are_the_operators() -> None:
    x = Input((2,))
    model = Model(x, np.divide(np.subtract(np.multiply(2, x), 1), np.add(x, np.ones(2))))
    assert model.predict(np.array([[1.0, 2.0]]), verbose=0).tolist() == [[0.5, 1.0]]
    assert np.shape(x) == (None, 2)


def test_an_operator_in_place_makes_another_tensor() -> None:
    x = Input((3,))
    y = x
    y += 1
    y /= 2
    np.testing.assert_array_equal(Model(x, y).predict(np.ones((2, 3)), verbose=0), np.ones((2, 3)))
    array: Any = np.ones((2, 3))
    with pytest.raises(TypeError, match="add: expected arrays"):
        array += x
