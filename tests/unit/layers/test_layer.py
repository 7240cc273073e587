"""The protocol of a layer: its weights are made once, whoever asks for them."""

from typing import Any

import numpy as np
import pytest

from rnncore import Input, Model, Sequential, layers
from rnncore.layers import Layer

STEPS = (None, 2, 3)
BUILT = {
    "Dense": (lambda: layers.Dense(4), STEPS),
    "Conv1D": (lambda: layers.Conv1D(4, 2), STEPS),
    "Conv1DTranspose": (lambda: layers.Conv1DTranspose(4, 2), STEPS),
    "Conv2D": (lambda: layers.Conv2D(4, 2), (None, 2, 2, 3)),
    "Embedding": (lambda: layers.Embedding(5, 4), (None, 2)),
    "BatchNormalization": (layers.BatchNormalization, STEPS),
    "LayerNormalization": (layers.LayerNormalization, STEPS),
    "PReLU": (layers.PReLU, STEPS),
    "GRU": (lambda: layers.GRU(4), STEPS),
    "RNN": (lambda: layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)]), STEPS),
    "own cell": (lambda: layers.RNN(OwnCell()), STEPS),
    "Bidirectional": (lambda: layers.Bidirectional(layers.LSTM(4)), STEPS),
    "TimeDistributed": (lambda: layers.TimeDistributed(layers.Dense(4)), STEPS),
    "model inside": (lambda: layers.TimeDistributed(Sequential([layers.Dense(4)])), STEPS),
    "own layer": (lambda: Scaled(), STEPS),
}


class OwnCell(layers.AbstractRNNCell):
    state_size = 3

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1], 3), "ones")

    def call(self, inputs: Any, states: Any) -> Any:
        return inputs @ self.kernel.value, [states[0] + 1]


class Scaled(Layer):
    """A layer as programs for Keras write it: weights in the constructor and in two builds."""

    fixed_axes = (-1,)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.offset = self.add_weight("offset", (), "ones")

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight("scale", (input_shape[-1],), "glorot_uniform")
        super().build(input_shape)
        self.built = True

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> Any:
        return x * self.scale.value + self.offset.value

    def backward(self, tape: Any, dy: Any, *, need_dx: bool = True) -> Any:
        return dy * self.scale.value


def example(shape: tuple[int | None, ...]) -> Any:
    return np.arange(np.prod([n or 1 for n in shape])).reshape([n or 1 for n in shape]) % 5


@pytest.mark.parametrize("name", BUILT)
def test_a_layer_that_was_built_keeps_its_weights(name: str) -> None:
    make, shape = BUILT[name]
    layer = make()
    layer.build(shape)
    assert layer.built
    known = list(layer.weights)
    layer.set_weights([np.full_like(w, 0.5) for w in layer.get_weights()])
    layer.build(shape)
    layer(example(shape))
    x = Input(shape[1:])
    Model(x, layer(x)).predict(example(shape), verbose=0)
    assert known
    assert [id(w) for w in layer.weights] == [id(w) for w in known]
    assert all((w == 0.5).all() for w in layer.get_weights())


@pytest.mark.parametrize("cell", [lambda: layers.GRUCell(4), OwnCell])
def test_a_cell_that_was_built_keeps_its_weights(cell: Any) -> None:
    made = cell()
    made.build((None, 3))
    made.set_weights([0 * w for w in made.get_weights()])
    made.build((None, 3))
    made(np.ones((1, 3)), made.get_initial_state(1))
    layer = layers.RNN(made)
    layer(np.ones((1, 2, 3)))
    assert not any(w.any() for w in layer.get_weights())


def test_a_layer_that_was_built_keeps_its_weights_in_a_sequential() -> None:
    layer = layers.Dense(2)
    layer.build((None, 3))
    layer.set_weights([np.ones((3, 2)), np.zeros(2)])
    model = Sequential([layer])
    model.build((None, 3))
    model.build((None, 3))
    assert model.predict(np.ones((1, 3)), verbose=0).tolist() == [[3.0, 3.0]]


