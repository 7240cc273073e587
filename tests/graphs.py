"""Small graphs that several tests of functional models share."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers import Layer


class Sum(Layer):
    """The sum of several arrays."""

    takes_several = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]

    def compute_mask(self, x: Any, mask: Any) -> Any:
        return None if mask is None else next(one for one in mask if one is not None)

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        return np.sum(x, axis=0), len(x)

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        return [dy] * tape


class Halves(Layer):
    """Two outputs: the two halves of the last axis."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        half = (*input_shape[:-1], input_shape[-1] // 2)
        return [half, half]

    def compute_mask(self, x: Any, mask: Any) -> Any:
        return [mask, mask]

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        return np.split(x, 2, axis=-1), None

    def backward(self, tape: Any, dy: Any, *, need_dx: bool = True) -> Any:
        zero = np.zeros_like(next(one for one in dy if one is not None))
        return np.concatenate([zero if one is None else one for one in dy], axis=-1)


def training_pass(layer: Layer, x: Any, **options: Any) -> tuple[Any, Any]:
    """Return the output and the tape of a forward pass in training; the layer is built first."""
    layer(x, **options)
    several = layer.takes_several
    given = [layer.convert_input(one) for one in x] if several else layer.convert_input(x)
    return layer.forward(given, training=True, **options)


def check_gradients(model: Any, x: Any, y: Any, **options: Any) -> None:
    """Compare `gradients` of a float64 model with central differences of its loss."""

    def loss() -> float:
        return float(model.evaluate(x, y, verbose=0, return_dict=True, **options)["loss"])

    for parameter, gradient in zip(
        model.trainable_weights, model.gradients(x, y, **options), strict=True
    ):
        compare(parameter.value, gradient, loss, parameter.name)


def compare(
    value: NDArray[Any], gradient: NDArray[Any], loss: Callable[[], float], name: str
) -> None:
    step, most = 1e-6, 10
    expected = gradient.copy()
    chosen = np.random.default_rng(0).permutation(value.size)[:most]
    for index in zip(*np.unravel_index(chosen, value.shape), strict=True):
        kept = value[index]
        value[index] = kept + step
        above = loss()
        value[index] = kept - step
        below = loss()
        value[index] = kept
        expected[index] = (above - below) / (2 * step)
    # The differences are off by step**2 times a third derivative and by rounding over the step.
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8, err_msg=name)
