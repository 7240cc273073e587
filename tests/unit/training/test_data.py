"""Batches and weights."""

import numpy as np
import pytest

from rnncore.training.batches import Batches
from rnncore.training.data import Samples, split_off_validation
from rnncore.training.weights import weights_of_classes

SAMPLES = Samples((np.arange(20.0).reshape(10, 2),), (np.arange(10),), (np.arange(10.0),))


def test_batches_in_order_are_views() -> None:
    batches = list(Batches(SAMPLES, 4))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert np.shares_memory(batches[1].x[0], SAMPLES.x[0])
    np.testing.assert_array_equal(batches[1].y[0], [4, 5, 6, 7])


def test_shuffled_batches_hold_every_sample_once() -> None:
    batches = Batches(SAMPLES, 4)
    assert len(batches) == 3
    seen = []
    for batch in batches.shuffled(np.random.default_rng(0)):
        (x,), (y,), (weight,) = batch.x, batch.y, batch.weight
        assert y is not None
        assert weight is not None
        np.testing.assert_array_equal(x[:, 0], 2 * y)
        np.testing.assert_array_equal(weight, y)
        seen.extend(y.tolist())
    assert sorted(seen) == list(range(10))
    assert seen != list(range(10))


def test_shuffled_batches_reuse_their_buffers() -> None:
    batches = Batches(SAMPLES, 5)
    rng = np.random.default_rng(0)
    addresses = {batch.x[0].ctypes.data for _ in range(2) for batch in batches.shuffled(rng)}
    assert len(addresses) == 1


def test_views_are_shuffled_without_a_copy_of_all() -> None:
    windows = np.lib.stride_tricks.sliding_window_view(np.arange(13.0), 4)
    samples = Samples((windows,), (np.arange(10),), (None,))
    for batch in Batches(samples, 3).shuffled(np.random.default_rng(0)):
        np.testing.assert_array_equal(batch.x[0][:, 0], batch.y[0])


def test_split_takes_the_end() -> None:
    train, validation = split_off_validation(SAMPLES, 0.3)
    np.testing.assert_array_equal(train.y[0], np.arange(7))
    np.testing.assert_array_equal(validation.y[0], [7, 8, 9])
    np.testing.assert_array_equal(validation.weight[0], [7, 8, 9])


@pytest.mark.parametrize(
    "y", [np.array([1, 0, 2]), np.array([[1.0], [0.0], [2.0]]), np.eye(3)[[1, 0, 2]]]
)
def test_class_weights(y: np.ndarray) -> None:
    weights = weights_of_classes(y, {0: 1.0, 1: 2.0, 2: 5.0}, np.dtype("float32"))
    np.testing.assert_array_equal(weights, np.array([2, 1, 5], np.float32))


def test_class_weights_of_sequences_are_refused() -> None:
    with pytest.raises(ValueError, match=r"class_weight: expected targets of shape .*\(2, 3, 4\)"):
        weights_of_classes(np.zeros((2, 3, 4)), {0: 1.0}, np.dtype("float32"))
