"""Generators, datasets and other iterables as data."""

import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnncore
from rnncore import Sequential
from rnncore.callbacks import BackupAndRestore, Callback
from rnncore.layers import LSTM, Dense, Embedding, Input
from rnncore.training.data import Samples
from rnncore.training.streams import Feed, Stream, is_stream
from rnncore.utils import PyDataset, Sequence as OldName

RNG = np.random.default_rng(0)
X = RNG.standard_normal((24, 5, 2)).astype(np.float32)
Y = RNG.standard_normal((24, 1)).astype(np.float32)


def model() -> Sequential:
    rnncore.utils.set_random_seed(0)
    made = Sequential([LSTM(3), Dense(1)])
    made.compile("sgd", "mse")
    return made


def batches(count: int, size: int = 4) -> Iterator[Any]:
    for index in range(count):
        rows = np.arange(index * size, (index + 1) * size) % 24
        yield X[rows], Y[rows]


class Log(Callback):
    """How many batches each epoch has."""

    def __init__(self) -> None:
        self.epochs: list[int] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epochs.append(0)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.epochs[-1] += 1


def fitted(x: Any, **options: Any) -> tuple[list[int], list[str], Any]:
    """Return the batches of each epoch, the warnings, and the history."""
    log = Log()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        history = model().fit(x, verbose=0, callbacks=[log], **options)
    return log.epochs, [str(one.message) for one in seen], history


class Dataset(PyDataset):
    def __init__(self) -> None:
        super().__init__()
        self.log: list[Any] = []

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Any:
        self.log.append(index)
        return X[4 * index : 4 * index + 4], Y[4 * index : 4 * index + 4]

    def on_epoch_begin(self) -> None:
        self.log.append("begin")

    def on_epoch_end(self) -> None:
        self.log.append("end")


class Duck:
    """What only looks like a dataset."""

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Any:
        return X[4 * index : 4 * index + 4], Y[4 * index : 4 * index + 4]


class Loader:
    """An iterable whose length is not known; its batches are lists."""

    def __iter__(self) -> Iterator[Any]:
        return map(list, batches(6))


