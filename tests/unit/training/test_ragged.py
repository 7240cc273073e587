"""Lists of sequences of different lengths: the results of padding and masking, without its cost."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnncore
from rnncore import Input, Model, Sequential, _core
from rnncore.callbacks import BackupAndRestore, Callback
from rnncore.layers import (
    GRU,
    LSTM,
    Bidirectional,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    GlobalAveragePooling1D,
    Masking,
    MaxPooling1D,
)
from rnncore.training.batches import Batches
from rnncore.training.data import prepare_samples
from rnncore.utils import pad_sequences

RNG = np.random.default_rng(0)
LENGTHS = [5, 2, 9, 1, 7, 3, 3, 8, 4, 6]
X = [RNG.normal(size=(n, 3)) for n in LENGTHS]
Y = [RNG.normal(size=(n, 2)) for n in LENGTHS]
LEVELS = RNG.normal(size=(len(LENGTHS), 1))
IDS = [RNG.integers(1, 6, n).tolist() for n in LENGTHS]
PADDED = pad_sequences(X, padding="post", dtype="float64", value=-9.0)
PADDED_Y = pad_sequences(Y, padding="post", dtype="float64")


def tagger(masking: bool = False) -> Sequential:
    rnncore.utils.set_random_seed(0)
    first = [Masking(-9.0)] if masking else []
    model = Sequential(
        [
            Input((None, 3)),
            *first,
            Bidirectional(GRU(4, return_sequences=True)),
            Dropout(0.0),
            LSTM(3, return_sequences=True),
            Dense(2),
        ],
        dtype="float64",
    )
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def regressor(masking: bool = False) -> Sequential:
    rnncore.utils.set_random_seed(0)
    first = [Masking(-9.0)] if masking else []
    model = Sequential([Input((None, 3)), *first, LSTM(4), Dense(1)], dtype="float64")
    model.compile("adam", "mse", metrics=["mae"])
    return model


def same(a: Any, b: Any) -> None:
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_predictions_come_in_the_order_of_the_sequences(batch_size: int) -> None:
    found = tagger().predict(X, batch_size=batch_size, verbose=0)
    expected = tagger(masking=True).predict(PADDED, verbose=0)
    assert [one.shape for one in found] == [(n, 2) for n in LENGTHS]
    same(found, [row[:n] for row, n in zip(expected, LENGTHS, strict=True)])
    found = regressor().predict(X, batch_size=batch_size, verbose=0)
    assert isinstance(found, np.ndarray)
    same(found, regressor(masking=True).predict(PADDED, verbose=0))


def test_gradients_are_those_of_masks() -> None:
    same(tagger().gradients(X, Y), tagger(masking=True).gradients(PADDED, PADDED_Y))
    same(regressor().gradients(X, LEVELS), regressor(masking=True).gradients(PADDED, LEVELS))
    weight = np.arange(10.0)
    same(tagger().gradients(X, Y, weight), tagger(masking=True).gradients(PADDED, PADDED_Y, weight))
    steps = [RNG.random(n) for n in LENGTHS]
    padded = pad_sequences(steps, padding="post", dtype="float64")
    same(tagger().gradients(X, Y, steps), tagger(masking=True).gradients(PADDED, PADDED_Y, padded))


def test_training_in_the_given_order_is_that_of_masks() -> None:
    ours, theirs = tagger(), tagger(masking=True)
    options: dict[str, Any] = {"batch_size": 4, "epochs": 2, "shuffle": False, "verbose": 0}
    one = ours.fit(X, Y, validation_data=(X, Y), validation_batch_size=10, **options).history
    other = theirs.fit(
        PADDED, PADDED_Y, validation_data=(PADDED, PADDED_Y), validation_batch_size=10, **options
    ).history
    assert list(one) == ["loss", "mae", "val_loss", "val_mae"]
    # A metric weighs batches by their samples, however many steps they have, as in Keras.
    same([one["loss"], one["val_loss"]], [other["loss"], other["val_loss"]])
    same([one["val_mae"]], [other["val_mae"]])
    same(ours.get_weights(), theirs.get_weights())


def test_class_weights_and_evaluation() -> None:
    labels = np.arange(10) % 2
    results = []
    for model, x in ((regressor(), X), (regressor(masking=True), PADDED)):
        model.compile("sgd", "mse", weighted_metrics=["mae"])
        options: dict[str, Any] = {"batch_size": 4, "shuffle": False, "verbose": 0}
        model.fit(x, labels, class_weight={1: 5.0}, **options)
        weight = np.arange(10.0)
        found = model.evaluate(x, labels, batch_size=10, sample_weight=weight, verbose=0)
        results.append([*model.get_weights(), found, model.test_on_batch(x, labels)])
        results[-1].append(model.train_on_batch(x, labels))
    same(*results)


@pytest.mark.parametrize("mask_zero", [False, True])
def test_token_ids(mask_zero: bool) -> None:
    models = []
    for masking in (mask_zero, True):
        rnncore.utils.set_random_seed(0)
        embedding = Embedding(6, 4, mask_zero=masking)
        model = Sequential([Input((None,)), embedding, LSTM(3), Dense(1)])
        model.compile("sgd", "mse")
        models.append(model)
    ours, theirs = models
    padded = pad_sequences(IDS, padding="post")
    expected = theirs.predict(padded, verbose=0)
    for ids in (IDS, np.array(IDS, dtype=object)):
        np.testing.assert_allclose(ours.predict(ids, verbose=0), expected, rtol=1e-6)
    options: dict[str, Any] = {"batch_size": 5, "shuffle": False, "verbose": 0}
    ours.fit(IDS, LEVELS, **options)
    theirs.fit(padded, LEVELS, **options)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_the_work_is_the_sum_of_the_lengths() -> None:
    model = regressor()
    context = _core.get_context()
    for call in (
        lambda: model.predict(X, batch_size=4, verbose=0),
        lambda: model.evaluate(X, LEVELS, batch_size=4, verbose=0),
    ):
        before = context.row_steps
        call()
        assert context.row_steps - before == sum(LENGTHS)
    before = context.row_steps
    model.fit(X, LEVELS, batch_size=4, epochs=3, verbose=0)
    steps = context.row_steps - before
    one_batch = context.row_steps
    model.fit(X, LEVELS, batch_size=10, verbose=0)
    # Forward and backward count alike, whatever the batches.
    assert steps == 3 * (context.row_steps - one_batch)
    assert (context.row_steps - one_batch) % sum(LENGTHS) == 0


def test_several_inputs_and_outputs() -> None:
    a, b = Input((None, 3), name="a"), Input((2,), name="b")
    text = Input((None,), name="text")
    states = LSTM(3, return_sequences=True)(a)
    both = Concatenate()([GlobalAveragePooling1D()(states), GRU(2)(Embedding(6, 3)(text)), b])
    model = Model([a, b, text], [Dense(2, name="tags")(states), Dense(1, name="level")(both)])
    model.compile("sgd", "mse")
    numbers = RNG.normal(size=(10, 2))
    texts = IDS[::-1]
    data = {"a": X, "b": numbers, "text": texts}
    tags, levels = model.predict(data, batch_size=3, verbose=0)
    assert [tag.shape for tag in tags] == [(n, 2) for n in LENGTHS]
    for i in range(10):
        one = model.predict([X[i][None], numbers[i : i + 1], np.array([texts[i]])], verbose=0)
        np.testing.assert_allclose(tags[i], one[0][0], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(levels[i], one[1][0], rtol=1e-5, atol=1e-6)
    weights = [[np.ones(n) for n in LENGTHS], np.ones(10)]
    history = model.fit(
        [X, numbers, texts], [Y, LEVELS], sample_weight=weights, validation_split=0.2, verbose=0
    )
    assert {"tags_loss", "val_level_loss"} <= set(history.history)


def test_sequences_without_steps() -> None:
    x = [*X[:3], np.zeros((0, 3))]
    found = tagger().predict(x, verbose=0)
    assert found[3].shape == (0, 2)
    same(found[:3], tagger().predict(X, verbose=0)[:3])
    tagger().fit(x, [*Y[:3], np.zeros((0, 2))], batch_size=1, verbose=0)
    assert np.isfinite(regressor().predict([[], X[0]], verbose=0)).all()


def test_lists_of_one_length_are_arrays() -> None:
    model = tagger()
    assert model.predict([x[:1] for x in X], verbose=0).shape == (10, 1, 2)
    model.fit([x[:1].tolist() for x in X], [y[:1] for y in Y], verbose=0)


def test_a_lost_mask_does_not_count_padding() -> None:
    # The layer behind knows nothing of the mask; the targets say which steps are real.
    from rnncore.layers import Lambda

    rnncore.utils.set_random_seed(0)
    lost = Lambda(lambda x: x, mask=lambda x, mask: None, gradient=lambda x, dy: dy)
    layers = [Input((None, 3)), LSTM(3, return_sequences=True), lost, Dense(2)]
    model = Sequential(layers, dtype="float64")
    model.compile("sgd", "mse")
    rows = [row - y for row, y in zip(model.predict(X, verbose=0), Y, strict=True)]
    np.testing.assert_allclose(
        model.evaluate(X, Y, verbose=0), np.mean(np.concatenate(rows) ** 2), rtol=1e-10
    )


class Seen(Callback):
    """The lengths of the sequences in each batch."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        run = model.network.run

        def watched(x: Any, masks: Any = None, **options: Any) -> Any:
            full = [x[0].shape[1]] * len(x[0])
            known = masks is not None and masks[0] is not None
            self.batches.append(masks[0].sum(axis=1).tolist() if known else full)
            return run(x, masks=masks, **options)

        model.network.run = watched


