"""Tell nine speakers apart by how they say one vowel.

There are only 270 utterances to learn from, so what helps most is dropout, also of the input.

Every setting was chosen on the training part: trained on the first 20 utterances of each speaker
and compared on the other 10.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnncore.datasets import load_japanese_vowels
from rnncore.demo._training import Phase, Report, train_networks
from rnncore.layers import GRU, Dense, Dropout, Input, Masking
from rnncore.models import Sequential
from rnncore.optimizers import Adam

SPEAKERS = 9
UNITS = 64
INPUT_DROPOUT = 0.3
DROPOUT = 0.5
BATCH_SIZE = 16
PHASES = (Phase(60, 2e-3),)
NETWORKS = 5


class Recognised(NamedTuple):
    """Who spoke and whom the network heard, both int64 (N,), speakers from 0 to 8."""

    truth: np.ndarray
    answer: np.ndarray

    def accuracy(self) -> float:
        """Share of the utterances whose speaker was recognised."""
        return float(np.mean(self.truth == self.answer))

    def confusion(self) -> np.ndarray:
        """How often speaker i (row) was taken for speaker j (column), int64 (9, 9)."""
        counts = np.zeros((SPEAKERS, SPEAKERS), np.int64)
        np.add.at(counts, (self.truth, self.answer), 1)
        return counts


def standardised() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """``x_train, y_train, x_test, y_test``, each coefficient with mean 0 and deviation 1.

    Measured on the real frames of the training part; the padding stays zero.
    """
    train, test = load_japanese_vowels()
    steps = np.arange(train.x.shape[1])
    frames = train.x[steps < train.lengths[:, None]]
    mean, deviation = frames.mean(axis=0), frames.std(axis=0)

    def scale(x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        real = (steps < lengths[:, None])[:, :, None]
        return np.where(real, (x - mean) / deviation, 0).astype(np.float32)

    return scale(train.x, train.lengths), train.y, scale(test.x, test.lengths), test.y


def build() -> Sequential:
    """The network, compiled: (B, 29, 12) to (B, 9)."""
    network = Sequential(
        [
            Input((29, 12)),
            Masking(),
            Dropout(INPUT_DROPOUT),
            GRU(UNITS),
            Dropout(DROPOUT),
            Dense(SPEAKERS, activation="softmax"),
        ]
    )
    network.compile(Adam(PHASES[0].learning_rate), "sparse_categorical_crossentropy")
    return network


def recognise(seed: int = 0, report: Report | None = None) -> Recognised:
    """Train on the 270 utterances of the training part and name the speakers of the other 370.

    Parameters
    ----------
    seed : int, default 0
    report : Report, optional
        Told about the progress; None is silent.

    Returns
    -------
    Recognised
        By the mean of the probabilities that `NETWORKS` networks give.
    """
    x_train, y_train, x_test, y_test = standardised()
    networks = train_networks(
        build,
        x_train,
        y_train,
        PHASES,
        batch_size=BATCH_SIZE,
        count=NETWORKS,
        seed=seed,
        report=report or Report(0),
    )
    answers = [network.predict(x_test, verbose=0) for network in networks]
    return Recognised(y_test, np.mean(answers, axis=0).argmax(axis=1))
