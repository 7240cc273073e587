"""A check of a layer's backward pass, shared by the tests of the layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rnncore.layers import Layer
from rnncore.testing import check_gradients

Check = Callable[..., None]


def check(layer: Layer, x: Any, mask: Any = None, *, training: bool = False) -> None:
    """Compare all gradients of sum(dy * layer(x)) with finite differences, in float64.

    `x` and `mask` are lists for a layer that takes several inputs. `training` is the mode of the
    forward pass that is differentiated; it must give the same result each time.
    """
    rng = np.random.default_rng(1)
    layer(x, mask=mask)
    for weight in layer.weights:
        low = 0.3 if weight.short_name == "moving_variance" else -0.8
        weight.assign(rng.uniform(low, 0.8, weight.shape))
    several = isinstance(x, list)
    inputs: list[NDArray[Any]] = [np.array(one) for one in (x if several else [x])]
    given: Any = inputs if several else inputs[0]

    def forward(flag: bool) -> NDArray[Any]:
        y: NDArray[Any] = layer.forward(given, mask=mask, training=flag)[0]
        return y

    def backward(**options: Any) -> Any:
        _, tape = layer.forward(given, mask=mask, training=True)
        found = layer.backward(tape, dy.copy(), **options)
        return found[0] if layer.call_arguments else found

    dy = rng.standard_normal(forward(training).shape)
    got = backward()
    dxs = got if several else [got]
    trained = layer.trainable_weights
    arrays = {weight.short_name: weight.value for weight in trained}
    gradients: dict[str, Any] = {weight.short_name: weight.grad.copy() for weight in trained}
    for number, (array, dx) in enumerate(zip(inputs, dxs, strict=True)):
        if array.dtype.kind == "f":  # ids have no gradient
            arrays[f"x{number}"], gradients[f"x{number}"] = array, np.array(dx)
    # Without the input's gradient those of the weights are the same.
    backward(need_dx=False)
    for weight in trained:
        np.testing.assert_array_equal(weight.grad, gradients[weight.short_name])
    check_gradients(
        lambda: float((forward(training) * dy).sum()), arrays, gradients, max_entries=12
    )


@pytest.fixture
def check_layer() -> Check:
    return check
