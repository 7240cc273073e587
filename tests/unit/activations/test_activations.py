import copy
import pickle

import numpy as np
import pytest
from golden_data import golden

from rnncore import Input, Sequential, activations, losses
from rnncore.layers import (
    GRU,
    Activation,
    Dense,
    Flatten,
    LeakyReLU,
    LSTMCell,
    ReLU,
    SimpleRNN,
)
from rnncore.testing.gradcheck import check_gradients

FUSED = ["linear", "relu", "sigmoid", "tanh", "softmax", "hard_sigmoid"]
NUMBERS = golden("activation_functions_of_keras")
NAMES = sorted(NUMBERS["cases"])


@pytest.mark.parametrize("name", NAMES)
def test_backward_by_finite_differences(name):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 3, 5)) * 2
    dy = rng.normal(size=x.shape)
    activation = activations.get(name)
    dx = activation.backward(x if activation.from_input else activation.forward(x), dy)
    check_gradients(lambda: float(np.sum(activation.forward(x) * dy)), {"x": x}, {"x": dx})


def test_values():
    x = np.array([-4.0, -1.0, 0.0, 2.0, 5.0])
    wanted = {
        "linear": x,
        "relu": [0, 0, 0, 2, 5],
        "sigmoid": 1 / (1 + np.exp(-x)),
        "tanh": np.tanh(x),
        "softmax": np.exp(x) / np.exp(x).sum(),
        "hard_sigmoid": [0, 1 / 3, 0.5, 5 / 6, 1],
    }
    for name in FUSED:
        np.testing.assert_allclose(activations.get(name)(x), wanted[name], rtol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_values_and_gradients_are_those_of_keras(name):
    """Written by activation_functions_of_keras.py."""
    x, dy = np.array(NUMBERS["x"]), np.array(NUMBERS["dy"])
    case = NUMBERS["cases"][name]
    activation = activations.get(name)
    y = activation.forward(x)
    # Keras rounds the slope of a leaky relu and the root of 2 in a gelu to float32.
    rtol = {"leaky_relu": 1e-7, "gelu": 1e-6}.get(name, 1e-12)
    np.testing.assert_allclose(y, case["y"], rtol=rtol, atol=1e-14)
    before = np.array(y)
    dx = activation.backward(x if activation.from_input else y, dy)
    np.testing.assert_allclose(dx, case["dx"], rtol=rtol, atol=1e-13)
    np.testing.assert_array_equal(y, before)


def test_aliases():
    assert activations.get("swish") is activations.silu is activations.swish
    assert activations.get("hard_swish") is activations.hard_silu


def test_an_activation_of_the_user_gives_backward_alone():
    class Cube(activations.Activation):
        name = "cube"
        from_input = True

        def forward(self, x, out=None):
            return np.power(x, 3, out=out)

        def backward(self, y, dy):
            return 3 * y * y * dy

    out = np.empty(2)
    assert Cube().backward_into(np.array([1.0, 2.0]), np.ones(2), out) is out
    assert out.tolist() == [3, 12]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_dtype_and_out(name, dtype):
    x = np.random.default_rng(1).normal(size=(3, 4)).astype(dtype)
    activation = activations.get(name)
    y = activation.forward(x)
    assert y.dtype == dtype
    assert activation.backward(y, x).dtype == dtype
    other = np.empty_like(x)
    assert activation.forward(x, out=other) is other
    np.testing.assert_array_equal(other, y)
    in_place = x.copy()
    assert activation.forward(in_place, out=in_place) is in_place
    np.testing.assert_array_equal(in_place, y)


def test_extreme_inputs():
    x = np.array([-np.inf, -1e4, -80.0, 1e4, np.inf], "float32")
    got = activations.sigmoid(x)
    np.testing.assert_allclose(got, [0, 0, np.exp(-80.0), 1, 1], rtol=1e-6)
    assert activations.softmax(np.array([[1e4, -1e4]], "float32")).tolist() == [[1, 0]]
    assert np.isnan(activations.softmax(np.array([np.inf, 0.0]))).any()
    for name in NAMES:
        assert np.isnan(activations.get(name)(np.array([np.nan]))).all()


def test_get():
    assert activations.get(None).name == "linear"
    assert activations.get(activations.relu) is activations.relu
    for name in set(NAMES) - {"swish", "hard_swish"}:
        activation = activations.get(name)
        assert activation.name == name
        for twin in (pickle.loads(pickle.dumps(activation)), copy.deepcopy(activation)):
            assert twin.name == name
    with pytest.raises(ValueError, match=r"activation: expected one of .*relu.*; got 'rely'"):
        activations.get("rely")
    with pytest.raises(TypeError, match=r"activation: expected a name .*Activation, got 5"):
        activations.get(5)


def test_layers_name_themselves_in_errors():
    for layer in (lambda name: Dense(1, activation=name), Activation):
        with pytest.raises(ValueError, match=r"^(Dense|Activation): activation: .*; got 'sigmod'"):
            layer("sigmod")


@pytest.mark.parametrize("name", NAMES)
def test_as_functions_they_take_all_numbers(name):
    activation = activations.get(name)
    y = activation([[1, -2, 3]])
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, activation(np.array([[1, -2, 3]], "int64")))
    assert activation(np.array([1.0])).dtype == np.float64
    if "softmax" not in name:  # which needs an axis
        assert activation(1).shape == ()
    with pytest.raises(TypeError, match="x: expected a float32 or float64 array, got int64"):
        activation.forward(np.arange(3, dtype="int64"))
    with pytest.raises(TypeError, match="x: expected numbers, got dtype"):
        activation(["a"])


