"""The packaged data: shapes, types, known values, and nothing that can be changed by accident."""

import numpy as np
import pytest

from rnncore.datasets import load_co2, load_japanese_vowels, load_sunspots


def test_sunspots() -> None:
    months, values = load_sunspots()
    assert months.dtype == np.dtype("datetime64[M]") and values.dtype == np.float64
    assert months.shape == values.shape == (3126,)
    assert str(months[0]) == "1749-01" and str(months[-1]) == "2009-06"
    assert (values[0], values[11], values[12], values[-1]) == (58.0, 85.2, 73.3, 2.6)
    assert values.min() == 0.0 and values.max() == 253.8
    # The great maximum of cycle 19 falls where it should.
    assert str(months[values.argmax()]) == "1957-10"


def test_co2() -> None:
    weeks, values = load_co2()
    assert weeks.dtype == np.dtype("datetime64[D]") and values.dtype == np.float64
    assert weeks.shape == values.shape == (2284,)
    assert (np.diff(weeks) == np.timedelta64(7, "D")).all()
    assert str(weeks[-1]) == "2001-12-29" and values[-1] == 371.5
    assert np.isnan(values).sum() == 59 and np.isnan(values[6])
    assert np.nanmin(values) == 313.0 and np.nanmax(values) == 373.9


def test_japanese_vowels_shapes_and_classes() -> None:
    train, test = load_japanese_vowels()
    for part, n in ((train, 270), (test, 370)):
        assert part.x.shape == (n, 29, 12) and part.x.dtype == np.float32
        assert part.y.shape == (n,) and part.y.dtype == np.int64
        assert part.lengths.shape == (n,) and part.lengths.dtype == np.int64
        assert part.lengths.min() == 7
    assert train.lengths.max() == 26 and test.lengths.max() == 29
    assert np.bincount(train.y).tolist() == [30] * 9
    assert np.bincount(test.y).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]


def test_japanese_vowels_values() -> None:
    train, test = load_japanese_vowels()
    # The first line of each original file, first coefficient, first two frames and the last.
    assert train.x[0, :2, 0].tolist() == np.float32([1.860936, 1.891651]).tolist()
    assert train.x[0, 19, 0] == np.float32(1.261441)
    assert test.x[0, :2, 0].tolist() == np.float32([1.635533, 1.547694]).tolist()
    assert test.x[0, 18, 0] == np.float32(1.388998)
    assert test.x[0, :2, 1].tolist() == np.float32([0.024848, 0.008754]).tolist()


def test_japanese_vowels_padding_is_the_zero_frames() -> None:
    for part in load_japanese_vowels():
        real = np.arange(29) < part.lengths[:, None]
        np.testing.assert_array_equal((part.x != 0).any(axis=2), real)


@pytest.mark.parametrize("load", [load_sunspots, load_co2, load_japanese_vowels])
def test_each_call_returns_fresh_arrays(load) -> None:
    first = load()[0]
    array = first if isinstance(first, np.ndarray) else first.x
    array[:] = array[::-1].copy()
    again = load()[0]
    assert not np.array_equal(array, again if isinstance(again, np.ndarray) else again.x)


@pytest.mark.parametrize("load", [load_sunspots, load_co2, load_japanese_vowels])
def test_docstrings_state_source_and_licence(load) -> None:
    assert "Source:" in load.__doc__ and "Licence:" in load.__doc__
