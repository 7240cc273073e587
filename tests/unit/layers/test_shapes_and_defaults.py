"""Shapes, weight order, numbers of parameters and defaults are those of Keras."""

from typing import Any

import numpy as np
import pytest

from rnncore.layers import (
    GRU,
    LSTM,
    Activation,
    Dense,
    Dropout,
    Embedding,
    Input,
    Layer,
    Masking,
    SimpleRNN,
)

X = np.random.default_rng(0).standard_normal((2, 5, 3))


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [
        (SimpleRNN(4), [(3, 4), (4, 4), (4,)]),
        (LSTM(4), [(3, 16), (4, 16), (16,)]),
        (GRU(4), [(3, 12), (4, 12), (2, 12)]),
        (GRU(4, reset_after=False), [(3, 12), (4, 12), (12,)]),
        (Dense(4), [(3, 4), (4,)]),
        (Dropout(0.5), []),
    ],
)
def test_weight_shapes(layer: Layer, shapes: list[tuple[int, ...]]) -> None:
    layer(X)
    assert [weight.shape for weight in layer.get_weights()] == shapes
    assert layer.count_params() == sum(int(np.prod(shape)) for shape in shapes)
    assert all(weight.dtype == np.float32 for weight in layer.get_weights())


def test_keras_numbers_of_parameters() -> None:
    # Known from the documentation of Keras: units * (units + features + 1) for each gate.
    for layer, count in [(LSTM(100), 53200), (GRU(100), 40200), (SimpleRNN(100), 13300)]:
        layer(np.zeros((1, 2, 32)))
        assert layer.count_params() == count


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (LSTM(4), (2, 4)),
        (LSTM(4, return_sequences=True), (2, 5, 4)),
        (GRU(4, return_sequences=True, go_backwards=True), (2, 5, 4)),
        (Dense(7), (2, 5, 7)),
        (Activation("tanh"), (2, 5, 3)),
        (Masking(), (2, 5, 3)),
    ],
)
def test_output_shape(layer: Layer, shape: tuple[int, ...]) -> None:
    assert layer(X).shape == shape
    assert layer.output_shape == (None, *shape[1:])
    assert layer(X).dtype == np.float32


def test_unit_forget_bias() -> None:
    layer = LSTM(2)
    layer(X)
    np.testing.assert_array_equal(layer.get_weights()[2], [0, 0, 1, 1, 0, 0, 0, 0])
    plain = LSTM(2, unit_forget_bias=False)
    plain(X)
    np.testing.assert_array_equal(plain.get_weights()[2], np.zeros(8))


def test_initializers_of_the_kernels() -> None:
    layer = LSTM(6)
    layer(np.zeros((1, 1, 10)))
    kernel, recurrent_kernel, _ = layer.get_weights()
    limit = np.sqrt(6 / (10 + 24))
    assert 0.9 * limit < np.abs(kernel).max() <= limit
    np.testing.assert_allclose(recurrent_kernel @ recurrent_kernel.T, np.eye(6), atol=1e-5)


def test_go_backwards_gives_the_steps_in_processing_order() -> None:
    forwards = LSTM(4, return_sequences=True)
    forwards(X)
    backwards = LSTM(4, return_sequences=True, go_backwards=True)
    backwards(X)
    backwards.set_weights(forwards.get_weights())
    np.testing.assert_array_equal(backwards(X), forwards(X[:, ::-1]))
    last = LSTM(4, go_backwards=True)
    last(X)
    last.set_weights(forwards.get_weights())
    np.testing.assert_array_equal(last(X), backwards(X)[:, -1])


def test_masked_steps_repeat_the_output() -> None:
    layer = GRU(4, return_sequences=True)
    mask = np.array([[False, True, True, False, True], [True] * 5])
    y = layer(X, mask=mask)
    np.testing.assert_array_equal(y[0, 0], np.zeros(4))
    np.testing.assert_array_equal(y[0, 3], y[0, 2])
    np.testing.assert_array_equal(y[0, mask[0]], layer(X[:1, mask[0]])[0])


