"""Forecast the monthly sunspot numbers one to twelve months ahead.

One network reads the last 36 months and says by how much the next will differ from the last one;
another, which learns what is common to all distances, says it of each of the next twelve. That
change, rather than the number itself, starts them off as good as persistence.
The square root evens out the noise, which grows with the number of spots. The changes of each
distance are divided by their standard deviation, or the far ones would rule the loss.

Every setting was chosen on the training part: trained on its first 1500 months and compared on
the 500 that follow, and once more with 2000 and 500. How often the test part was scored
meanwhile stands in benchmarks/quality/README.md.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rnncore.datasets import load_sunspots
from rnncore.demo._training import Report, train_networks
from rnncore.layers import GRU, Dense, Input
from rnncore.models import Sequential
from rnncore.optimizers import Adam

if TYPE_CHECKING:
    from matplotlib.figure import Figure


TRAIN_SHARE = 0.8
WINDOW = 36
MONTHS_AHEAD = 12
UNITS = 32
BATCH_SIZE = 64
RATES = 15 * (3e-3,) + 5 * (6e-4,)
NETWORKS = 4  # of each kind

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

    def rmse(self) -> list[np.ndarray]:
        """Root mean square error of network and persistence, each (MONTHS_AHEAD,)."""
        both = self.network, self.persistence
        return [np.sqrt(np.mean((rows - self.truth) ** 2, axis=1)) for rows in both]


def build(outputs: int) -> Sequential:
    """A network, compiled: (B, WINDOW, 1) to (B, outputs)."""
    network = Sequential([Input((WINDOW, 1)), GRU(UNITS), Dense(outputs)])
    network.compile(Adam(clipnorm=1.0), "mse")
    return network


def forecast(seed: int, report: Report) -> Forecasts:
    """Train on the first 80% of the months and forecast the others.

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

    windows = np.lib.stride_tricks.sliding_window_view(scaled, WINDOW)[:, :, None]
    by_network = np.empty((MONTHS_AHEAD, len(values) - split))
    for outputs in (MONTHS_AHEAD, 1):  # the network of the next month has the last word on it
        # Window i ends with month i + WINDOW - 1; changes[i] has the `outputs` that follow it.
        following = np.lib.stride_tricks.sliding_window_view(scaled, outputs)[WINDOW:]
        changes = following - windows[: len(following), -1]
        count = split - WINDOW - outputs + 1  # all their targets lie in the training part
        spread = changes[:count].std(axis=0)
        networks = train_networks(
            partial(build, outputs),
            windows[:count],
            changes[:count] / spread,
            RATES,
            batch_size=BATCH_SIZE,
            count=NETWORKS,
            seed=seed,
            report=report,
            name=f"next {outputs} months: network" if outputs > 1 else "next month: network",
        )
        # The windows from the one whose last forecast is the first test month.
        known = windows[split - outputs - WINDOW + 1 : -1]
        answers = np.zeros((len(known), outputs))
        for network in networks:
            future = network.predict(known, batch_size=256, verbose=0) * spread + known[:, -1]
            future_roots = np.maximum(future * deviation + mean, np.sqrt(_OFFSET))
            answers += (future_roots**2 - _OFFSET) / NETWORKS
        for ahead in range(1, outputs + 1):
            start = outputs - ahead  # the row whose month `ahead` is the first test month
            by_network[ahead - 1] = answers[start : start + len(values) - split, ahead - 1]
    by_persistence = [values[split - ahead : -ahead] for ahead in range(1, MONTHS_AHEAD + 1)]
    return Forecasts(months[split:], values[split:], by_network, np.array(by_persistence))


def draw(forecasts: Forecasts) -> Figure:
    """Draw the forecasts one month and twelve months ahead, below each other."""
    # Not through pyplot, which wants a display and keeps the figure.
    from matplotlib.figure import Figure

    network, persistence = forecasts.rmse()
    years = 1970 + forecasts.months.astype(np.int64) / 12
    figure = Figure(figsize=(12.8, 8.2))
    figure.set_layout_engine("constrained", w_pad=0.15, h_pad=0.1)
    both = figure.subplots(2, sharex=True, sharey=True)
    for axes, ahead, row in zip(both, ("One month", "Twelve months"), (0, -1), strict=True):
        drawn = {"truth": (forecasts.truth, "0.65", 1.5)}
        if row:  # one month ahead it would hide the truth
            drawn["persistence"] = forecasts.persistence[row], "tab:blue", 0.8
        drawn["network"] = forecasts.network[row], "tab:red", 1.8 if row else 1.2
        for label, (numbers, colour, width) in drawn.items():
            axes.plot(years, numbers, color=colour, linewidth=width, label=label)
        axes.set_title(
            f"{ahead} ahead: RMSE {network[row]:.1f}, persistence {persistence[row]:.1f}",
            loc="left",
            pad=12,
        )
        axes.set_ylabel("sunspot number")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    both[0].set(ylim=(0, None), xlim=(years[0], years[-1]))
    figure.suptitle(
        f"Monthly mean sunspot number, {int(years[0])} to {int(years[-1])}",
        fontsize="x-large",
        weight="bold",
    )
    figure.supxlabel(
        "None of these months was trained on. RMSE: root mean square error. Persistence: the last "
        "known month, repeated.",
        fontsize="small",
        color="0.4",
    )
    return figure
