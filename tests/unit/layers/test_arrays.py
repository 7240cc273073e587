"""Arrays that would be converted at a loss are refused, by calls and by set_weights."""

import warnings
from typing import Any

import numpy as np
import pytest

from rnncore.layers import LSTM, Dense, Embedding, Layer

X = np.zeros((2, 5, 3), np.float32)
MASK = np.ones((2, 5), bool)


@pytest.mark.parametrize(
    ("layer", "x", "dtype"),
    [
        (LSTM(2), X.astype(">f4"), ">f4"),
        (LSTM(2, dtype="float64"), X.astype(">f8"), ">f8"),
        (Dense(2), X.astype(">i4"), ">i4"),
        (Embedding(5, 2), np.zeros((2, 3), ">i8"), ">i8"),
    ],
)
def test_foreign_byte_order(layer: Layer, x: Any, dtype: str) -> None:
    with pytest.raises(TypeError, match=f"^x: expected .* native byte order, got dtype {dtype}"):
        layer(x)


def test_masked_arrays() -> None:
    hidden = np.ma.masked_equal(X, 0)
    for x in (hidden, list(hidden)):
        with pytest.raises(TypeError, match=r"^x: expected a plain array, got a masked array"):
            LSTM(2)(x)
    with pytest.raises(TypeError, match=r"^lstm_2: mask: expected a plain array, got a masked"):
        LSTM(2)(X, mask=np.ma.array(MASK))
    with pytest.raises(TypeError, match=r"^x: expected a plain array"):
        Embedding(5, 2)(np.ma.array([[1, 2]], mask=[[0, 1]]))


def test_numbers_out_of_range() -> None:
    x = X.astype(np.float64)
    x[1, 2, 0] = -1e300
    x[0, 0, 0] = np.inf
    with pytest.raises(ValueError, match=r"^x: expected .* range of float32.*, got -1e\+300"):
        LSTM(2)(x)
    assert LSTM(2, dtype="float64")(x).dtype == np.float64


def test_infinities_and_the_largest_numbers_are_no_overflow() -> None:
    x = np.array([[np.inf, -np.inf, np.nan, np.finfo(np.float32).max]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Dense(2)(x)


@pytest.mark.parametrize(
    ("bias", "error", "message"),
    [
        (np.ones(2, ">f4"), TypeError, r"weights\[1\]: expected .* native byte order, got .*>f4"),
        (np.ma.ones(2), TypeError, r"weights\[1\]: expected a plain array, got a masked array"),
        (np.full(2, 1e300), ValueError, r"weights\[1\]: expected .* range of float32"),
        (np.ones(2, complex), TypeError, r"weights\[1\]: expected a numeric array"),
        (["a", "b"], TypeError, r"weights\[1\]: expected a numeric array"),
        (np.ones(3), ValueError, r"weights\[1\]: expected shape \(2,\) for dense/bias, got \(3,\)"),
    ],
)
def test_set_weights(bias: Any, error: type[Exception], message: str) -> None:
    layer = Dense(2)
    layer(X)
    before = layer.get_weights()
    with pytest.raises(error, match=f"^dense: {message}"):
        layer.set_weights([np.ones((3, 2)), bias])
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("weights", [None, 3, "ab", {"kernel": 1}])
def test_set_weights_wants_a_list(weights: Any) -> None:
    layer = Dense(2)
    layer(X)
    with pytest.raises(TypeError, match=r"^dense: weights: expected a list of arrays, got "):
        layer.set_weights(weights)


def test_assign() -> None:
    layer = Dense(2)
    layer(X)
    with pytest.raises(ValueError, match=r"^dense/bias: expected .* range of float32"):
        layer.weights[1].assign([1.0, 1e300])


def test_frames_of_pandas_with_columns_of_several_dtypes() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [0.5, 2.0], "b": [True, False], "c": [1, 2]})
    layer = Dense(2)
    expected = layer(np.array([[0.5, 1, 1], [2, 0, 2]]))
    for x in (frame, frame.convert_dtypes()):
        np.testing.assert_array_equal(layer(x), expected)
    assert Embedding(5, 2)(frame[["b", "c"]]).shape == (2, 2, 2)
    for x in (frame.astype(object), frame.assign(c=["1", "2"])):
        with pytest.raises(TypeError, match=r"^x: expected numeric columns, .* df.astype\(float\)"):
            layer(x)
