"""The three tasks of the quality table: data, network and settings, the same for both libraries.

A builder of a model takes the library (the module ``keras`` or ``rnncore``) as its argument, so
both run the same lines. The settings were chosen with Keras on a validation part of the training
data: the last 8 utterances of each speaker, the last 20% of the training months, a random 20% of
the training reviews.
"""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from rnncore.datasets import load_japanese_vowels, load_sunspots

REVIEWS = Path(__file__).parents[2] / "examples/data/movie_review_snippets.tsv.gz"


@dataclass(frozen=True)
class Task:
    """Arrays, network, settings, and how the predictions of the test part are judged."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    build: Callable[[ModuleType], Any]
    score: Callable[[np.ndarray, np.ndarray], float]
    epochs: int
    batch_size: int


def japanese_vowels() -> Task:
    """Nine speakers; the split is the data set's own; padded behind with zeros."""
    train, test = load_japanese_vowels()

    def build(api: ModuleType) -> Any:
        model = api.Sequential(
            [
                api.Input((29, 12)),
                api.layers.Masking(),
                api.layers.LSTM(100),
                api.layers.Dense(9, activation="softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    def accuracy(truth: np.ndarray, predicted: np.ndarray) -> float:
        return float((predicted.argmax(axis=1) == truth).mean())

    return Task(train.x, train.y, test.x, test.y, build, accuracy, epochs=30, batch_size=16)


def sunspots(window: int = 36) -> Task:
    """One month ahead from the last 36; first 80% of the months to train, last 20% to test.

    Numbers are divided by the standard deviation of the training months. The first test month is
    forecast from the last training months, so no month of the test part is lost.
    """
    _, values = load_sunspots()
    split = int(0.8 * len(values))
    scale = values[:split].std()
    scaled = (values / scale).astype(np.float32)
    x = np.lib.stride_tricks.sliding_window_view(scaled, window)[:-1, :, None]
    y = scaled[window:, None]
    n = split - window

    def build(api: ModuleType) -> Any:
        model = api.Sequential(
            [api.Input((window, 1)), api.layers.LSTM(32), api.layers.Dense(1)],
        )
        model.compile("adam", "mse")
        return model

    def rmse(truth: np.ndarray, predicted: np.ndarray) -> float:
        return float(np.sqrt(np.mean((truth - predicted) ** 2)) * scale)

    return Task(x[:n], y[:n], x[n:], y[n:], build, rmse, epochs=30, batch_size=32)


def reviews(vocabulary: int = 10_000, longest: int = 40) -> Task:
    """Is the rating above 0? A random 2,000 held out, words ranked on the other 8,605."""
    with gzip.open(REVIEWS, "rt", encoding="utf-8") as file:
        rows = [line.rstrip("\r\n").split("\t") for line in file]
    words = [re.findall(r"[a-z']+", text.lower()) for _, _, text in rows]
    positive = np.array([float(rating) > 0 for _, rating, _ in rows], np.float32)[:, None]
    order = np.random.default_rng(0).permutation(len(rows))
    train, test = order[2000:], order[:2000]
    counts = Counter(word for i in train for word in words[i])
    # 0 is the padding, 1 a word that is not among the most frequent ones.
    index = {word: i for i, (word, _) in enumerate(counts.most_common(vocabulary - 2), start=2)}
    x = np.zeros((len(rows), longest), np.int32)
    for row, text in zip(x, words, strict=True):
        ids = [index.get(word, 1) for word in text[-longest:]]
        row[: len(ids)] = ids

    def build(api: ModuleType) -> Any:
        model = api.Sequential(
            [
                api.Input((longest,), dtype="int32"),
                api.layers.Embedding(vocabulary, 64, mask_zero=True),
                api.layers.LSTM(64),
                api.layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile("adam", "binary_crossentropy")
        return model

    def accuracy(truth: np.ndarray, predicted: np.ndarray) -> float:
        return float(((predicted > 0.5) == (truth > 0.5)).mean())

    return Task(
        x[train], positive[train], x[test], positive[test], build, accuracy, epochs=3, batch_size=32
    )


TASKS: dict[str, Callable[[], Task]] = {
    "japanese_vowels": japanese_vowels,
    "sunspots": sunspots,
    "reviews": reviews,
}
