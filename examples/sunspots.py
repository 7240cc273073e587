"""Next month's sunspots from the last 36 months: a minimal forecast.

    python examples/sunspots.py [--quick] [--epochs N] [--seed N]

The baseline is persistence, "next month will be like this one", which is hard to beat one month
ahead.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

import rnncore
from rnncore.datasets import load_sunspots
from rnncore.layers import LSTM, Dense

WINDOW = 36


def main(arguments: Sequence[str] | None = None) -> float:
    """Train, print what was reached and return the error as a share of persistence's."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30, help="default 30")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (default 0)")
    parser.add_argument("--quick", action="store_true", help="one epoch, to see it run")
    options = parser.parse_args(arguments)
    rnncore.utils.set_random_seed(options.seed)

    _, values = load_sunspots()
    split = int(0.8 * len(values))  # the last fifth of the months is for the test
    scale = values[:split].std()  # nothing about the test months is used
    series = (values / scale).astype(np.float32)

    # Row i of x holds months i to i + 35, y[i] is month i + 36.
    x = np.lib.stride_tricks.sliding_window_view(series, WINDOW)[:-1, :, None]
    y = series[WINDOW:, None]
    n = split - WINDOW

    model = rnncore.Sequential([rnncore.Input((WINDOW, 1)), LSTM(32), Dense(1)])
    model.compile("adam", "mse")
    model.fit(x[:n], y[:n], epochs=1 if options.quick else options.epochs, verbose=2)

    forecast = model.predict(x[n:], verbose=0)
    error = float(np.sqrt(np.mean((forecast - y[n:]) ** 2)) * scale)
    persistence = float(np.sqrt(np.mean((x[n:, -1] - y[n:]) ** 2)) * scale)
    print(f"root mean squared error: network {error:.2f}, persistence {persistence:.2f}")
    return error / persistence


if __name__ == "__main__":
    main()
