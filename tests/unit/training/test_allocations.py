"""The second epoch of a fit allocates nothing of the size of a batch."""

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from rnncore import Model, Sequential, _core
from rnncore.layers import (
    GRU,
    LSTM,
    RNN,
    Activation,
    Add,
    AdditiveAttention,
    Attention,
    Average,
    AveragePooling1D,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    Dot,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    GRUCell,
    Input,
    LayerNormalization,
    LSTMCell,
    Maximum,
    MaxPooling1D,
    MaxPooling2D,
    Multiply,
    Permute,
    RepeatVector,
    SimpleRNN,
    SpatialDropout1D,
    Subtract,
    TimeDistributed,
)
from rnncore.training import loop

BATCH, STEPS = 32, 50
SAMPLES = 5 * BATCH - 7  # the last batch is a small one
SMALLEST_BATCH = BATCH * STEPS * 3 * 4  # bytes of the inputs of the first model below


def forecaster() -> tuple[Sequential, Any, Any]:
    model = Sequential([Input((STEPS, 3)), LSTM(50), Dropout(0.2), Dense(1)])
    model.compile("adam", "mse")
    return model, np.ones((SAMPLES, STEPS, 3), np.float32), np.ones((SAMPLES, 1))


def stack() -> tuple[Sequential, Any, Any]:
    model = Sequential(
        [
            Input((STEPS, 8)),
            GRU(24, dropout=0.1, recurrent_dropout=0.1, return_sequences=True),
            Dropout(0.1),
            SimpleRNN(16, return_sequences=True, go_backwards=True),
            LSTM(16, return_sequences=True),
            Dense(5, activation="softmax"),
        ]
    )
    model.compile("rmsprop", "sparse_categorical_crossentropy")
    x = np.ones((SAMPLES, STEPS, 8), np.float32)
    return model, x, np.zeros((SAMPLES, STEPS), np.int64)


def cells() -> tuple[Sequential, Any, Any]:
    model = Sequential(
        [Input((STEPS, 16)), RNN([GRUCell(16), LSTMCell(12, dropout=0.1)]), Dense(1)]
    )
    model.compile("adam", "mse")
    return model, np.ones((SAMPLES, STEPS, 16), np.float32), np.ones((SAMPLES, 1))


def classifier() -> tuple[Sequential, Any, Any]:
    model = Sequential(
        [Input((STEPS,)), Embedding(3000, 16), LSTM(24), Dense(1, activation="sigmoid")]
    )
    model.compile("adamw", "binary_crossentropy", metrics=["accuracy"])
    x = np.random.default_rng(0).integers(0, 3000, (SAMPLES, STEPS))
    return model, x, np.ones(SAMPLES)


def penalized() -> tuple[Any, Any, Any]:
    layer = LSTM(
        16,
        return_sequences=True,
        activity_regularizer="l1_l2",
        kernel_regularizer="l2",
        kernel_constraint="max_norm",
    )
    model = Sequential([Input((STEPS, 8)), layer, Dense(1, kernel_constraint="non_neg")])
    model.compile("sgd", "mse")
    return model, np.ones((SAMPLES, STEPS, 8), np.float32), np.ones((SAMPLES, STEPS, 1))


def convolutions() -> tuple[Any, Any, Any]:
    x = Input((STEPS, 24))
    h = Conv1D(24, 3, padding="same", activation="relu")(x)
    h = BatchNormalization()(h)
    h = Activation("tanh")(LayerNormalization()(h))
    h = Conv1D(24, 3, padding="causal", activation="elu")(h)
    pooled = [MaxPooling1D(2, padding="same")(h), AveragePooling1D(3, 2, padding="same")(h)]
    h = SpatialDropout1D(0.2)(Subtract()(pooled))
    h = Concatenate()([GlobalAveragePooling1D()(h), GlobalMaxPooling1D()(h)])
    model = Model(x, Dense(1)(h))
    model.compile("adam", "mse")
    return model, np.ones((SAMPLES, STEPS, 24), np.float32), np.ones((SAMPLES, 1))


