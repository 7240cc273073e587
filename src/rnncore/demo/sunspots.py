"""Forecast the monthly sunspot numbers one to twelve months ahead.

The network reads the last 36 months and says by how much each of the next twelve will differ from
the last one. That change, rather than the number itself, starts it off as good as persistence.
The square root evens out the noise, which grows with the number of spots.

Every setting was chosen on the training part: trained on its first 1500 months and compared on
the 500 that follow, and once more with 2000 and 500.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnncore.datasets import load_sunspots
from rnncore.demo._report import Report
from rnncore.demo._training import Phase, train_networks
from rnncore.layers import GRU, Dense, Input
from rnncore.models import Sequential
from rnncore.optimizers import Adam

TRAIN_SHARE = 0.8
WINDOW = 36
MONTHS_AHEAD = 12
UNITS = 32
BATCH_SIZE = 64
PHASES = (Phase(15, 3e-3), Phase(5, 6e-4))
NETWORKS = 3

# sqrt(v + 10): without the 10 the few spots of a quiet year would weigh too much.
_OFFSET = 10.0


class Forecasts(NamedTuple):
    """Forecasts of every month of the test part.

    Attributes
    ----------
    months : ndarray of datetime64[M], shape (N,)
    truth : ndarray of float64, shape (N,)
    network, persistence : ndarray of float64, shape (MONTHS_AHEAD, N)
        Row h - 1 holds what was forecast for those months h months before.
    """

    months: np.ndarray
    truth: np.ndarray
    network: np.ndarray
    persistence: np.ndarray

    def rmse(self) -> tuple[np.ndarray, np.ndarray]:
        """Root mean square error of network and persistence, each (MONTHS_AHEAD,)."""
        network, persistence = (
            np.sqrt(np.mean((rows - self.truth) ** 2, axis=1))
            for rows in (self.network, self.persistence)
        )
        return network, persistence


def build() -> Sequential:
    """The network, compiled: (B, WINDOW, 1) to (B, MONTHS_AHEAD)."""
    network = Sequential([Input((WINDOW, 1)), GRU(UNITS), Dense(MONTHS_AHEAD)])
    network.compile(Adam(PHASES[0].learning_rate, clipnorm=1.0), "mse")
    return network


def forecast(
    seed: int = 0, phases: Sequence[Phase] = PHASES, report: Report | None = None
) -> Forecasts:
    """Train on the first 80% of the months and forecast the others.

    Parameters
    ----------
    seed : int, default 0
    phases : sequence of Phase
        How long to train.
    report : Report, optional
        Told about the progress; None is silent.

    Returns
    -------
    Forecasts
        The mean of what `NETWORKS` networks forecast.
    """
    months, values = load_sunspots()
    split = int(TRAIN_SHARE * len(values))
    roots = np.sqrt(values + _OFFSET)
    mean, deviation = roots[:split].mean(), roots[:split].std()
    scaled = ((roots - mean) / deviation).astype(np.float32)

    # windows[i] ends with month i + WINDOW - 1, changes[i] has the MONTHS_AHEAD that follow it.
    windows = np.lib.stride_tricks.sliding_window_view(scaled, WINDOW)[:, :, None]
    following = np.lib.stride_tricks.sliding_window_view(scaled, MONTHS_AHEAD)[WINDOW:]
    changes = following - windows[: len(following), -1]
    count = split - WINDOW - MONTHS_AHEAD + 1  # all their targets lie in the training part
    networks = train_networks(
        build,
        windows[:count],
        changes[:count],
        phases,
        batch_size=BATCH_SIZE,
        count=NETWORKS,
        seed=seed,
        report=report or Report(0),
    )

    # The first test month is forecast from the months up to MONTHS_AHEAD before it, and nearer.
    first = split - MONTHS_AHEAD - WINDOW + 1
    known = windows[first:-1]
    answers = []
    for network in networks:
        future = network.predict(known, batch_size=256, verbose=0) + known[:, -1]
        future_roots = np.maximum(future * deviation + mean, np.sqrt(_OFFSET))
        answers.append(future_roots**2 - _OFFSET)
    mean_answer = np.mean(answers, axis=0)

    n = len(values) - split
    by_network = np.empty((MONTHS_AHEAD, n))
    by_persistence = np.empty((MONTHS_AHEAD, n))
    for ahead in range(1, MONTHS_AHEAD + 1):
        start = MONTHS_AHEAD - ahead  # of the rows whose month `ahead` is the first test month
        by_network[ahead - 1] = mean_answer[start : start + n, ahead - 1]
        by_persistence[ahead - 1] = values[split - ahead : len(values) - ahead]
    return Forecasts(months[split:], values[split:], by_network, by_persistence)
