"""Write the corpus of fuzz_model: small models of all kinds of layers, as C reads them.

    python tests/fuzz/c/make_corpus.py

To add one, add a line to MODELS. Files that the fuzzer found stand beside these, with other names;
the script leaves them alone.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rnncore import Input, Model, Sequential, layers
from rnncore.saving.runtime_file import runtime_bytes
from rnncore.utils import clear_session, set_random_seed

CORPUS = Path(__file__).parent / "corpus/model"
LARGEST = 4096
_FRONT = b"{}".ljust(56)  # C reads no JSON: the smallest header that keeps the alignment


def chain(shape: tuple[int | None, ...], *stack: Any) -> Model:
    return Sequential([Input(shape), *stack])


def ids(*stack: Any) -> Model:
    return chain((None,), *stack)


def steps(*stack: Any) -> Model:
    return chain((None, 2), *stack)


def two_outputs() -> Model:
    x = Input((None, 2))
    y, h, c = layers.LSTM(2, return_sequences=True, return_state=True)(x)
    return Model(x, [y, h, c])


def states_given() -> Model:
    x, h = Input((None, 2)), Input((3,))
    return Model([x, h], layers.GRU(3)(x, initial_state=h))


def attention(layer: Any) -> Model:
    query, value = Input((None, 2)), Input((3, 2))
    return Model([query, value], layer([query, value]))


def merging() -> Model:
    x, y = Input((None, 2)), Input((None, 2))
    merged = [
        layers.Add()([x, y]),
        layers.Multiply()([x, y]),
        layers.Maximum()([x, y]),
        layers.Average()([x, y]),
    ]
    return Model([x, y], layers.Concatenate()(merged))


def dots() -> Model:
    x, y = Input((3, 2)), Input((4, 2))
    return Model([x, y], layers.Dot(axes=2, normalize=True)([x, y]))


def operators() -> Model:
    x = Input((None, 2))
    y = layers.LSTM(2, return_sequences=True)(x)
    return Model(x, (1 - x) * y[:, :, :1] + y)


# Made when they are asked for, in the order of layers/.
MODELS: dict[str, Callable[[], Model]] = {
    "dense": lambda: steps(layers.Dense(3, activation="relu")),
    "dense_of_vectors": lambda: chain((3,), layers.Dense(2, use_bias=False)),
    "softmax": lambda: steps(layers.Dense(3, activation="softmax")),
    "activation": lambda: steps(layers.Activation("tanh")),
    "embedding": lambda: ids(layers.Embedding(4, 3), layers.SimpleRNN(2)),
    "mask_zero": lambda: ids(
        layers.Embedding(4, 2, mask_zero=True), layers.GRU(2, return_sequences=True)
    ),
    "mask_zero_last": lambda: ids(layers.Embedding(4, 2, mask_zero=True), layers.LSTM(2)),
    "masking": lambda: steps(layers.Masking(0.5), layers.LSTM(2), layers.Dense(1)),
    "lstm": lambda: steps(layers.LSTM(3, return_sequences=True)),
    "lstm_last": lambda: steps(layers.LSTM(3)),
    "lstm_wide": lambda: steps(layers.LSTM(9, return_sequences=True)),
    "lstm_fixed": lambda: chain((4, 2), layers.LSTM(2)),
    "gru": lambda: steps(layers.GRU(3, return_sequences=True)),
    "gru_before": lambda: steps(layers.GRU(3, reset_after=False)),
    "simple_rnn": lambda: steps(layers.SimpleRNN(3, activation="relu", return_sequences=True)),
    "stack": lambda: steps(
        layers.LSTM(2, return_sequences=True),
        layers.GRU(3, return_sequences=True),
        layers.Dense(1, activation="sigmoid"),
    ),
    "backwards": lambda: steps(layers.LSTM(2, go_backwards=True, return_sequences=True)),
    "cells": lambda: steps(layers.RNN([layers.LSTMCell(2), layers.GRUCell(2)])),
    "two_outputs": two_outputs,
    "states_given": states_given,
    "bidirectional": lambda: steps(
        layers.Bidirectional(layers.GRU(2, return_sequences=True), merge_mode="sum")
    ),
    "bidirectional_concat": lambda: steps(layers.Bidirectional(layers.LSTM(2))),
    "time_distributed": lambda: chain(
        (3, None, 2), layers.TimeDistributed(layers.LSTM(2)), layers.GRU(2)
    ),
    "time_distributed_dense": lambda: chain(
        (None, 2, 3), layers.TimeDistributed(layers.Dense(2, activation="tanh"))
    ),
    "float64": lambda: steps(
        layers.LSTM(2, return_sequences=True, dtype="float64"), layers.Dense(1, dtype="float64")
    ),
    "attention": lambda: attention(layers.Attention(use_scale=True)),
    "additive_attention": lambda: attention(layers.AdditiveAttention()),
    "convolution": lambda: steps(layers.Conv1D(3, 2, activation="relu"), layers.GRU(2)),
    "causal": lambda: steps(layers.Conv1D(2, 3, padding="causal", dilation_rate=2)),
    "strided": lambda: steps(layers.Conv1D(2, 3, padding="same", strides=2), layers.LSTM(2)),
    "transposed": lambda: steps(layers.Conv1DTranspose(2, 3, strides=2)),
    "pooling": lambda: steps(layers.MaxPooling1D(2), layers.AveragePooling1D(2, padding="same")),
    "global_pooling": lambda: ids(
        layers.Embedding(4, 3, mask_zero=True), layers.GlobalAveragePooling1D()
    ),
    "global_maximum": lambda: steps(layers.GlobalMaxPooling1D(keepdims=True)),
    "layer_normalization": lambda: steps(layers.LayerNormalization(), layers.SimpleRNN(2)),
    "batch_normalization": lambda: steps(layers.BatchNormalization()),
    "reshaping": lambda: chain(
        (4, 3), layers.Permute((2, 1)), layers.Reshape((2, 6)), layers.Flatten()
    ),
    "padding": lambda: steps(layers.ZeroPadding1D((1, 2)), layers.Cropping1D((0, 1))),
    "repetition": lambda: chain((3,), layers.RepeatVector(3), layers.UpSampling1D(2)),
    "activations": lambda: steps(
        layers.LeakyReLU(), layers.ELU(), layers.PReLU(shared_axes=[1]), layers.Activation("gelu")
    ),
    "merging": merging,
    "dots": dots,
    "operators": operators,
}


def files() -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each model."""
    for name, make in MODELS.items():
        clear_session()
        set_random_seed(0)
        whole = runtime_bytes(make())
        (header,) = struct.unpack("<Q", whole[:8])
        yield name, struct.pack("<Q", len(_FRONT)) + _FRONT + whole[8 + header :]


def main() -> None:
    """Write the models beside the files that the fuzzer found."""
    CORPUS.mkdir(parents=True, exist_ok=True)
    for name, content in files():
        if len(content) > LARGEST:
            raise SystemExit(f"{name}: expected at most {LARGEST} bytes, got {len(content)}")
        (CORPUS / f"{name}.rnnc").write_bytes(content)


if __name__ == "__main__":
    main()