def test_batches_are_of_similar_length_and_of_a_new_order() -> None:
    lengths = np.repeat(np.arange(1, 41), 4)
    x = [np.ones((n, 3)) for n in RNG.permutation(lengths)]
    orders = []
    for seed in (1, 1, 2):
        rnncore.utils.set_random_seed(seed)
        model = Sequential([Input((None, 3)), LSTM(2), Dense(1)])
        model.compile("sgd", "mse")
        seen = Seen()
        model.fit(x, np.zeros(160), batch_size=16, epochs=2, verbose=0, callbacks=[seen])
        orders.append(seen.batches)
        padded = sum(len(batch) * max(batch) for batch in seen.batches)
        assert padded < 1.25 * 2 * lengths.sum()
        assert [len(batch) for batch in seen.batches] == [16] * 20
        assert sorted(n for batch in seen.batches[:10] for n in batch) == sorted(lengths)
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert orders[0][:10] != orders[0][10:]


class Killed(Exception):
    pass


class Kill(Callback):
    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == 2:
            raise Killed


def test_a_training_that_is_resumed_replays_the_order(tmp_path: Path) -> None:
    options: dict[str, Any] = {"batch_size": 3, "epochs": 4, "verbose": 0}
    whole = regressor()
    whole.fit(X, LEVELS, **options)
    broken = regressor()
    with pytest.raises(Killed):
        broken.fit(X, LEVELS, callbacks=[BackupAndRestore(tmp_path / "b"), Kill()], **options)
    rnncore.utils.set_random_seed(99)
    resumed = regressor()
    resumed.fit(X, LEVELS, callbacks=[BackupAndRestore(tmp_path / "b")], **options)
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_third_epoch_of_batches_allocates_no_batch() -> None:
    model = Sequential([Input((None, 64)), LSTM(4), Dense(1)])
    model.compile("sgd", "mse")
    x = [np.ones((n, 64), np.float32) for n in range(100, 200)]
    batches = Batches(prepare_samples(model, model.prepare_input(x), np.zeros(100)), 20)
    rng = np.random.default_rng(0)
    for _ in range(2):
        for _ in batches.batches(rng):
            pass
    tracemalloc.start()
    try:
        for _ in batches.batches(rng):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * 100 * 64 * 4 / 4


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (X, LEVELS, ValueError, r"y: expected a list with the targets of each sequence"),
        (X, Y[:9], ValueError, "y: expected as many samples as x has, 10, got 9"),
        (X, [*Y[:9], Y[0]], ValueError, r"y\[9\]: expected targets for 6 steps, got 5"),
        ([*X[:9], X[9][:, :2]], Y, ValueError, r"x\[9\]: expected steps of shape \(3,\), .*\(2,"),
        ([x[:, :2] for x in X], Y, ValueError, r"x: expected shape \(None, None, 3\), got"),
        ([*X[:9], X[9].astype(str)], Y, TypeError, r"x\[9\]: expected a numeric array"),
        (X, [y[:, :1] for y in Y], ValueError, "y_true: expected shape"),
        (X, [y * np.nan for y in Y], ValueError, "y_true: expected finite numbers"),
    ],
)
def test_what_does_not_fit(x: Any, y: Any, error: type[Exception], message: str) -> None:
    model = tagger()
    before = model.get_weights()
    with pytest.raises(error, match=message):
        model.fit(x, y, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[1, 2], [3, 4, 5], [6, 77]], r"embedding: x\[2\]\[1\]: .* from 0 to 9, got 77$"),
        ([[1, 2], [3, 4.5, 5], [6]], r"embedding: x\[1\]\[1\]: expected whole numbers .*got 4.5$"),
        ([[-1], [3, 4]], r"embedding: x\[0\]\[0\]: .* got -1$"),
        (np.array([[1, 2], [3, 4, 99]], object), r"x\[1\]\[2\]: .* got 99$"),
    ],
)
def test_a_bad_id_is_named_by_its_place(x: Any, message: str) -> None:
    rnncore.utils.clear_session()
    model = Sequential([Input((None,)), Embedding(10, 3), LSTM(2)])
    with pytest.raises(ValueError, match=message):
        model.predict(x, verbose=0)


