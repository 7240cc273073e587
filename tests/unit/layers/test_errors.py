"""Errors name the argument, what was expected and what came."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rnncore import Sequential
from rnncore.layers import (
    GRU,
    LSTM,
    Activation,
    Dense,
    Dropout,
    Embedding,
    GRUCell,
    Input,
    Layer,
    LSTMCell,
    Masking,
    SimpleRNN,
    SimpleRNNCell,
)

X = np.zeros((2, 5, 3))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: LSTM(0), ValueError, "LSTM: units: expected a positive integer, got 0"),
        (lambda: LSTM(2.5), TypeError, "LSTM: units: expected a positive integer, got 2.5"),
        (lambda: LSTM(True), TypeError, "LSTM: units: .* got True"),
        (lambda: LSTM(2, activation="elu"), ValueError, "activation: .* tanh, .* got 'elu'"),
        (lambda: GRU(2, recurrent_activation="elu"), ValueError, "recurrent_activation: .*sigm"),
        (lambda: SimpleRNN(2, activation="selu"), ValueError, "tanh, relu, sigmoid, linear"),
        (lambda: LSTM(2, dropout=1), ValueError, r"LSTM: dropout: expected .* number .* got 1"),
        (lambda: GRU(2, recurrent_dropout="0.2"), TypeError, "recurrent_dropout: .* got '0.2'"),
        (lambda: SimpleRNN(2, seed=-1), ValueError, "seed: expected an integer .* got -1"),
        (lambda: LSTM(2, stateful=1), TypeError, "stateful: expected True or False"),
        (lambda: GRU(2, return_state=None), TypeError, "return_state: expected True or False"),
        (lambda: LSTM(2, kernel_regularizer="l3"), ValueError, "kernel_regularizer: .* one of"),
        (lambda: LSTM(2, colour="red"), TypeError, "arguments units, .*name.*, got 'colour'"),
        (lambda: LSTM(2, unit=3), TypeError, "LSTM: expected .* 'unit'; did you mean 'units'?"),
        (lambda: Dense(2, unroll=True), TypeError, "Dense: expected .*, got 'unroll'"),
        (lambda: Dropout(0.1, foo=1), TypeError, "Dropout: .* rate, noise_shape, .*got 'foo'"),
        (lambda: LSTM(2, return_sequences="no"), TypeError, "return_sequences: expected True or"),
        (lambda: LSTM(2, dtype="float16"), ValueError, "dtype: expected one of float32, float64"),
        (lambda: LSTM(2, dtype="no"), TypeError, "dtype: expected one of float32, float64"),
        (lambda: LSTM(2, name=""), TypeError, "name: expected a non-empty string"),
        (lambda: LSTM(2, input_shape=(0, 3)), ValueError, r"input_shape\[0\]: expected a positive"),
        (lambda: LSTM(2, input_shape="ab"), TypeError, "input_shape: expected a tuple"),
        (lambda: LSTM(2, input_shape=(4, 3), input_dim=3), ValueError, "one of input_shape"),
        (lambda: LSTM(2, input_length=3), ValueError, "input_length: .* with input_dim"),
        (lambda: LSTM(2, batch_input_shape=(0, 4, 3)), ValueError, "batch_input_shape"),
        (lambda: Dense(2, activation="swoosh"), ValueError, "expected one of .*got 'swoosh'"),
        (lambda: Activation("nope"), ValueError, "expected one of .*got 'nope'"),
        (lambda: Dropout(1.5), ValueError, "Dropout: rate: expected a finite number >= 0 and <= 1"),
        (
            lambda: Dropout(np.nan),
            ValueError,
            "Dropout: rate: expected a finite number >= 0 and <= 1, got n",
        ),
        (lambda: Dropout(np.complex64(1)), TypeError, "Dropout: rate: expected a finite number"),
        (lambda: Dropout(0.1, seed=-1), ValueError, "Dropout: seed: expected an integer >= 0"),
        (lambda: Masking(np.complex64(1)), TypeError, "mask_value: expected a number"),
        (lambda: Dropout("a"), TypeError, "Dropout: rate: expected a finite number"),
        (
            lambda: Dropout(0.1, noise_shape=(0,)),
            ValueError,
            r"noise_shape\[0\]: expected a positive",
        ),
        (lambda: Dropout(0.1, seed="a"), TypeError, "seed: expected an integer"),
        (lambda: Masking("0"), TypeError, "mask_value: expected a number"),
        (lambda: Embedding(0, 2), ValueError, "input_dim: expected a positive integer"),
        (lambda: Embedding(5, 2, input_length=3, input_shape=(3,)), ValueError, "got both"),
        (lambda: Input(5), TypeError, r"Input: shape: expected a tuple such as .*, got 5"),
        (lambda: Dense(2, input_shape=5), TypeError, "Dense: input_shape: .* a tuple .*got 5"),
        (lambda: Dense(2, dtype=">f4"), ValueError, "dtype: expected native byte order, got '>f4"),
        (lambda: Input(), ValueError, "expected one of shape and batch_shape"),
        (lambda: Input((3,), batch_size=0), ValueError, "batch_size: expected a positive integer"),
        (lambda: Input(batch_size=4, batch_shape=(4, 3)), ValueError, "batch_size: expected None"),
        (lambda: Input((3,), dtype="nope"), TypeError, "Input: dtype: expected a numeric .*'nope'"),
        (lambda: Input((3,), dtype="str"), ValueError, "dtype: expected a numeric"),
    ],
)
def test_arguments(make: Callable[[], Layer], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_arguments_that_ask_for_nothing_are_accepted() -> None:
    LSTM(2, dropout=0.0, stateful=False, kernel_regularizer=None, unroll=True, implementation=1)
    GRU(2, return_state=False, use_cudnn="auto", recurrent_dropout=0)


@pytest.mark.parametrize(
    ("layer", "x", "error", "message"),
    [
        (LSTM(2), np.zeros((2, 3)), ValueError, r"lstm.*: x: expected 3 axes .*\(None, 3\)"),
        (Dense(2), np.zeros(3), ValueError, r"dense.*: x: expected at least 2 axes"),
        (Masking(1e300), X, ValueError, r"masking: mask_value: .* range of float32.* got 1e\+300"),
        (Masking(), np.zeros((2, 3)), ValueError, r"masking.*: x: expected 3 axes"),
        (Dense(2), np.zeros((2, 0)), ValueError, r"dense.*: x: expected at least one feature"),
        (LSTM(2), np.zeros((2, 4, 0)), ValueError, r"lstm.*: x: expected at least one feature"),
        (Dense(2), 3.0, ValueError, "expected an array of samples, got the number"),
        (Dense(2), np.zeros((2, 3), complex), TypeError, "x: expected a numeric array, got .*128"),
        (Dense(2), np.array([["a", "b"]]), TypeError, "x: expected a numeric array"),
        (Dense(2), np.array([[None, 1]]), TypeError, "numeric array, got dtype object"),
        (LSTM(2), [[[1.0]], [[1.0], [2.0]]], ValueError, "different lengths.*pad_sequences"),
        (
            Embedding(5, 2),
            [[1, 5]],
            ValueError,
            r"embedding.*: x: .* from 0 to 4, got 5 at \[0, 1\]",
        ),
        (Embedding(5, 2), [[-1, 2]], ValueError, r"from 0 to 4, got -1 at \[0, 0\]"),
        (Embedding(5, 2), [[1.5, 2]], ValueError, "whole numbers as token ids, got 1.5"),
        (Embedding(5, 2), [[np.nan, 2]], ValueError, "whole numbers as token ids, got nan"),
        (Embedding(5, 2), np.array([[2**63]], np.uint64), ValueError, "from 0 to 4"),
    ],
)
def test_inputs(layer: Layer, x: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        layer(x)


def test_other_features_than_built_for() -> None:
    layer = LSTM(2)
    layer(X)
    with pytest.raises(ValueError, match=r"expected shape \(None, None, 3\), got \(2, 5, 4\)"):
        layer(np.zeros((2, 5, 4)))
    assert layer(np.zeros((1, 9, 3))).shape == (1, 2)


@pytest.mark.parametrize(
    ("mask", "error"), [(np.ones((2, 4), bool), ValueError), (np.ones((2, 5)), TypeError)]
)
def test_mask(mask: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="lstm: mask: expected"):
        LSTM(2)(X, mask=mask)


def test_layers_are_not_called_on_layers() -> None:
    with pytest.raises(TypeError, match="expected an array or a symbolic tensor, got the layer"):
        LSTM(2)(Dense(3))


def test_set_weights_is_all_or_nothing() -> None:
    layer = LSTM(2)
    layer(X)
    before = layer.get_weights()
    with pytest.raises(ValueError, match="lstm: weights: expected 3 arrays, got 2"):
        layer.set_weights(before[:2])
    with pytest.raises(ValueError, match=r"expected shape \(8,\) for lstm/bias, got \(7,\)"):
        layer.set_weights([np.ones((3, 8)), np.ones((2, 8)), np.ones(7)])
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_count_params_before_build() -> None:
    with pytest.raises(ValueError, match="dense: count_params: the layer is not built yet"):
        Dense(2).count_params()


def test_initializer_with_a_wrong_shape() -> None:
    with pytest.raises(ValueError, match=r"initializer of kernel: expected .*\(3, 2\), got \(1,\)"):
        Dense(2, kernel_initializer=lambda shape, dtype, rng: np.zeros(1))(np.zeros((1, 3)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Dense(3, kernel_initializer="bar"),
        lambda: Dense(3, bias_initializer="bar"),
        lambda: LSTM(3, recurrent_initializer="bar"),
        lambda: Embedding(5, 3, "bar"),
    ],
)
def test_an_unknown_initializer_is_refused_at_once(make: Any) -> None:
    with pytest.raises(ValueError, match=r"initializer.*'bar'"):
        make()


def test_initializers_are_named_with_their_layer() -> None:
    with pytest.raises(ValueError, match=r"^LSTM: recurrent_initializer: expected one of .*'x'"):
        LSTM(4, recurrent_initializer="x")


def test_stacked_layers_without_sequences_between() -> None:
    model = Sequential([Input((6, 3)), LSTM(4)])
    with pytest.raises(ValueError, match=r"got shape \(None, 4\); .* return_sequences=True"):
        model.add(LSTM(4))


@pytest.mark.parametrize("cell", [LSTMCell, GRUCell, SimpleRNNCell])
@pytest.mark.parametrize(
    "wrong",
    [
        {"units": 0},
        {"activation": "x"},
        {"recurrent_activation": "softmax"},
        {"use_bias": 3},
        {"kernel_initializer": "x"},
        {"bias_regularizer": "x"},
        {"dropout": 2},
        {"seed": "x"},
        {"reset_after": 3},
        {"unit_forget_bias": 3},
    ],
)
def test_errors_of_a_cell_name_the_cell(cell: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError), match=f"^{cell.__name__}: "):
        cell(**{"units": 2, **wrong})
