"""timeseries_dataset_from_array: the windows that Keras makes."""

from typing import Any

import numpy as np
import pytest
from golden_data import golden

from rnncore import Sequential
from rnncore.layers import LSTM, Dense
from rnncore.utils import set_random_seed, timeseries_dataset_from_array

# Written by timeseries_of_keras.py.
KERAS = golden("timeseries_of_keras")["cases"]


@pytest.mark.parametrize("case", KERAS)
def test_batches_of_keras(case: Any) -> None:
    targets = np.arange(case["targets"]) * 10 if case["targets"] else None
    dataset = timeseries_dataset_from_array(np.arange(12), targets, **case["arguments"])
    found = [
        [part.tolist() for part in (batch if case["targets"] else [batch])] for batch in dataset
    ]
    assert found == case["batches"]
    assert len(dataset) == len(found)


def test_shuffled_windows_keep_their_targets_and_come_in_a_new_order() -> None:
    def orders(**arguments: Any) -> list[list[int]]:
        dataset = timeseries_dataset_from_array(
            np.arange(40), np.arange(40) * 10, 3, batch_size=8, shuffle=True, **arguments
        )
        found = []
        for _ in range(2):
            order = []
            for x, y in dataset:
                assert (x[:, 0] * 10 == y).all() and (np.diff(x) == 1).all()
                order.extend(x[:, 0].tolist())
            found.append(order)
            dataset.on_epoch_end()
        assert sorted(found[0]) == sorted(found[1]) == list(range(38))
        assert found[0] != found[1]
        return found

    assert orders(seed=1) == orders(seed=1) != orders(seed=2)
    set_random_seed(5)
    first = orders()
    set_random_seed(5)
    assert orders() == first


def test_training_on_windows() -> None:
    series = np.sin(np.arange(100) * 0.3).reshape(50, 2)
    data = timeseries_dataset_from_array(series, series[5:, 0], 5, batch_size=16, shuffle=True)
    model = Sequential([LSTM(3), Dense(1)])
    model.compile("adam", "mse")
    history = model.fit(data, epochs=2, validation_data=data, verbose=0)
    assert sorted(history.history) == ["loss", "val_loss"]
    alone = timeseries_dataset_from_array(series, None, 5, batch_size=16)
    assert model.predict(alone, verbose=0).shape == (46, 1)
    for x, y in data.take(1):
        assert x.shape == (16, 5, 2) and y.shape == (16,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sequence_length": 0}, "sequence_length"),
        ({"sequence_length": 13}, "sequence_length: expected windows that fit into 12 rows"),
        ({"sequence_length": 3, "sequence_stride": 0}, "sequence_stride"),
        ({"sequence_length": 3, "sampling_rate": 0.5}, "sampling_rate"),
        ({"sequence_length": 3, "batch_size": None}, "batch_size"),
        (
            {"sequence_length": 3, "start_index": -1},
            "start_index: expected an integer from 0 to 11",
        ),
        (
            {"sequence_length": 3, "start_index": 12},
            "start_index: expected an integer from 0 to 11",
        ),
        ({"sequence_length": 3, "end_index": 13}, "end_index: expected an integer from 1 to 12"),
        ({"sequence_length": 3, "start_index": 5, "end_index": 4}, "windows that fit into 0 rows"),
        ({"sequence_length": 3, "shuffle": 1}, "shuffle: expected True or False"),
    ],
)
def test_errors(arguments: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        timeseries_dataset_from_array(np.arange(12), None, **arguments)