def test_columns_and_arrays_of_lists_are_lists_of_sequences() -> None:
    pandas = pytest.importorskip("pandas")
    model = Sequential([Input((None,)), Embedding(10, 3), LSTM(2)])
    for ids in ([[1, 2], [3, 4, 5], [6]], [[1, 2], [3, 4]]):
        column = pandas.Series(ids, index=range(5, 5 + len(ids)))
        for x in (column, column.to_numpy()):
            np.testing.assert_array_equal(
                model.predict(x, verbose=0), model.predict(ids, verbose=0)
            )


def test_where_sequences_of_different_lengths_do_not_go() -> None:
    model = Sequential([Input((9, 3)), LSTM(2), Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"x: expected shape \(None, 9, 3\), got sequences of"):
        model.fit(X, LEVELS, verbose=0)
    with pytest.raises(ValueError, match="y: expected a rectangular array, got sequences of"):
        regressor().fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match="x: expected a rectangular array, got sequences of"):
        regressor()(X)
    with pytest.raises(ValueError, match=r"sample_weight: expected shape .* one number per step"):
        tagger().fit(X, Y, sample_weight=[np.ones(n + 1) for n in LENGTHS], verbose=0)
    with pytest.raises(ValueError, match="class_weight: expected y to have one class in each row"):
        tagger().fit(X, Y, class_weight={0: 1.0}, verbose=0)
    inside = Sequential([Input((None, 3)), LSTM(2, return_sequences=True, go_backwards=True)])
    model = Sequential([inside, Dense(2)])
    with pytest.raises(ValueError, match=r"x: expected a rectangular array for 'lstm.*', whi"):
        model.predict(X, verbose=0)


