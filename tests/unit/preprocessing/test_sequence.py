"""TimeseriesGenerator against the class that Keras 2 had, in small."""

from typing import Any

import numpy as np
import pytest

from rnncore import Sequential
from rnncore.layers import GRU, Dense
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
