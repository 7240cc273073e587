"""SpatialDropout1D drops features of whole sequences."""

import pickle

import numpy as np
import pytest
from graphs import training_pass

from rnncore.layers import SpatialDropout1D

X = np.random.default_rng(0).uniform(0.5, 1.5, (200, 7, 30)).astype(np.float32)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_whole_features(dtype: str) -> None:
    y = SpatialDropout1D(0.25, seed=3, dtype=dtype)(X, training=True)
    assert y.dtype == dtype
    factors = y / X.astype(dtype)
    np.testing.assert_allclose(factors, factors[:, :1] * np.ones_like(factors), rtol=1e-6)
    np.testing.assert_allclose(np.unique(factors.round(4)), [0, 1.3333], atol=1e-4)
    assert abs((factors == 0).mean() - 0.25) < 0.02


def test_repeats_by_seed_and_differs_from_call_to_call() -> None:
    layer = SpatialDropout1D(0.5, seed=3)
    first = layer(X, training=True)
    np.testing.assert_array_equal(SpatialDropout1D(0.5, seed=3)(X, training=True), first)
    other = pickle.loads(pickle.dumps(layer))
    second = layer(X, training=True)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(other(X, training=True), second)


def test_inference_and_no_rate_change_nothing() -> None:
    np.testing.assert_array_equal(SpatialDropout1D(0.5)(X), X)
    np.testing.assert_array_equal(SpatialDropout1D(0.0)(X, training=True), X)
    np.testing.assert_array_equal(SpatialDropout1D(1.0)(X, training=True), np.zeros_like(X))


def test_backward_uses_the_factors_of_the_forward() -> None:
    layer = SpatialDropout1D(0.4, seed=1)
    ones = np.ones_like(X)
    y, tape = training_pass(layer, ones)
    np.testing.assert_array_equal(y, layer.backward(tape, ones))


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"SpatialDropout1D: rate|Dropout: rate: expected"):
        SpatialDropout1D(1.5)
    with pytest.raises(
        ValueError, match=r"spatial_dropout1_?d(_\d+)?: x: expected 3 axes .*\(None, 3\)"
    ):
        SpatialDropout1D(0.5)(np.zeros((2, 3)))