def test_backwards_to_one_state() -> None:
    model = Sequential([Input((None, 3)), LSTM(2, go_backwards=True)], dtype="float64")
    found = model.predict(X, batch_size=4, verbose=0)
    same(found, [model.predict(x[None], verbose=0)[0] for x in X])


def test_steps_that_a_layer_takes_together() -> None:
    layers = [Input((None, 3)), LSTM(2, return_sequences=True), MaxPooling1D(2), Dense(2)]
    model = Sequential(layers, dtype="float64")
    model.compile("sgd", "mse")
    x = [RNG.normal(size=(n, 3)) for n in (6, 2, 8, 4)]
    found = model.predict(x, batch_size=2, verbose=0)
    same(found, [model.predict(one[None], verbose=0)[0] for one in x])
    model.fit(x, [np.ones((len(one) // 2, 2)) for one in x], verbose=0)
    with pytest.raises(ValueError, match=r"y\[0\]: expected targets for 3 steps, got 6"):
        model.fit(x, [np.ones((len(one), 2)) for one in x], verbose=0)


def test_steps_of_two_inputs_together_are_refused() -> None:
    a, b = Input((None, 3)), Input((None, 3))
    model = Model([a, b], Concatenate(axis=1)([a, b]))
    model.compile("sgd", "mse")
    lengths = np.array(LENGTHS)
    targets = [np.ones((n, 3)) for n in lengths + lengths[::-1]]
    for call in (lambda: model.predict([X, X[::-1]]), lambda: model.fit([X, X[::-1]], targets)):
        with pytest.raises(ValueError, match="x: expected outputs with the steps of one"):
            call()
