"""Conv1DTranspose: the gradient of a convolution."""

from typing import Any

import numpy as np
import pytest

from rnncore.layers import Conv1D, Conv1DTranspose

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
    ],
)
def test_gradients(make: Any, check_layer: Any) -> None:
    mask = np.array([[True, True, False, True], [False] * 4])
    check_layer(make(), RNG.normal(size=(2, 4, 3)), mask)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Conv1DTranspose(2, 3, output_padding=1), ValueError, "output_padding: expected N"),
        (lambda: Conv1DTranspose(2, 0), ValueError, "kernel_size: expected a positive"),
        (lambda: Conv1DTranspose(2, 3, padding="causal"), ValueError, "padding: .*'causal'"),
        (lambda: Conv1DTranspose(2, 3, 2, dilation_rate=2), ValueError, "dilation_rate: expected"),
        (lambda: Conv1DTranspose(2, 3)(np.zeros((2, 3))), ValueError, "conv1d_transpose.*: x: exp"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
