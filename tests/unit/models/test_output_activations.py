"""What a cross-entropy of a compiled model makes of the activation of the output."""

import numpy as np
import pytest

from rnncore import Sequential, losses
from rnncore.layers import Activation, Dense, Input

RNG = np.random.default_rng(0)
X = RNG.normal(size=(8, 3))
KERNEL = RNG.normal(size=(3, 4))
LABELS = RNG.integers(0, 4, 8)


def compiled(activation: str, loss: str) -> Sequential:
    model = Sequential([Input((3,)), Dense(4), Activation(activation)])
    model.layers[0].set_weights([KERNEL, np.zeros(4)])
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize(
    ("activation", "loss"),
    [
        ("sigmoid", "categorical_crossentropy"),
        ("sigmoid", "sparse_categorical_crossentropy"),
        ("softmax", "binary_crossentropy"),
    ],
)
def test_a_cross_entropy_goes_on_from_the_logits_of_either(activation: str, loss: str) -> None:
    # As Keras does: the predictions are those of the activation, the loss is not that of them.
    y = LABELS if loss.startswith("sparse") else np.eye(4)[LABELS]
    other, own = compiled(activation, loss), losses.get(loss)
    usual = compiled(own.fuses or "", loss)
    assert other.evaluate(X, y, verbose=0) == usual.evaluate(X, y, verbose=0)
    for model in (other, usual):
        model.fit(X, y, verbose=0)
    np.testing.assert_array_equal(other.get_weights()[0], usual.get_weights()[0])
    assert own(y, other.predict(X, verbose=0)) != pytest.approx(other.evaluate(X, y, verbose=0))