def test_the_zeros_that_a_layer_was_given_are_what_it_computes_with() -> None:
    layer = layers.GRU(4)
    layer.build((None, 2, 3))
    layer.set_weights([0 * w for w in layer.get_weights()])
    assert not layer(np.ones((1, 2, 3), "f")).any()
    assert len(layer.weights) == 3


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Dense", (None, 2, 4)),
        ("GRU", (None, 2, 4)),
        ("RNN", (None, 2, 4)),
        ("Bidirectional", (None, 2, 4)),
        ("TimeDistributed", (None, 2, 4)),
        ("model inside", (None, 2, 4)),
        ("LayerNormalization", (None, 2, 4)),
        ("PReLU", (None, 4, 3)),
        ("Embedding", (None, 2, 2)),
        ("own layer", (None, 2, 4)),
    ],
)
def test_weights_for_one_shape_are_not_made_for_another(name: str, other: Any) -> None:
    make, shape = BUILT[name]
    layer = make()
    layer.build(shape)
    before = layer.get_weights()
    for use in (layer.build, lambda other: layer(example(other))):
        with pytest.raises(ValueError, match=r"x: expected shape .*, got \("):
            use(other)
    assert all((a == b).all() for a, b in zip(before, layer.get_weights(), strict=True))


@pytest.mark.parametrize("shape", [None, 3, "abc", (), (None, "a"), (None, -1), (None, 2.0)])
def test_what_is_no_shape_is_refused(shape: Any) -> None:
    layer = layers.Dense(2, name="head")
    with pytest.raises((TypeError, ValueError), match="head: input_shape"):
        layer.build(shape)
    assert not layer.weights


def test_several_shapes_are_for_a_layer_that_takes_several() -> None:
    layer = layers.Concatenate()
    with pytest.raises((TypeError, ValueError), match="input_shape"):
        layer.build((None, 2))
    layer.build([(None, 2), (None, 3)])
    with pytest.raises(TypeError, match=r"input_shape\[0\]"):
        layers.Dense(2).build([(None, 2), (None, 3)])


def test_a_build_that_fails_leaves_alone_what_was_there_before() -> None:
    inner = layers.Dense(2)
    inner.build((None, 3))
    outer = layers.TimeDistributed(inner)
    before = list(inner.weights)
    with pytest.raises(ValueError, match="expected shape"):
        outer(np.ones((1, 2, 4)))
    assert inner.weights == before
    assert inner.built
    own = Scaled()
    with pytest.raises((TypeError, ValueError)):
        own.build((None, None))
    own.build((None, 3))
    assert [w.short_name for w in own.weights] == ["offset", "scale"]


def test_a_sequential_that_fails_takes_another_shape_afterwards() -> None:
    model = Sequential([layers.Dense(2), layers.GRU(2)])
    outer = layers.TimeDistributed(model)
    for use in (lambda: model.build((None, 4)), lambda: outer(np.ones((2, 3, 4)))):
        with pytest.raises(ValueError, match="expected 3 axes"):
            use()
    assert outer(np.ones((2, 3, 5, 6))).shape == (2, 3, 2)


class WithCall(Layer):
    def call(self, x: Any) -> Any:
        return x


class WithoutForward(WithCall):
    def backward(self, tape: Any, dy: Any, *, need_dx: bool = True) -> Any:
        return dy

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class CellWithNothing(layers.AbstractRNNCell):
    state_size = 2


@pytest.mark.parametrize(
    ("cls", "text"),
    [
        (Layer, "Layer: .* own forward, backward, compute_output_shape;"),
        (WithCall, "WithCall: .* own forward, backward, compute_output_shape;"),
        (WithoutForward, "WithoutForward: .* own forward;"),
        (CellWithNothing, "CellWithNothing: .* defines forward and backward, or only `call`"),
    ],
)
def test_a_layer_that_cannot_compute_is_not_made(cls: type[Layer], text: str) -> None:
    with pytest.raises(NotImplementedError, match=text):
        cls()


