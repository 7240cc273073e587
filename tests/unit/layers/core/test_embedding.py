"""The gradient of an embedding is exact although only rows that batches use are touched."""

import copy
from typing import Any

import numpy as np
import pytest

from rnncore import Sequential
from rnncore.initializers import Constant
from rnncore.layers import (
    Dense,
    Embedding,
    GlobalAveragePooling1D,
    Input,
)


def expected(ids: np.ndarray, dy: np.ndarray, rows: int) -> np.ndarray:
    grad = np.zeros((rows, dy.shape[-1]), dy.dtype)
    np.add.at(grad, ids, dy)
    return grad


def test_rows_of_earlier_batches_are_zero_again() -> None:
    rng = np.random.default_rng(0)
    layer = Embedding(30, 4)
    layer.make_weights((None, None))
    layer.make_weights((None, None))
    for shape in ((5, 7), (2, 3), (6, 9), (0, 3), (4, 4)):
        ids = rng.integers(0, 30, shape)
        _, tape = layer.forward(ids, training=True)
        dy = rng.normal(size=(*shape, 4)).astype(np.float32)
        layer.backward(tape, dy)
        grad = layer.embeddings.grad
        np.testing.assert_array_equal(grad, expected(ids, dy, 30))
        assert layer.embeddings.grad_rows is not None
        np.testing.assert_array_equal(layer.embeddings.grad_rows, ids)


def test_a_gradient_written_elsewhere_is_cleared() -> None:
    layer = Embedding(5, 2)
    layer.make_weights((None, None))
    dy = np.ones((1, 1, 2), np.float32)
    for row in (3, 3, 1):
        layer.embeddings.grad[...] = 7
        layer.embeddings.grad_rows = None
        _, tape = layer.forward(np.array([[row]]), training=True)
        layer.backward(tape, dy)
    np.testing.assert_array_equal(layer.embeddings.grad, expected(np.array([[1]]), dy, 5))


def test_copies_and_other_buffers_start_from_zero() -> None:
    model = Sequential([Input((2,)), Embedding(6, 3)])
    model.compile("adam", "mse")
    x, y = np.array([[1, 2], [5, 5]]), np.ones((2, 2, 3))
    model.fit(x, y, verbose=0)
    twin = copy.deepcopy(model)
    assert twin.layers[0].weights[0].grad_rows is None
    model.fit(x, y, verbose=0, shuffle=False)
    twin.fit(x, y, verbose=0, shuffle=False)
    np.testing.assert_array_equal(model.get_weights()[0], twin.get_weights()[0])


def test_ids_that_others_change_do_not_lead_the_backward_pass_astray() -> None:
    layer, ids = Embedding(3, 2), np.array([[1, 2]])
    layer(ids)
    _, tape = layer.forward(ids, training=True)
    ids[...] = 10**9
    dy = np.ones((1, 2, 2), np.float32)
    layer.backward(tape, dy)
    np.testing.assert_array_equal(layer.embeddings.grad, expected(np.array([[1, 2]]), dy, 3))


@pytest.mark.parametrize("wrong", [-1, 3, 10**9])
def test_rows_outside_the_table_are_refused_and_the_next_step_is_right(wrong: int) -> None:
    layer, ids = Embedding(3, 2), np.array([[1, 2]])
    dy = np.ones((1, 2, 2), np.float32)
    layer(ids)
    layer.backward(layer.forward(ids, training=True)[1], dy)
    _, tape = layer.forward(ids, training=True)
    layer.embeddings.grad_rows = np.array([1, wrong])
    with pytest.raises(ValueError, match=rf"cleared: expected token ids in 0\.\.2, got {wrong}"):
        layer.backward(tape, dy)
    layer.backward(layer.forward(np.array([[0, 0]]), training=True)[1], dy)
    np.testing.assert_array_equal(layer.embeddings.grad, expected(np.array([[0, 0]]), dy, 3))


VECTORS = np.random.default_rng(1).normal(size=(5, 3))


IDS = [[1, 2, 0], [4, 4, 3]]


@pytest.mark.parametrize(
    "made",
    [
        lambda: Embedding(5, 3, weights=VECTORS, dtype="float64"),
        lambda: Embedding(5, 3, weights=[VECTORS], dtype="float64"),
        lambda: Embedding(5, 3, "uniform", None, None, False, [VECTORS], dtype="float64"),
        lambda: Embedding(5, 3, weights=VECTORS.tolist(), dtype="float64"),
        lambda: Embedding(5, 3, embeddings_initializer=Constant(VECTORS), dtype="float64"),
    ],
)
def test_rows_are_the_vectors(made: Any) -> None:
    layer = made()
    np.testing.assert_array_equal(layer(IDS), VECTORS[np.array(IDS)])
    layer.embeddings.value[...] = 0
    assert VECTORS.any()  # a copy


@pytest.mark.parametrize("trainable", [True, False])
def test_frozen_vectors_stay(trainable: bool) -> None:
    model = Sequential(
        [
            Embedding(5, 3, weights=[VECTORS], trainable=trainable, input_length=3),
            GlobalAveragePooling1D(),
            Dense(1),
        ],
        dtype="float64",
    )
    model.compile("sgd", "mse")
    model.fit(IDS, [1.0, 2.0], epochs=2, verbose=0)
    table = model.layers[0].get_weights()[0]
    assert np.array_equal(table, VECTORS) != trainable


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"weights: expected .* \(5, 4\), got \(5, 3"):
        Embedding(5, 4, weights=VECTORS)
    with pytest.raises(ValueError, match=r"weights: expected an array of shape \(5, 3\), got"):
        Embedding(5, 3, weights=[VECTORS, VECTORS])
    with pytest.raises(TypeError, match="weights: expected a numeric array"):
        Embedding(5, 3, weights="pretrained")
    with pytest.raises(ValueError, match=r"Constant: value: expected .* \(5, 4\)"):
        Embedding(5, 4, embeddings_initializer=Constant(VECTORS))(IDS)


def test_embedding_adds_up_repeated_ids(check_layer: Any) -> None:
    ids = np.array([[1, 3, 1, 0], [1, 3, 3, 2]])
    check_layer(Embedding(6, 3, dtype="float64"), ids)


def test_embedding_gradient_forgets_the_batch_before() -> None:
    layer = Embedding(4, 2)
    layer.make_weights((None, None))
    for ids in ([[0, 1]], [[2, 2]]):
        y, tape = layer.forward(np.array(ids), training=True)
        layer.backward(tape, np.ones_like(y))
    np.testing.assert_array_equal(layer.weights[0].grad, [[0, 0], [0, 0], [2, 2], [0, 0]])
