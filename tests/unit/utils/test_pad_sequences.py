import numpy as np
import pytest
from hypothesis import given, strategies as st

from rnncore.utils import pad_sequences


def test_defaults_pad_and_cut_in_front():
    got = pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2)
    assert got.tolist() == [[0, 1], [2, 3], [5, 6]]
    assert got.dtype == np.int32


@pytest.mark.parametrize(
    ("padding", "truncating", "wanted"),
    [
        ("pre", "pre", [[9, 1], [3, 4]]),
        ("pre", "post", [[9, 1], [2, 3]]),
        ("post", "pre", [[1, 9], [3, 4]]),
        ("post", "post", [[1, 9], [2, 3]]),
    ],
)
def test_sides(padding, truncating, wanted):
    got = pad_sequences([[1], [2, 3, 4]], 2, padding=padding, truncating=truncating, value=9)
    assert got.tolist() == wanted


@given(
    st.lists(st.lists(st.integers(1, 99), max_size=6), min_size=1, max_size=5),
    st.sampled_from(["pre", "post"]),
)
def test_without_cutting_everything_comes_back(sequences, padding):
    got = pad_sequences(sequences, padding=padding)
    assert got.shape == (len(sequences), max(map(len, sequences)))
    for row, sequence in zip(got, sequences, strict=True):
        assert row[row > 0].tolist() == sequence
        real = row[len(row) - len(sequence) :] if padding == "pre" else row[: len(sequence)]
        assert real.tolist() == sequence


def test_steps_can_be_vectors():
    a, b = np.ones((1, 2)), np.full((3, 2), 2.0)
    got = pad_sequences([a, b, []], dtype="float32", value=[-1.0, -2.0])
    assert got.shape == (3, 3, 2)
    assert got.dtype == np.float32
    assert got[0].tolist() == [[-1, -2], [-1, -2], [1, 1]]
    assert got[2].tolist() == [[-1, -2]] * 3


def test_other_values():
    assert pad_sequences([[0.5]], 2, dtype="float64", value=np.nan)[0, 1] == 0.5
    assert pad_sequences([["a"], ["b", "c"]], dtype=object, value="").tolist() == [
        ["", "a"],
        ["b", "c"],
    ]
    assert pad_sequences(([1], (2, 3), np.array([4])), 2).tolist() == [[0, 1], [2, 3], [0, 4]]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"sequences": [[1], 2]}, TypeError, r"sequences\[1\]: expected a sequence .*got 2"),
        ({"sequences": []}, ValueError, "sequences: expected at least one sequence, got none"),
        ({"sequences": []} | {"maxlen": 3}, ValueError, "expected at least one sequence"),
        ({"sequences": 5}, TypeError, "sequences: expected a list of sequences, got int"),
        ({"sequences": "abc"}, TypeError, "sequences: expected a list of sequences, got str"),
        ({"sequences": [np.array(1)]}, TypeError, r"sequence of numbers, got array\(1\)"),
        ({"sequences": [[0.5]]}, ValueError, r"fit int32, got 0.5 \(.*dtype='float32'\)"),
        ({"sequences": [[2**40]]}, ValueError, "fit int32, got 1099511627776"),
        ({"sequences": [[np.nan]]}, ValueError, "fit int32, got nan"),
        ({"sequences": [["a"]]}, ValueError, "values that fit int32"),
        ({"sequences": [[[1, 2], [3]]]}, ValueError, r"sequences\[0\]: expected steps of one"),
        ({"sequences": [[[1, 2]], [[3]]]}, ValueError, r"sequences\[1\]: expected steps of sh"),
        ({"sequences": [[1]], "value": 0.5}, ValueError, "value: expected values that fit int32"),
        ({"sequences": [[1]], "value": [0, 0]}, ValueError, r"value: expected a scalar or shape"),
        ({"sequences": [[1]], "maxlen": 0}, ValueError, "maxlen: expected a positive .*got 0"),
        ({"sequences": [[1]], "maxlen": 1.5}, TypeError, "maxlen: expected a positive .*got 1.5"),
        ({"sequences": [[1]], "maxlen": True}, TypeError, "maxlen: expected a positive .*got True"),
        ({"sequences": [[1]], "dtype": "foo"}, TypeError, "dtype: expected a dtype, got 'foo'"),
        ({"sequences": [[1e300]], "dtype": "float32"}, ValueError, "within the range of float32"),
        ({"sequences": [[1j]], "dtype": "float32"}, TypeError, "real numbers, got dtype complex"),
        ({"sequences": [np.ma.ones(2)]}, TypeError, r"sequences\[0\]: expected a plain array"),
        ({"sequences": [np.ones(2, ">i4")]}, TypeError, r"sequences\[0\]: .* native byte order"),
        ({"sequences": [[1]], "padding": np.array(["pre", "pre"])}, ValueError, "padding: exp"),
        ({"sequences": [[1]], "padding": "left"}, ValueError, "padding: .* got 'left'"),
        ({"sequences": [[1]], "truncating": 1}, ValueError, "truncating: .* got 1"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=f"pad_sequences: .*{message}"):
        pad_sequences(**arguments)
