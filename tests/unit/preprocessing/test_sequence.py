"""Windows over a series; TimeseriesGenerator against the class that Keras 2 had, in small."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rnncore import Sequential
from rnncore.layers import GRU, LSTM, Dense
from rnncore.preprocessing import sliding_windows
from rnncore.preprocessing.sequence import TimeseriesGenerator

SERIES = np.arange(1.0, 11.0).reshape(10, 1)


def test_windows_and_targets() -> None:
    windows = TimeseriesGenerator(SERIES, SERIES, length=2, batch_size=8)
    assert len(windows) == 1
    x, y = windows[0]
    assert x[:, :, 0].tolist() == [[n, n + 1] for n in range(1, 9)]
    assert y[:, 0].tolist() == list(range(3, 11))


def test_every_argument() -> None:
    """The numbers are those of tf.keras 2.21 (``keras.preprocessing.sequence``)."""
    windows = TimeseriesGenerator(
        SERIES, SERIES, 4, sampling_rate=2, stride=2, start_index=1, end_index=8, reverse=True,
        batch_size=2,
    )  # fmt: skip
    found = [(x[:, :, 0].tolist(), y[:, 0].tolist()) for x, y in windows]
    assert found == KERAS


KERAS = [([[4.0, 2.0], [6.0, 4.0]], [6.0, 8.0])]


def test_shuffled_windows_fit_their_targets() -> None:
    x, y = TimeseriesGenerator(SERIES, SERIES, 3, shuffle=True, batch_size=50)[0]
    assert x.shape == (50, 3, 1)
    np.testing.assert_array_equal(x[:, -1] + 1, y)


def test_in_training() -> None:
    windows = TimeseriesGenerator(SERIES, SERIES, 3, batch_size=4)
    model = Sequential([GRU(2), Dense(1)])
    model.compile("adam", "mse")
    assert model.fit(windows, epochs=2, verbose=0).params["steps"] == 2
    assert model.predict(windows, verbose=0).shape == (7, 1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"length": 0}, ValueError, "length: expected a positive integer"),
        ({"length": 10}, ValueError, "length: expected windows with a target in rows 0 to 9"),
        ({"length": 2, "end_index": 10}, ValueError, "rows 0 to 10 of 10, got 2"),
        ({"length": 2, "start_index": -1}, ValueError, "rows -1 to 9"),
        ({"length": 2, "targets": SERIES[1:]}, ValueError, "targets: expected 10 rows"),
        ({"length": 2, "shuffle": 1}, TypeError, "shuffle: expected True or False"),
    ],
)
def test_errors(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        TimeseriesGenerator(**({"data": SERIES, "targets": SERIES} | arguments))
    with pytest.raises(IndexError, match="expected a batch below 1"):
        TimeseriesGenerator(SERIES, SERIES, 3)[1]


# -- sliding_windows ---------------------------------------------------------------------------

SIZES = st.integers(1, 5)


@given(st.integers(0, 12), SIZES, SIZES, SIZES, st.sampled_from([None, 0, 1, [1], [2, 0]]))
def test_every_window_is_where_it_should_be(
    more: int, window: int, horizon: int, stride: int, target: Any
) -> None:
    steps = window + horizon + more
    series = np.arange(3 * steps, dtype=np.float32).reshape(steps, 3)
    x, y = sliding_windows(series, window, horizon, stride, target=target)
    starts = range(0, steps - window - horizon + 1, stride)
    chosen = slice(None) if target is None else target
    assert x.dtype == y.dtype == np.float32
    assert len(x) == len(y) == len(starts)
    for i, start in enumerate(starts):
        middle = start + window
        np.testing.assert_array_equal(x[i], series[start:middle])
        np.testing.assert_array_equal(y[i], series[middle : middle + horizon][:, chosen])


def test_a_series_with_one_axis() -> None:
    series = np.arange(10.0)
    x, y = sliding_windows(series, 4, horizon=2, stride=3)
    assert x.shape == (2, 4, 1) and y.shape == (2, 2)
    np.testing.assert_array_equal(x[1, :, 0], [3, 4, 5, 6])
    np.testing.assert_array_equal(y[1], [7, 8])
    assert np.shares_memory(x, series) and np.shares_memory(y, series)
    with pytest.raises(ValueError, match="read-only"):
        x[0, 0] = 1


def test_a_network_takes_them() -> None:
    x, y = sliding_windows(np.sin(np.arange(60)).astype(np.float32), 8, horizon=2)
    model = Sequential([LSTM(3, input_shape=(8, 1)), Dense(2)])
    model.compile("adam", "mse")
    twin = Sequential([LSTM(3, input_shape=(8, 1)), Dense(2)])
    twin.compile("adam", "mse")
    twin.set_weights(model.get_weights())
    model.fit(x, y, verbose=0, shuffle=False)
    twin.fit(x.copy(), y.copy(), verbose=0, shuffle=False)
    np.testing.assert_array_equal(model.get_weights()[0], twin.get_weights()[0])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((np.zeros(5), 0), ValueError, "sliding_windows: window: expected a positive integer"),
        ((np.zeros(5), 2.5), TypeError, "window: expected a positive integer, got 2.5"),
        ((np.zeros(5), 2, 0), ValueError, "horizon: expected a positive integer, got 0"),
        ((np.zeros(5), 2, 1, -1), ValueError, "stride: expected a positive integer, got -1"),
        ((np.zeros(5), 5), ValueError, r"at least window \+ horizon = 6 steps, got 5"),
        ((np.zeros((5, 2, 2)), 2), ValueError, r"expected shape \(T,\) or \(T, F\), got \(5, 2"),
        ((3.0, 2), ValueError, r"expected shape \(T,\)"),
        ((np.zeros((5, 2)), 2, 1, 1, 2), ValueError, "target: expected numbers from 0 to 1, got 2"),
        ((np.zeros((5, 2)), 2, 1, 1, -1), ValueError, "target: .* got -1"),
        ((np.zeros((5, 2)), 2, 1, 1, []), TypeError, "target: expected an integer or a list"),
        ((np.zeros((5, 2)), 2, 1, 1, "a"), TypeError, "target: .* got 'a'"),
        ((np.zeros((5, 2)), 2, 1, 1, True), TypeError, "target: .* got True"),
    ],
)
def test_wrong_arguments(arguments: Any, error: type[Exception], message: str) -> None:
    target = arguments[4] if len(arguments) == 5 else None
    with pytest.raises(error, match=message):
        sliding_windows(*arguments[:4], target=target)