def images() -> tuple[Any, Any, Any]:
    model = Sequential(
        [
            Input((5, 12, 12, 4)),
            TimeDistributed(Conv2D(4, 3, padding="same", activation="relu")),
            TimeDistributed(MaxPooling2D(2)),
            TimeDistributed(Flatten()),
            LSTM(4),
            Dense(1),
        ]
    )
    model.compile("adam", "mse")
    return model, np.ones((SAMPLES, 5, 12, 12, 4), np.float32), np.ones((SAMPLES, 1))


def attention() -> tuple[Any, Any, Any]:
    x = Input((STEPS, 24))
    h = Dense(24)(x)
    a = Attention(use_scale=True, dropout=0.1)([h, x])
    b = AdditiveAttention()([a, h])
    c = Multiply()([Add()([a, b]), Average()([a, b]), Maximum()([a, h])])
    weights = Activation("softmax")(Permute((2, 1))(c))
    context = Dot(axes=(2, 1))([weights, h])
    repeated = RepeatVector(STEPS)(Flatten()(context))
    model = Model(x, Dense(1)(Concatenate()([c, repeated])))
    model.compile("adam", "mse")
    return model, np.ones((SAMPLES, STEPS, 24), np.float32), np.ones((SAMPLES, STEPS, 1))


def states() -> tuple[Any, Any, Any]:
    x = Input((STEPS, 16))
    both = {"return_sequences": True, "stateful": True}
    y, start, _ = Bidirectional(GRU(8, return_state=True, return_sequences=True), "mul")(x)
    h = GRU(8, return_sequences=True, go_backwards=True)(y, initial_state=start)
    one, other = Bidirectional(SimpleRNN(8, **both), None)(h)
    h = Concatenate()([Bidirectional(LSTM(8, **both), "ave")(one), other])
    model = Model(x, Dense(1)(TimeDistributed(BatchNormalization())(h)))
    model.compile("adam", "mse")
    return model, np.ones((5 * BATCH, STEPS, 16), np.float32), np.ones((5 * BATCH, STEPS, 1))


@contextmanager
def watched_steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, int]]]:
    """For every step, from the end of the one before: bytes added at most, and blocks of C."""
    found: list[tuple[int, int]] = []
    original = loop.Steps.train
    before, blocks = 0, _core.blocks_allocated()

    def train(steps: loop.Steps, batch: Any, guard: Any) -> float:
        nonlocal before, blocks
        loss = original(steps, batch, guard)
        now, peak = tracemalloc.get_traced_memory()
        found.append((peak - before, _core.blocks_allocated() - blocks))
        before, blocks = now, _core.blocks_allocated()
        tracemalloc.reset_peak()
        return loss

    monkeypatch.setattr(loop.Steps, "train", train)
    tracemalloc.start()
    try:
        yield found
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "make",
    [
        forecaster,
        stack,
        cells,
        classifier,
        states,
        convolutions,
        images,
        attention,
        penalized,
    ],
)
def test_the_second_epoch_allocates_nothing_of_the_size_of_a_batch(
    make: Callable[[], tuple[Any, Any, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, x, y = make()
    with watched_steps(monkeypatch) as steps:
        model.fit(x, y, batch_size=BATCH, epochs=3, verbose=0)
    assert len(steps) == 3 * 5
    first, rest = steps[:5], steps[5:]
    assert max(blocks for _, blocks in first) > 0  # the counters count
    smallest = x[:BATCH].nbytes if x.dtype == np.float32 else SMALLEST_BATCH
    assert max(peak for peak, _ in first) > smallest
    assert max(blocks for _, blocks in rest) == 0
    assert max(peak for peak, _ in rest) < smallest


def test_batches_are_gathered_into_the_same_memory() -> None:
    model, x, y = forecaster()
    seen = set()
    original = model.network.run

    def run(batch: Any, **options: Any) -> Any:
        seen.add(batch[0].__array_interface__["data"][0])
        return original(batch, **options)

    model.network.run = run  # type: ignore[method-assign]
    model.fit(x, y, batch_size=BATCH, epochs=2, verbose=0)
    assert len(seen) == 1