@pytest.mark.parametrize("make", [lambda: batches(6), Dataset, Duck, Loader])
def test_every_source_trains_like_arrays(make: Any) -> None:
    expected = model()
    expected.fit(X, Y, batch_size=4, shuffle=False, verbose=0)
    found = model()
    found.fit(make(), shuffle=False, verbose=0)
    for a, b in zip(found.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert found.evaluate(make(), verbose=0) == pytest.approx(
        expected.evaluate(X, Y, batch_size=4, verbose=0), rel=1e-6
    )
    np.testing.assert_array_equal(
        found.predict(make(), verbose=0), found.predict(X, batch_size=4, verbose=0)
    )


def test_an_iterator_that_ends_ends_the_training() -> None:
    assert fitted(batches(5))[:2] == ([5], [])
    epochs, seen, history = fitted(batches(5), epochs=4, steps_per_epoch=2)
    assert epochs == [2, 2, 1]
    assert history.epoch == [0, 1, 2]
    assert len(seen) == 1
    assert "the data ran out after 1 of 2 steps in epoch 3 of 4" in seen[0]
    epochs, seen, history = fitted(batches(4), epochs=4, steps_per_epoch=2)
    assert (history.epoch, len(seen)) == ([0, 1], 1)
    assert fitted(batches(5), epochs=1, steps_per_epoch=5)[:2] == ([5], [])


def test_arrays_that_have_fewer_batches_are_no_iterator() -> None:
    made = model()
    for run in (made.fit, made.evaluate):
        steps = {"steps_per_epoch" if run == made.fit else "steps": 99}
        with pytest.warns(UserWarning, match="of 99 steps in .*no more batches of this") as seen:
            run(X, Y, verbose=0, **steps)
        assert "iterator" not in str(seen[0].message)


def test_no_more_is_taken_than_trained_on() -> None:
    source = batches(20)
    fitted(source, epochs=3, steps_per_epoch=2)
    assert len(list(source)) == 14


def test_an_iterable_begins_anew() -> None:
    epochs, seen, history = fitted(Loader(), epochs=2)
    assert (epochs, seen) == ([6, 6], [])
    assert history.params["steps"] is None
    epochs, seen, _ = fitted(Loader(), epochs=4, steps_per_epoch=4)
    assert (epochs, len(seen)) == ([4, 2, 4, 2], 2)
    assert fitted(Loader(), epochs=3, steps_per_epoch=3)[:2] == ([3, 3, 3], [])


def test_a_dataset_is_asked_for_every_batch_in_a_random_order() -> None:
    orders = []
    for _ in range(2):
        data = Dataset()
        epochs, _, history = fitted(data, epochs=2)
        assert epochs == [6, 6]
        assert history.params["steps"] == 6
        orders.append(data.log)
    assert orders[0] == orders[1]
    first, *log = orders[0]
    assert first == 0  # what the model is built from
    assert [log[0], log[7], log[8], log[15]] == ["begin", "end", "begin", "end"]
    assert sorted(log[1:7]) == sorted(log[9:15]) == list(range(6))
    assert log[1:7] != log[9:15]
    data = Dataset()
    fitted(data, shuffle=False)
    assert data.log == [0, "begin", *range(6), "end"]


def test_an_endless_dataset() -> None:
    class Endless(PyDataset):
        num_batches = None  # type: ignore[assignment]

        def __getitem__(self, index: int) -> Any:
            return X[:4], Y[:4]

    assert fitted(Endless(), epochs=2, steps_per_epoch=3)[:2] == ([3, 3], [])


def test_datasets_by_themselves() -> None:
    assert OldName is PyDataset
    assert [len(x) for x, _ in Dataset()] == [4] * 6
    with pytest.raises(NotImplementedError, match="PyDataset: expected a method __getitem__"):
        PyDataset()[0]
    with pytest.raises(NotImplementedError, match="PyDataset: expected a method __len__"):
        _ = PyDataset().num_batches


def test_validation() -> None:
    _, seen, history = fitted(batches(6), validation_data=Dataset())
    assert list(history.history) == ["loss", "val_loss"]
    options = {"epochs": 3, "validation_steps": 2}
    _, seen, history = fitted(X, y=Y, validation_data=batches(4), **options)
    assert (len(history.history["val_loss"]), history.validation_epoch) == (2, [0, 1])
    assert len(seen) == 1
    assert "in the evaluation" in seen[0]
    _, seen, history = fitted(X, y=Y, validation_data=(X, Y), validation_freq=2, epochs=5)
    assert history.validation_epoch == [1, 3]


def test_class_weights_and_weights() -> None:
    labels = (Y > 0).astype(int)
    expected = model()
    weight = np.where(labels[:, 0] > 0, 3.0, 1.0)
    expected.fit(X, labels, sample_weight=weight, batch_size=6, shuffle=False, verbose=0)
    parts = [(X[i : i + 6], labels[i : i + 6], weight[i : i + 6]) for i in range(0, 24, 6)]
    for data, options in (
        (iter(parts), {}),
        ((part[:2] for part in parts), {"class_weight": {1: 3.0}}),
    ):
        found = model()
        found.fit(data, verbose=0, **options)
        for a, b in zip(found.get_weights(), expected.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_batches_of_sequences_of_different_lengths() -> None:
    ids = [[[1, 2], [3], [1, 1, 1]], [[2], [3, 3]]]
    made = Sequential([Embedding(4, 2), LSTM(2, return_sequences=True), Dense(1)])
    made.compile("sgd", "mse")
    tags = [[np.ones(len(one)) for one in batch] for batch in ids]
    made.fit(zip(ids, tags, strict=True), verbose=0)
    found = made.predict(((batch,) for batch in ids), verbose=0)
    assert [one.shape for one in found] == [(2, 1), (1, 1), (3, 1), (1, 1), (2, 1)]
    np.testing.assert_allclose(found[4], made.predict(np.array([[3, 3]]), verbose=0)[0], rtol=1e-5)


def test_predictions_of_bare_arrays_and_of_steps_that_vary() -> None:
    made = Sequential([Input((None, 2)), LSTM(2, return_sequences=True)])
    found = made.predict((X[:3, :n] for n in (2, 4)), verbose=0)
    assert [one.shape for one in found] == [(2, 2)] * 3 + [(4, 2)] * 3
    assert made.predict((x for x in (X[:3], X[3:5])), verbose=0).shape == (5, 5, 2)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "fit: batch_size: expected a positive integer"),
        ({"y": Y}, ValueError, "fit: y: expected None with data that yield batches"),
        ({"sample_weight": Y}, ValueError, "fit: sample_weight: expected None with"),
        ({"validation_split": 0.1}, ValueError, "validation_split: expected 0 with data that"),
        ({"steps_per_epoch": 0}, ValueError, "fit: steps_per_epoch: expected a positive integer"),
        ({"validation_steps": 1.5}, TypeError, "fit: validation_steps: expected a positive"),
        ({"validation_freq": [0]}, ValueError, r"validation_freq\[0\]: expected a positive"),
        ({"x": batches(0)}, ValueError, "x: expected at least one batch, got none"),
        ({"validation_data": batches(0)}, ValueError, "validation_x: expected at least one batch"),
        ({"x": iter([(X, Y, Y, Y)])}, ValueError, r"batch 0: expected \(x,\), .* a tuple of 4"),
        ({"x": iter([X])}, ValueError, "batch 0: y: expected the targets, got None"),
        ({"x": iter([(X[:, 0], Y)])}, ValueError, "expected 3 axes"),
        ({"x": "abc"}, TypeError, "x: expected a numeric array"),
    ],
)
def test_what_is_refused(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        model().fit(**{"x": batches(3), "verbose": 0, **arguments})


def test_what_is_wrong_with_a_later_batch_names_it() -> None:
    def broken() -> Iterator[Any]:
        yield from batches(2)
        yield X[:, :, :1], Y

    made = Sequential([Input((5, 2)), LSTM(3), Dense(1)])
    made.compile("sgd", "mse")
    with pytest.raises(
        ValueError, match=r"batch 2: x: expected shape \(None, 5, 2\), got \(24, 5, 1"
    ):
        made.fit(broken(), verbose=0)


def test_what_a_generator_raises_comes_through() -> None:
    def broken() -> Iterator[Any]:
        yield from batches(2)
        raise KeyError("disk")

    log = Log()
    with pytest.raises(KeyError, match="disk"):
        model().fit(broken(), verbose=0, callbacks=[log])
    assert log.epochs == [2]


def test_batches_keep_their_size_whatever_batch_size_says() -> None:
    log = Log()
    made = model()
    data = {"validation_data": Dataset(), "validation_batch_size": 3, "batch_size": 5}
    made.fit(Dataset(), verbose=0, callbacks=[log], **data)
    plain = made.evaluate(Dataset(), verbose=0)
    assert made.evaluate(Dataset(), batch_size=5, verbose=0) == plain
    assert made.predict(Dataset(), batch_size=5, verbose=0).shape == (24, 1)
    assert log.epochs == [len(Dataset())]


def test_arguments_of_evaluate_and_predict() -> None:
    made = model()
    made.fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match="evaluate: batch_size: expected a positive integer"):
        made.evaluate(batches(2), batch_size=0)
    with pytest.raises(TypeError, match="predict: batch_size: expected a positive integer"):
        made.predict(batches(2), batch_size=1.5)
    with pytest.raises(ValueError, match="x: expected at least one batch"):
        made.predict(batches(0))
    with pytest.warns(UserWarning, match=r"ran out after 2 of 3 steps in the evaluation") as seen:
        made.evaluate(batches(2), steps=3, verbose=0)
    assert seen[0].filename == __file__


