"""Weekly carbon dioxide in the air with missing weeks, which `Masking` skips.

    python examples/co2.py [--quick] [--epochs N] [--seed N]

59 of the 2284 weeks have no value. They are not filled in: a missing week becomes -1 in the input,
`Masking(-1)` makes the LSTM skip it, and windows with a missing target are left out. The network
also gets the week of the year at every step, and forecasts the difference between the target, 13
weeks after the window, and the last measured value.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

import rnncore
from rnncore.datasets import load_co2
from rnncore.layers import LSTM, Dense, Masking

WINDOW, AHEAD, MISSING = 104, 13, -1.0


def main(arguments: Sequence[str] | None = None) -> float:
    """Train, print what was reached and return the error as a share of persistence's."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=25, help="default 25")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (default 0)")
    parser.add_argument("--quick", action="store_true", help="one epoch, to see it run")
    options = parser.parse_args(arguments)
    rnncore.utils.set_random_seed(options.seed)

    weeks, ppm = load_co2()
    year = (weeks - weeks[0]) / np.timedelta64(1, "D") / 365.25 * 2 * np.pi
    # The last value measured up to each week, to take windows and targets relative to it.
    measured = ~np.isnan(ppm)
    latest = ppm[np.maximum.accumulate(np.where(measured, np.arange(len(ppm)), 0))]

    starts = np.arange(len(ppm) - WINDOW - AHEAD + 1)
    steps = starts[:, None] + np.arange(WINDOW)
    target = starts + WINDOW - 1 + AHEAD
    last = latest[steps[:, -1]]
    features = [(ppm[steps] - last[:, None]) / 5, np.sin(year[steps]), np.cos(year[steps])]
    x = np.stack(features, axis=-1)
    x[~measured[steps]] = MISSING  # a step is masked when all its features have this value
    y = (ppm[target] - last)[:, None]

    # Windows whose target lies in the first 80% of the weeks train, later targets test.
    known = measured[target]
    train = known & (target < 0.8 * len(ppm))
    test = known & (target >= 0.8 * len(ppm))
    print(f"{train.sum()} windows to train, {test.sum()} to test; ", end="")
    print(f"{(~measured[steps[train]]).sum()} of their steps are masked")

    model = rnncore.Sequential(
        [rnncore.Input((WINDOW, 3)), Masking(MISSING), LSTM(32), Dense(1)],
    )
    model.compile("adam", "mse")
    epochs = 1 if options.quick else options.epochs
    model.fit(x[train], y[train], epochs=epochs, batch_size=32, verbose=2)

    error = rms(model.predict(x[test], verbose=0) - y[test])
    persistence = rms(y[test])
    # The change over the same 13 weeks of the year before.
    season = latest[target[test] - 52] - latest[steps[test, -1] - 52]
    print(f"root mean squared error, ppm, {AHEAD} weeks ahead: network {error:.2f},", end=" ")
    print(f"persistence {persistence:.2f}, the change of last year {rms(season - y[test, 0]):.2f}")
    return error / persistence


def rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(x**2)))


if __name__ == "__main__":
    main()
