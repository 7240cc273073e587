"""Conv1DTranspose, PReLU and layers that scale; more is in golden/data/layers_of_keras.json."""

from typing import Any

import numpy as np
import pytest

from rnncore.layers import Conv1D, Conv1DTranspose, Identity, PReLU, Rescaling, UnitNormalization

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_it_gives_the_gradient_of_a_convolution(padding: str, size: int, strides: int) -> None:
    layer = Conv1DTranspose(2, size, strides, padding, use_bias=False, dtype="float64")
    x = RNG.normal(size=(3, 4, 5))
    y = layer(x)
    assert layer.compute_output_shape((None, 4, 5)) == (None, *y.shape[1:])
    assert layer.compute_output_shape((None, None, 5)) == (None, None, 2)
    conv = Conv1D(5, size, strides, padding, use_bias=False, dtype="float64")
    conv(y)
    conv.kernel.assign(layer.kernel.value)
    given, tape = conv.forward(y, training=True)
    assert given.shape == x.shape
    np.testing.assert_allclose(conv.backward(tape, x), y, atol=1e-12)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Conv1DTranspose(2, 3, dilation_rate=2, activation="tanh", dtype="float64"),
        lambda: Conv1DTranspose(2, 3, padding="same", dilation_rate=2, dtype="float64"),
        lambda: Conv1DTranspose(2, 3, 2, "same", activation="softplus", dtype="float64"),
        lambda: PReLU(dtype="float64"),
        lambda: PReLU(shared_axes=1, dtype="float64"),
        lambda: UnitNormalization(dtype="float64"),
        lambda: UnitNormalization((1, 2), dtype="float64"),
        lambda: Rescaling([1.0, 2.0, 3.0], 0.5, dtype="float64"),
        lambda: Identity(dtype="float64"),
    ],
)
def test_gradients(make: Any, check_layer: Any) -> None:
    mask = np.array([[True, True, False, True], [False] * 4])
    check_layer(make(), RNG.normal(size=(2, 4, 3)), mask)


def test_the_length_of_zeros_is_a_constant() -> None:
    layer = UnitNormalization(dtype="float64")
    x = np.zeros((1, 2))
    assert not layer(x).any()
    _, tape = layer.forward(x, training=True)
    np.testing.assert_allclose(layer.backward(tape, np.array([[1.0, -2.0]])), [[1e6, -2e6]])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Conv1DTranspose(2, 3, output_padding=1), ValueError, "output_padding: expected N"),
        (lambda: Conv1DTranspose(2, 0), ValueError, "kernel_size: expected a positive"),
        (lambda: Conv1DTranspose(2, 3, padding="causal"), ValueError, "padding: .*'causal'"),
        (lambda: Conv1DTranspose(2, 3, 2, dilation_rate=2), ValueError, "dilation_rate: expected"),
        (lambda: Conv1DTranspose(2, 3)(np.zeros((2, 3))), ValueError, "conv1d_transpose.*: x: exp"),
        (lambda: PReLU(shared_axes=[0]), ValueError, "shared_axes: expected a positive integer"),
        (lambda: PReLU(shared_axes=[3])(np.zeros((2, 3, 4))), ValueError, "from 1 to 2, got 3"),
        (lambda: PReLU().make_weights((None, None, 4)), ValueError, "whose size is not known"),
        (lambda: UnitNormalization("last"), TypeError, "axis: expected integers, got 'last'"),
        (lambda: Rescaling("a"), TypeError, "Rescaling: scale: expected numbers, got 'a'"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
