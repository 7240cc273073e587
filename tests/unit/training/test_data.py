"""Batches and weights."""

from typing import Any

import numpy as np
import pytest

from rnncore.layers import Dense
from rnncore.models import Sequential
from rnncore.training.batches import Batches
from rnncore.training.data import Samples, split_off_validation, weights_of_classes
from rnncore.training.ragged import Ragged, array_or_ragged

SAMPLES = Samples((np.arange(20.0).reshape(10, 2),), (np.arange(10),), (np.arange(10.0),))


def test_batches_in_order_are_views() -> None:
    batches = list(Batches(SAMPLES, 4).batches())
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert np.shares_memory(batches[1].x[0], SAMPLES.x[0])
    np.testing.assert_array_equal(batches[1].y[0], [4, 5, 6, 7])


def test_shuffled_batches_hold_every_sample_once() -> None:
    batches = Batches(SAMPLES, 4)
    assert batches.steps == 3
    seen = []
    for batch in batches.batches(np.random.default_rng(0)):
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
    addresses = {batch.x[0].ctypes.data for _ in range(2) for batch in batches.batches(rng)}
    assert len(addresses) == 1


def test_views_are_shuffled_without_a_copy_of_all() -> None:
    windows = np.lib.stride_tricks.sliding_window_view(np.arange(13.0), 4)
    samples = Samples((windows,), (np.arange(10),), (None,))
    for batch in Batches(samples, 3).batches(np.random.default_rng(0)):
        np.testing.assert_array_equal(batch.x[0][:, 0], batch.y[0])


def test_split_takes_the_end() -> None:
    train, validation = split_off_validation(SAMPLES, 0.3)
    np.testing.assert_array_equal(train.y[0], np.arange(7))
    np.testing.assert_array_equal(validation.y[0], [7, 8, 9])
    np.testing.assert_array_equal(validation.weight[0], [7, 8, 9])


STEPS = np.array([[1, 0, 2], [2, 2, 0]])


@pytest.mark.parametrize(
    ("y", "shape"),
    [
        (STEPS[0], (3, 3)),
        (STEPS[0][:, None].astype(float), (3, 3)),
        (np.eye(3)[STEPS[0]], (3, 3)),
        (STEPS[0], (3, 1)),
        (STEPS, (2, 3, 3)),
        (STEPS[..., None], (2, None, 3)),
        (np.eye(3)[STEPS], (2, 3, 3)),
        (STEPS[..., None], (2, 3, 1)),
    ],
)
def test_class_weights(y: np.ndarray, shape: tuple[int | None, ...]) -> None:
    by_class = {0: 1.0, np.int64(1): 2.0, 2.0: 5.0}
    weights = weights_of_classes("y", y, by_class, shape, np.dtype("float32"))
    labels = STEPS[0] if len(shape) == 2 else STEPS
    np.testing.assert_array_equal(weights, np.array([1, 2, 5], np.float32)[labels], strict=True)


@pytest.mark.parametrize(
    ("y", "shape", "by_class", "message"),
    [
        (STEPS, (2, 3, 3), {"0": 10.0}, "class_weight: expected class numbers from 0 to 2 .*'0'"),
        (STEPS, (2, 3, 3), {7: 1.0}, "class_weight: expected class numbers from 0 to 2 .*got 7"),
        (STEPS, (2, 3, 3), {0.5: 1.0}, "class_weight: expected class numbers from .* got 0.5"),
        (STEPS % 2, (2, 3, 1), {2: 1.0}, "class_weight: expected class numbers from 0 to 1 .* 2"),
        (STEPS[0], (3, 4, 3), {0: 1.0}, r"expected y to hold class .* got shape \(3,\)"),
        (np.array([[1, 1, 0]]), (1, 3), {0: 1.0}, r"one class in each row, got \[1 1 0\]"),
        (np.array([[0.5, 0.5]]), (1, 2), {0: 1.0}, "one class in each row"),
        (np.array([[2.0, 3.0]]), (1, 2), {0: 1.0}, "one class in each row"),
    ],
)
def test_class_weights_without_a_meaning_are_refused(
    y: np.ndarray, shape: tuple[int, ...], by_class: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        weights_of_classes("y", y, by_class, shape, np.dtype("float32"), binary=True)


def test_class_weights_of_targets_of_a_hinge() -> None:
    y, shape = np.array([[-1.0], [1.0]]), (2, 1)

    def found(rows: np.ndarray, by_class: Any, hinge: bool) -> Any:
        return weights_of_classes("y", rows, by_class, shape, np.dtype("float32"), hinge=hinge)

    np.testing.assert_array_equal(found(y, {-1: 2.0, 1: 5.0}, True), [2, 5])
    np.testing.assert_array_equal(found(y > 0, {0: 2.0, 1: 5.0}, True), [2, 5])
    np.testing.assert_array_equal(found(y, {0: 2.0, 1: 5.0}, False), [1, 5])
    with pytest.raises(ValueError, match="expected 0 and 1, as in y, as keys, got -1"):
        found(y > 0, {-1: 2.0, 1: 5.0}, True)
    for rows in (y, y[:1]):
        with pytest.raises(ValueError, match="expected -1 and 1, as in y, as keys, got 0"):
            found(rows, {0: 2.0, 1: 5.0}, True)
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile(loss="squared_hinge")
    with pytest.raises(ValueError, match="expected -1 and 1, as in y, as keys, got 0"):
        model.fit(np.ones((2, 2)), y, class_weight={0: 2.0, 1: 5.0}, verbose=0)


def test_class_weights_of_sequences_of_different_lengths() -> None:
    rows = [[1, 0, 2], [2]]
    one_hot = [np.eye(3)[row] for row in rows]
    for given in (rows, one_hot):
        y = array_or_ragged("y", given)
        by_class = {1: 2.0, 2: 5.0}
        found = weights_of_classes("y", y, by_class, (2, None, 3), np.dtype("float64"))
        assert isinstance(found, Ragged)
        np.testing.assert_array_equal(found.values, [2, 1, 5, 5, 0])