def test_a_layer_without_a_backward_predicts_and_says_so_in_training() -> None:
    class Negative(Layer):
        def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> Any:
            return -x

    model = Sequential([Input((2,)), layers.Dense(2), Negative()])
    model.compile("sgd", "mse")
    x = np.ones((1, 2))
    assert model.predict(x, verbose=0).shape == (1, 2)
    with pytest.raises(NotImplementedError, match="Negative: expected a method backward"):
        model.fit(x, x, verbose=0)


def test_an_own_layer_that_needs_no_tape_may_return_the_output_alone() -> None:
    class Twice(Layer):
        def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> Any:
            return 2 * x

        def backward(self, tape: Any, dy: Any, *, need_dx: bool = True) -> Any:
            assert tape is None
            return 2 * dy

    model = Sequential([Input((2,)), layers.Dense(1, use_bias=False), Twice()])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 2)), np.ones((4, 1))
    error = 1 - model.predict(x, verbose=0)[0, 0]
    (gradient,) = model.gradients(x, y)
    np.testing.assert_allclose(gradient, -4 * error, rtol=1e-5)


@pytest.mark.parametrize(
    ("method", "text"),
    [
        (lambda self, dy, *, need_dx=True: dy, r"Own: backward: expected .* \(self, tape, dy"),
        (lambda self, tape, dy: dy, r"Own: backward: expected .* \(self, tape, dy, \*, need_dx"),
        (lambda self, x: x, r"Own: forward: expected .* mask=None, .* got \(self, x\)"),
    ],
)
def test_a_method_that_a_graph_cannot_call_is_refused_at_once(method: Any, text: str) -> None:
    name = "forward" if "forward" in text else "backward"
    with pytest.raises(TypeError, match=text):
        type("Own", (layers.Identity,), {name: method})()


class Scaling:
    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> Any:
        return 2 * x

    def backward(self, tape: Any, dy: Any, *, need_dx: bool = True) -> Any:
        return 2 * dy


def test_a_backward_that_returns_nothing_is_refused() -> None:
    own = type("Own", (Scaling, Layer), {"backward": lambda self, tape, dy, *, need_dx=True: None})
    model = Sequential([Input((2,)), layers.Dense(2), own()])
    model.compile("sgd", "mse")
    x = np.ones((1, 2))
    with pytest.raises(ValueError, match=r"own.*: backward: expected the gradient of x, got None"):
        model.fit(x, x, verbose=0)
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    model.fit(x, x, verbose=0)


def test_forward_may_come_from_a_class_that_is_no_layer() -> None:
    own = type("Own", (Scaling, Layer), {})()
    model = Sequential([Input((2,)), layers.Dense(2), own])
    model.compile("sgd", "mse")
    x = np.ones((1, 2), np.float32)
    np.testing.assert_array_equal(model.predict(x, verbose=0), 2 * model.layers[0](x))
    model.fit(x, x, verbose=0)


@pytest.mark.parametrize(
    ("forward", "text"),
    [
        (lambda self, x, *, mask=None, training=False: x[:, :1], r"outputs of shape \(3, 2\), as"),
        (lambda self, x, *, mask=None, training=False: (x, x), r"a list of outputs .* ndarray of"),
    ],
)
def test_an_output_that_is_not_as_declared_is_named_by_its_layer(forward: Any, text: str) -> None:
    several = "list" in text
    methods = {"compute_output_shape": lambda self, shape: [shape, shape] if several else shape}
    own = type("Own", (Layer,), {"forward": forward, **methods})()
    x = Input((2,))
    model = Model(x, own(x))
    for call in (own, model):
        with pytest.raises(ValueError, match=rf"own.*: forward: expected {text}"):
            call(np.ones((3, 2)))