def test_what_gives_batches() -> None:
    for data in (batches(1), Dataset(), Duck(), Loader(), iter([1]), zip([1], [2], strict=True)):
        assert is_stream(data)
    for data in (X, [X], (X,), {"x": X}, range(3), "abc", 3, None, np.float32(1), Dataset):
        assert not is_stream(data)


def test_steps_are_known_once_they_were_counted() -> None:
    def prepare(parts: Any, prefix: str) -> Samples:
        return Samples(parts[:1], (None,), (None,))

    feed = Feed(Stream(Loader(), prepare))
    assert feed.steps is None
    assert len(list(feed.epoch())) == 6
    assert feed.steps == 6
    assert Feed(Stream(Loader(), prepare), 4).steps == 4


def test_memory_is_that_of_batches() -> None:
    def large() -> Iterator[Any]:
        for _ in range(30):
            yield np.ones((20, 100, 50), np.float32), np.zeros((20, 1))

    made = model()
    made.fit(large(), steps_per_epoch=2, verbose=0)
    tracemalloc.start()
    try:
        made.fit(large(), verbose=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * 20 * 100 * 50 * 4


class Stop(Exception):
    pass


class Stopper(Callback):
    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == 2:
            raise Stop


def test_a_dataset_is_replayed_when_the_training_is_resumed(tmp_path: Path) -> None:
    whole = model()
    whole.fit(Dataset(), epochs=4, verbose=0)
    folder = tmp_path / "backup"
    broken = model()
    with pytest.raises(Stop):
        broken.fit(Dataset(), epochs=4, verbose=0, callbacks=[BackupAndRestore(folder), Stopper()])
    resumed = model()
    resumed.fit(Dataset(), epochs=4, verbose=0, callbacks=[BackupAndRestore(folder)])
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
