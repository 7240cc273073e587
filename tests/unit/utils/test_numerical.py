import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from rnncore.utils import normalize, to_categorical


@given(arrays(np.int64, array_shapes(max_dims=3), elements=st.integers(0, 9)))
def test_argmax_gives_the_labels_back(labels):
    hot = to_categorical(labels, 10)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    assert hot.shape == (*labels.shape, 10)
    assert hot.dtype == np.float64
    np.testing.assert_array_equal(hot.argmax(-1), labels)
    np.testing.assert_array_equal(hot.sum(-1), 1.0)


def test_number_of_classes_is_found():
    assert to_categorical([0, 4]).shape == (2, 5)
    assert to_categorical(np.array([[1.0], [2.0]])).tolist() == [[0, 1, 0], [0, 0, 1]]
    assert to_categorical(3).tolist() == [0, 0, 0, 1]
    assert to_categorical([], 4).shape == (0, 4)


@pytest.mark.parametrize(
    ("x", "num_classes", "error", "message"),
    [
        ([0, 3], 3, ValueError, "x: expected class numbers from 0 to 2, got 3"),
        ([0, -1], None, ValueError, "x: expected class numbers from 0 to 0, got -1"),
        ([0, 0.5], None, ValueError, "x: expected whole numbers, got 0.5"),
        ([0, np.nan], None, ValueError, "x: expected whole numbers, got nan"),
        (["a"], None, TypeError, "x: expected integers, got dtype"),
        ([], None, ValueError, "num_classes: expected an integer when x is empty"),
        ([0], 0, ValueError, "num_classes: expected a positive integer, got 0"),
        ([0], True, TypeError, "num_classes: expected a positive integer, got True"),
        ([[0], [1, 2]], None, ValueError, "x: expected a rectangular array, got sequences of"),
        ([0], 1.5, TypeError, "num_classes: expected a positive integer, got 1.5"),
    ],
)
def test_bad_arguments(x, num_classes, error, message):
    with pytest.raises(error, match=f"to_categorical: {message}"):
        to_categorical(x, num_classes)


def test_normalize_has_the_numbers_of_keras() -> None:
    np.testing.assert_allclose(normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(normalize([[3.0, -4.0]], order=1), [[3 / 7, -4 / 7]])
    np.testing.assert_allclose(normalize([[3.0, 1.0], [4.0, 0.0]], axis=0), [[0.6, 1], [0.8, 0]])
    np.testing.assert_allclose(normalize([3.0, 4.0]), [[0.6, 0.8]])
    with pytest.raises(ValueError, match="normalize: axis: expected one of 1 axes, got 1"):
        normalize([3.0, 4.0], axis=1)
