"""A filter that smooths sunspot numbers as they come, for C programs to run step by step.

    python examples/embedding_train.py [--quick] [--epochs N] [--seed N] [--output FOLDER]

Astronomers smooth the monthly numbers over 13 months, of which six lie ahead: the smoothed number
of a month is known half a year later. The network estimates it in the month itself, from the months
so far. The baseline is the mean of the last months, as many as do best in the months that train.

With `--output` the folder gets `model.rnnc` and `series.txt`, what the programs in examples/c read:

    ./denoise model.rnnc <series.txt
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import rnncore
from rnncore.datasets import load_sunspots
from rnncore.layers import LSTM, Dense, Rescaling

WINDOW, AHEAD = 132, 6


def main(arguments: Sequence[str] | None = None) -> float:
    """Train, print what was reached and return the error as a share of the baseline's."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10, help="default 10")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (default 0)")
    parser.add_argument("--quick", action="store_true", help="one epoch, to see it run")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="for model.rnnc, series.txt")
    options = parser.parse_args(arguments)
    rnncore.utils.set_random_seed(options.seed)

    _, values = load_sunspots()
    series = values.astype(np.float32)
    # Of each month but the first and the last six: the two at the ends count half.
    weights = np.r_[0.5, np.ones(2 * AHEAD - 1), 0.5] / (2 * AHEAD)
    smooth = np.full_like(series, np.nan)
    smooth[AHEAD:-AHEAD] = np.convolve(series, weights, mode="valid")
    split = int(0.8 * len(series))  # the last fifth of the months is for the test

    # Windows of the months that train, with a target for each of their steps.
    starts = np.arange(AHEAD, split - WINDOW - AHEAD, 3)
    steps = starts[:, None] + np.arange(WINDOW)
    # The scales are layers, so that a program needs to know none: it gives and gets sunspots.
    scale = float(series[:split].std())
    model = rnncore.Sequential(
        [
            rnncore.Input((None, 1)),
            Rescaling(1 / scale),
            LSTM(24, return_sequences=True),
            Dense(1),
            Rescaling(scale),
        ]
    )
    model.compile(rnncore.optimizers.Adam(0.01), "mse")
    epochs = 1 if options.quick else options.epochs
    # Cycles of other heights, too: the highest of all are among those of the test.
    x, y = (
        np.concatenate([height * one[steps][..., None] for height in (0.7, 1.0, 1.5)])
        for one in (series, smooth)
    )
    model.fit(x, y, epochs=epochs, batch_size=16, verbose=2)

    test = slice(split, len(series) - AHEAD)
    estimate = model.predict(series[None, :, None], verbose=0)[0, :, 0]
    error = rms(estimate[test] - smooth[test])
    train = slice(24, split - AHEAD)
    months = min(range(1, 25), key=lambda n: rms(trailing(series, n)[train] - smooth[train]))
    baseline = rms(trailing(series, months)[test] - smooth[test])
    print(f"root mean squared error: network {error:.2f}, the month itself", end=" ")
    print(f"{rms(series[test] - smooth[test]):.2f}, mean of {months} months {baseline:.2f}")
    if options.output is not None:
        options.output.mkdir(parents=True, exist_ok=True)
        model.save(options.output / "model.rnnc", runtime=True)
        np.savetxt(options.output / "series.txt", series, "%.9g")
    return error / baseline


def trailing(series: np.ndarray, months: int) -> np.ndarray:
    """The mean of the last `months` months; of fewer at the start."""
    sums = np.convolve(series, np.ones(months))[: len(series)]
    return np.asarray(sums / np.minimum(np.arange(len(series)) + 1, months))


def rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(x**2)))


if __name__ == "__main__":
    main()
