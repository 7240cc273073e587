"""The picture of the demo: truth and forecasts of the sunspots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncore.demo.sunspots import Forecasts

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
        axes.plot(years, forecasts.truth, color="0.65", linewidth=1.5, label="truth")
        if row:  # one month ahead it would hide the truth
            axes.plot(
                years, forecasts.persistence[row], color="tab:blue", lw=0.8, label="persistence"
            )
        axes.plot(
            years, forecasts.network[row], color="tab:red", lw=1.8 if row else 1.2, label="network"
        )
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