# Keras 3.15.1 with TensorFlow 2.21.0: keras.activations.<name>([[-3.0, 0.5, 8.0]], **arguments).
WITH_ARGUMENTS = [
    ("relu", {"max_value": 6}, [0.0, 0.5, 6.0]),
    ("relu", {"negative_slope": 0.25, "threshold": 1.0}, [-1.0, -0.125, 8.0]),
    ("leaky_relu", {"negative_slope": 0.5}, [-1.5, 0.5, 8.0]),
    ("elu", {"alpha": 2.0}, [-1.9004259109497, 0.5, 8.0]),
    ("gelu", {"approximate": True}, [-0.0036373920817729943, 0.345714009983068, 8.0]),
    ("softmax", {"axis": 0}, [1.0, 1.0, 1.0]),
    ("log_softmax", {"axis": 0}, [0.0, 0.0, 0.0]),
]


@pytest.mark.parametrize(("name", "arguments", "wanted"), WITH_ARGUMENTS)
def test_functions_have_the_arguments_of_keras(name, arguments, wanted):
    found = getattr(activations, name)(np.array([[-3.0, 0.5, 8.0]]), **arguments)
    np.testing.assert_allclose(found, [wanted], rtol=1e-6, atol=1e-9)


def test_the_approximate_gelu_by_finite_differences():
    x, dy = np.random.default_rng(0).normal(size=(2, 4, 5))
    activation = activations.gelu.variant(approximate=True)
    dx = activation.backward(x, dy)
    check_gradients(lambda: float(np.sum(activation.forward(x) * dy)), {"x": x}, {"x": dx})


@pytest.mark.parametrize("name", FUSED)
def test_a_copy_of_a_layer_takes_the_same_path_to_the_same_bits(name):
    layer = Dense(7, activation=name)
    x = np.random.default_rng(0).normal(size=(9, 5)).astype("float32")
    y = layer(x)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert twin.activation.kernel == name
        np.testing.assert_array_equal(twin(x), y)


def test_a_layer_may_be_the_activation_of_another() -> None:
    layer = Dense(2, activation=LeakyReLU(0.25), kernel_initializer="ones")
    assert layer(np.array([[-4.0]])).tolist() == [[-1.0, -1.0]]
    again = Dense.from_config(layer.get_config())
    assert again.activation.forward(np.array([-4.0])) == -1.0
    with pytest.raises(TypeError, match=r"activation: expected a name .*Activation, got <Flat"):
        activations.get(Flatten())


def test_names_as_of_functions() -> None:
    assert activations.get("tanh").__name__ == "tanh"
    assert [Dense(1, kind).activation.__name__ for kind in (None, "relu")] == ["linear", "relu"]


class Tripled(activations.Activation):
    """``y = 3 x`` under the name of something else."""

    def __init__(self, name: str = "relu") -> None:
        self.name = name

    def forward(self, x, out=None):
        return np.multiply(x, 3, out=out)

    def backward(self, y, dy):
        return 3 * dy


@pytest.mark.parametrize(
    "impostor",
    [ReLU(6.0), ReLU(negative_slope=0.5), ReLU(threshold=1.0), Tripled(), Tripled("tanh")],
)
@pytest.mark.parametrize(
    "make",
    [
        lambda a: SimpleRNN(2, activation=a),
        lambda a: GRU(2, recurrent_activation=a),
        lambda a: LSTMCell(2, activation=a),
    ],
)
def test_a_recurrent_layer_refuses_what_only_bears_the_name_of_a_kernel(impostor, make) -> None:
    with pytest.raises(ValueError, match="activation: expected one of"):
        make(impostor)


@pytest.mark.parametrize(
    ("name", "loss", "target"),
    [
        ("sigmoid", "binary_crossentropy", [[0.0, 1.0]]),
        ("softmax", "categorical_crossentropy", [[0.0, 1.0]]),
        ("softmax", "sparse_categorical_crossentropy", [1]),
    ],
)
@pytest.mark.parametrize("layered", [False, True])
def test_a_loss_leaves_alone_what_only_bears_the_name_of_its_activation(
    name, loss, target, layered
) -> None:
    last = [Dense(2, "linear"), Activation(Tripled(name))] if layered else [Dense(2, Tripled(name))]
    model = Sequential([Input((2,)), *last])
    model.set_weights([np.eye(2), np.zeros(2)])
    model.compile("sgd", loss, metrics=["mae"] if loss[0] == "b" else None)
    x, y = np.array([[0.1, 0.2]]), np.array(target)
    prediction = model.predict(x, verbose=0)
    np.testing.assert_allclose(prediction, 3 * x, rtol=1e-6)
    found = model.evaluate(x, y, verbose=0)
    np.testing.assert_allclose(np.ravel(found)[0], losses.get(loss)(y, prediction), rtol=1e-5)
