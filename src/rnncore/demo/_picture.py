"""The picture of the demo: truth and forecasts of the sunspots."""

from __future__ import annotations

import numpy as np

from rnncore.demo._canvas import Canvas
from rnncore.demo._chart import FAINT, INK, Box, Series, chart
from rnncore.demo.sunspots import Forecasts

WIDTH, HEIGHT = 1280, 820


def draw(forecasts: Forecasts) -> Canvas:
    """Draw the forecasts one month and twelve months ahead, below each other."""
    network, persistence = forecasts.rmse()
    years = 1970 + forecasts.months.astype(np.int64) / 12
    truth = Series("truth", forecasts.truth, (150, 150, 158), 2.0)
    canvas = Canvas(WIDTH, HEIGHT)
    first, last = int(years[0]), int(years[-1])
    canvas.text(70, 48, f"Monthly mean sunspot number, {first} to {last}", 17, INK, bold=True)
    canvas.text(
        70,
        76,
        "None of these months was trained on. RMSE: root mean square error. "
        "Persistence: the last known month, repeated.",
        10,
        FAINT,
    )
    chart(
        canvas,
        Box(70, 150, 1250, 410),
        f"One month ahead: RMSE {network[0]:.1f}, persistence {persistence[0]:.1f}",
        years,
        [truth, Series("network", forecasts.network[0], (214, 76, 38), 1.6)],
        5,
    )
    chart(
        canvas,
        Box(70, 510, 1250, 770),
        f"Twelve months ahead: RMSE {network[-1]:.1f}, persistence {persistence[-1]:.1f}",
        years,
        [
            truth,
            Series("persistence", forecasts.persistence[-1], (90, 140, 200), 1.2),
            Series("network", forecasts.network[-1], (214, 76, 38), 2.2),
        ],
        5,
    )
    return canvas
