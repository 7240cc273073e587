"""The activation layer, and layers that end in an activation."""

from typing import Any

import numpy as np
import pytest

from rnncore import Input, Model, Sequential
from rnncore.layers import (
    LSTM,
    Activation,
    Bidirectional,
    Dense,
    TimeDistributed,
)


@pytest.mark.parametrize("activation", ["tanh", "softmax", "sigmoid", "linear"])
def test_activation(activation: str, check_layer: Any) -> None:
    layer = Activation(activation, dtype="float64")
    check_layer(layer, np.random.default_rng(0).standard_normal((3, 5, 4)))


class Halves(Dense):
    """A layer that says itself what it gives."""

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> Any:
        y, tape = super().forward(x, mask=mask, training=training)
        return y / 2, tape


@pytest.mark.parametrize("wrap", [lambda layer: layer, TimeDistributed])
@pytest.mark.parametrize("symbolic", [False, True])
def test_a_loss_asks_the_forward_of_a_subclass(wrap: Any, symbolic: bool) -> None:
    x, y = np.ones((2, 3, 2)), np.ones((2, 3, 1))
    last = wrap(Halves(1, "sigmoid"))
    given = Input((3, 2))
    model = Model(given, last(given)) if symbolic else Sequential([given, last])
    model.compile("sgd", "binary_crossentropy")
    expected = -np.log(model.predict(x, verbose=0)).mean()
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), expected, rtol=1e-5)


def test_a_layer_with_its_own_forward_is_refused_where_nobody_would_call_it() -> None:
    own = {"forward": lambda self, x, **rest: x}
    with pytest.raises(TypeError, match="expected an activation, got a layer with its own forward"):
        Dense(1, activation=type("Own", (Activation,), own)("relu"))
    with pytest.raises(TypeError, match="layer: expected a layer that does not override forward"):
        Bidirectional(type("Own", (LSTM,), own)(2))
