"""LayerNormalization."""

from typing import Any

import numpy as np
import pytest
from graphs import training_pass

from rnncore.layers import (
    Layer,
    LayerNormalization,
)

X = np.random.default_rng(0).standard_normal((3, 5, 4)) * 2 + 1
MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)


def names(layer: Layer) -> list[str]:
    return [weight.short_name for weight in layer.weights]


@pytest.mark.parametrize("axis", [-1, 2, 1, (1, 2), [-1, 1]])
def test_every_sample_by_itself(axis: Any) -> None:
    layer = LayerNormalization(axis, epsilon=0, dtype="float64")
    y = layer(X)
    axes = tuple(axis) if isinstance(axis, (list, tuple)) else axis
    np.testing.assert_allclose(y.mean(axis=axes), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=axes), 1)
    assert names(layer) == ["gamma", "beta"]
    assert layer.compute_mask(X, MASK) is MASK


@pytest.mark.parametrize("axis", [-1, 1, (1, 2)])
@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False}])
def test_gradients_of_layer_normalization(axis: Any, options: Any, check_layer: Any) -> None:
    check_layer(LayerNormalization(axis, **options, dtype="float64"), X, MASK)


@pytest.mark.parametrize("make", [LayerNormalization])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype(make: Any, dtype: str) -> None:
    layer = make(dtype=dtype)
    y, tape = training_pass(layer, X)
    assert y.dtype == dtype and {weight.dtype.name for weight in layer.weights} == {dtype}
    assert layer.backward(tape, np.ones_like(y)).dtype == dtype
    assert layer(np.zeros((0, 5, 4)), training=True).shape == (0, 5, 4)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: LayerNormalization("x"), TypeError, "LayerNormalization: axis: expected an int"),
        (lambda: LayerNormalization([]), TypeError, "LayerNormalization: axis: expected an int"),
        (lambda: LayerNormalization(0)(X), ValueError, "layer_normalization: axis: .* got 0"),
        (lambda: LayerNormalization([1, -2])(X), ValueError, "axis: .* got 1, -2"),
        (lambda: LayerNormalization(beta_constraint="x"), ValueError, "beta_constraint: expected"),
        (
            lambda: LayerNormalization().make_weights((None, None)),
            ValueError,
            r"x: expected known sizes of the axes \(1,\), got shape \(None, None\)",
        ),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("make", [LayerNormalization])
def test_other_sizes_than_built_for(make: Any) -> None:
    layer = make(1)
    layer(X)
    with pytest.raises(ValueError, match=r"x: expected shape \(None, 5, None\), got \(3, 4, 4\)"):
        layer(X[:, 1:])
