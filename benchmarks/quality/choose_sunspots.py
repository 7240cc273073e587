"""How the sunspot settings of ``rnncore demo`` compare with others: ``python choose_sunspots.py``.

Only the first 80% of the months are read, the demo's training part. They are split twice, 1500
and 2000 months to train and the 500 that follow to compare. Every row changes one setting of the
demo. A figure is the error (RMSE) of the mean of four networks over that of persistence, averaged
over the two splits; the demo's own settings run with several seeds, which shows how much of a
difference is luck.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

import rnncore
from rnncore.datasets import load_sunspots
from rnncore.demo import sunspots
from rnncore.demo._training import Report, train_networks
from rnncore.layers import GRU, LSTM, Dense, Input, SimpleRNN
from rnncore.models import Sequential
from rnncore.optimizers import Adam

TRAIN_COUNTS = (1500, 2000)
COMPARED = 500
DISTANT = sunspots.MONTHS_AHEAD


class Settings(NamedTuple):
    """What can be chosen; the defaults are the demo's."""

    window: int = sunspots.WINDOW
    units: int = sunspots.UNITS
    cell: type = GRU
    batch_size: int = sunspots.BATCH_SIZE
    rates: tuple[float, ...] = sunspots.RATES
    offset: float = 10.0  # of the square root
    scaled: bool = True  # whether the changes of each distance are divided by their deviation
    networks: int = sunspots.NETWORKS


DEMO = Settings()
CANDIDATES = {
    "window 24": DEMO._replace(window=24),
    "window 48": DEMO._replace(window=48),
    "window 60": DEMO._replace(window=60),
    "16 units": DEMO._replace(units=16),
    "64 units": DEMO._replace(units=64),
    "LSTM": DEMO._replace(cell=LSTM),
    "SimpleRNN": DEMO._replace(cell=SimpleRNN),
    "batches of 32": DEMO._replace(batch_size=32),
    "batches of 128": DEMO._replace(batch_size=128),
    "8 + 4 epochs": DEMO._replace(rates=8 * (3e-3,) + 4 * (6e-4,)),
    "25 + 5 epochs": DEMO._replace(rates=25 * (3e-3,) + 5 * (6e-4,)),
    "20 epochs at 1e-3": DEMO._replace(rates=20 * (1e-3,)),
    "sqrt(v + 1)": DEMO._replace(offset=1.0),
    "sqrt(v + 30)": DEMO._replace(offset=30.0),
    "changes not scaled": DEMO._replace(scaled=False),
    "one network": DEMO._replace(networks=1),
}
SEEDS = 4  # of the demo's settings


def forecast(values: np.ndarray, count: int, outputs: int, s: Settings, seed: int) -> np.ndarray:
    """Train on the first `count` months; forecasts (COMPARED, outputs) of the months after them.

    Row i starts from month ``count - 1 + i``, the last one it knows; column h is h + 1 months
    ahead.
    """
    roots = np.sqrt(values[: count + COMPARED] + s.offset)
    mean, deviation = roots[:count].mean(), roots[:count].std()
    scaled = ((roots - mean) / deviation).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(scaled, s.window)[:, :, None]
    following = np.lib.stride_tricks.sliding_window_view(scaled, outputs)[s.window :]
    changes = following - windows[: len(following), -1]
    n = count - s.window - outputs + 1  # all their targets lie among the first `count` months
    spread = changes[:n].std(axis=0) if s.scaled else np.ones(outputs, np.float32)

    def build() -> Sequential:
        network = Sequential([Input((s.window, 1)), s.cell(s.units), Dense(outputs)])
        network.compile(Adam(clipnorm=1.0), "mse")
        return network

    networks = train_networks(
        build,
        windows[:n],
        changes[:n] / spread,
        s.rates,
        batch_size=s.batch_size,
        count=s.networks,
        seed=seed,
        report=Report(0),
    )
    known = windows[count - s.window :][:COMPARED]
    answers = np.zeros((COMPARED, outputs))
    for network in networks:
        future = network.predict(known, batch_size=256, verbose=0) * spread + known[:, -1]
        future_roots = np.maximum(future * deviation + mean, np.sqrt(s.offset))
        answers += (future_roots**2 - s.offset) / s.networks
    return answers


def over_persistence(values: np.ndarray, count: int, ahead: int, answers: np.ndarray) -> float:
    """RMSE of forecasts `ahead` months ahead over that of persistence for the same months."""
    rows = COMPARED - ahead + 1  # those whose month lies within the compared part
    truth = values[count + ahead - 1 : count + COMPARED]
    last = values[count - 1 :][:rows]
    network = answers[:rows, ahead - 1]
    return float(np.sqrt(np.mean((network - truth) ** 2) / np.mean((last - truth) ** 2)))


def compare(values: np.ndarray, settings: Settings, seed: int) -> np.ndarray:
    """Mean over the splits: a month ahead by its own networks and by the others, twelve ahead."""
    scores = []
    for count in TRAIN_COUNTS:
        near = forecast(values, count, 1, settings, seed)
        far = forecast(values, count, DISTANT, settings, seed)
        scores.append(
            [
                over_persistence(values, count, 1, near),
                over_persistence(values, count, 1, far),
                over_persistence(values, count, DISTANT, far),
            ]
        )
    return np.mean(scores, axis=0)


def main() -> None:
    rnncore.set_num_threads(1)
    start = time.perf_counter()
    _, values = load_sunspots()
    values = values[: int(sunspots.TRAIN_SHARE * len(values))]
    rows = {f"the demo's, seed {seed}": (DEMO, seed) for seed in range(SEEDS)}
    rows |= {name: (settings, 0) for name, settings in CANDIDATES.items()}
    print("| settings | 1 month ahead | the same by the networks for 12 | 12 months ahead |")
    print("|---|---:|---:|---:|")
    for name, (settings, seed) in rows.items():
        near, shared, far = compare(values, settings, seed)
        print(f"| {name} | {near:.3f} | {shared:.3f} | {far:.3f} |", flush=True)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