def test_full_mask_equals_no_mask() -> None:
    layer = LSTM(4)
    np.testing.assert_array_equal(layer(X, mask=np.ones((2, 5), dtype=bool)), layer(X))


def test_mask_propagation() -> None:
    ids = np.array([[1, 2, 0]])
    mask = Embedding(5, 2, mask_zero=True).compute_mask(ids, None)
    np.testing.assert_array_equal(mask, [[True, True, False]])
    assert Embedding(5, 2).compute_mask(ids, None) is None
    assert LSTM(2).compute_mask(X, mask) is None
    for layer in (LSTM(2, return_sequences=True), Dense(2), Dropout(0.1), Activation("relu")):
        assert layer.compute_mask(X, mask) is mask


def test_masks_may_be_asked_for_as_in_keras() -> None:
    """With lists, and without a mask that comes along."""
    assert Embedding(5, 2, mask_zero=True).compute_mask([[1, 0]]).tolist() == [[True, False]]
    assert Masking().compute_mask([[[0.0], [2.0]]]).tolist() == [[False, True]]


def test_masking_finds_padding() -> None:
    x = np.array([[[1.0, 0.1], [0.1, 0.1]], [[np.nan, 0.1], [np.nan, np.nan]]], np.float32)
    np.testing.assert_array_equal(Masking(0.1).compute_mask(x, None), [[True, False], [True, True]])
    np.testing.assert_array_equal(
        Masking(np.nan).compute_mask(x, None), [[True, True], [True, False]]
    )
    np.testing.assert_array_equal(Masking(np.nan)(x)[1, 1], [0, 0])


def test_dropout_keeps_the_expected_value_and_repeats_by_seed() -> None:
    x = np.ones((400, 50), np.float32)
    y = Dropout(0.25, seed=3)(x, training=True)
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs(y.mean() - 1) < 0.02
    np.testing.assert_array_equal(Dropout(0.25, seed=3)(x, training=True), y)
    np.testing.assert_array_equal(Dropout(0.25)(x), x)
    np.testing.assert_array_equal(Dropout(1.0)(x, training=True), np.zeros_like(x))
    np.testing.assert_array_equal(Dropout(0.0)(x, training=True), x)


def test_embedding_looks_up_rows() -> None:
    layer = Embedding(5, 3)
    y = layer([[4, 0], [1, 1]])
    table = layer.get_weights()[0]
    np.testing.assert_array_equal(y, table[[[4, 0], [1, 1]]])
    np.testing.assert_array_equal(layer(np.array([[4.0, 0.0], [1.0, 1.0]])), y)
    assert np.abs(table).max() <= 0.05


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (LSTM(2, input_shape=(10, 3)), (10, 3)),
        (LSTM(2, input_shape=[None, 3]), (None, 3)),
        (LSTM(2, input_dim=3, input_length=10), (10, 3)),
        (Dense(2, input_dim=3), (3,)),
        (Dense(2, input_shape=[3]), (3,)),
        (LSTM(2, batch_input_shape=(None, 10, 3)), (10, 3)),
        (Embedding(5, 2, input_length=7), (7,)),
        (Embedding(5, 2, input_shape=(None,)), (None,)),
        (Input(shape=(10, 3)), (10, 3)),
        (Input(batch_shape=(None, 10, 3), dtype="int32"), (10, 3)),
    ],
)
def test_declared_input_shape(layer: Any, shape: Any) -> None:
    assert layer.declared_input_shape == shape


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype(dtype: str) -> None:
    layer = LSTM(3, dtype=dtype)
    assert layer(X).dtype == dtype
    assert layer.get_weights()[0].dtype == dtype


def test_names() -> None:
    names = [layer.name for layer in (SimpleRNN(1), LSTM(1), GRU(1), Dense(1), Dropout(0.1))]
    assert names == ["simple_rnn", "lstm", "gru", "dense", "dropout"]
    assert LSTM(1, name="encoder").name == "encoder"
