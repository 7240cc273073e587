"""Run the demo from the first line printed to the last."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from rnncore._runtime import info
from rnncore.demo import japanese_vowels, sunspots
from rnncore.demo._training import Report
from rnncore.utils._files import save_figure

_ROWS = (1, 3, 6, 12)


def run(seed: int, output: Path, report: Report) -> tuple[sunspots.Forecasts, np.ndarray]:
    """Train and test on both data sets, print the results and draw `output`.

    Returns the forecasts and the confusion matrix of the speakers.

    Parameters
    ----------
    seed : int
    output : Path
        The picture to write: PNG, SVG or PDF by its suffix.
    report : Report

    Raises
    ------
    OSError
        When `output` cannot be written.
    ImportError
        Without matplotlib.
    """
    start = time.perf_counter()
    here = info()
    threads = here["num_threads"]
    report.say(
        f"rnncore {here['version']}: {here['isa']} kernels, "
        f"{threads} thread{'s' if threads > 1 else ''}, seed {seed}"
    )
    with report:
        forecasts = _sunspots(seed, report)
        confusion = _vowels(seed, report)
    save_figure(sunspots.draw(forecasts), output)
    total = time.perf_counter() - start
    report.say("", f"Picture of the sunspot forecasts: {output}", f"Total time: {total:.1f} s")
    return forecasts, confusion


def _sunspots(seed: int, report: Report) -> sunspots.Forecasts:
    report.say(
        "",
        "Sunspots: forecast the monthly number",
        f"  Networks with GRU({sunspots.UNITS}) read {sunspots.WINDOW} months: "
        f"{sunspots.NETWORKS} forecast the next {sunspots.MONTHS_AHEAD},",
        f"  {sunspots.NETWORKS} more the next month alone; the mean of each kind counts",
    )
    start = time.perf_counter()
    forecasts = sunspots.forecast(seed, report)
    seconds = time.perf_counter() - start
    months = forecasts.months
    network, persistence = forecasts.rmse()
    report.say(
        f"  {seconds:.1f} s; tested on {months[0]} to {months[-1]}, not trained on:",
        "",
        "    months ahead    RMSE network    RMSE persistence*    better by",
    )
    for ahead in _ROWS:
        ours, theirs = network[ahead - 1], persistence[ahead - 1]
        report.say(
            f"    {ahead:>12}    {ours:>12.1f}    {theirs:>16.1f}     {1 - ours / theirs:>9.1%}"
        )
    report.say("    * the last known month, repeated")
    return forecasts


def _vowels(seed: int, report: Report) -> np.ndarray:
    report.say(
        "",
        "JapaneseVowels: who of nine speakers said /ae/?",
        f"  {japanese_vowels.NETWORKS} networks with GRU({japanese_vowels.UNITS}) read 7 to 29 "
        "frames of 12 numbers; their mean counts",
    )
    start = time.perf_counter()
    confusion = japanese_vowels.recognise(seed, report)
    seconds = time.perf_counter() - start
    right, total = confusion.trace(), confusion.sum()
    numbers = "".join(f"{j + 1:>4}" for j in range(len(confusion)))
    report.say(
        f"  {seconds:.1f} s; tested on {total} utterances, not trained on: "
        f"{right} right, accuracy {right / total:.3f}",
        "",
        "    speaker  recognised as",
        f"             {numbers}       right",
    )
    for i, row in enumerate(confusion):
        counts = "".join(f"{count or '.':>4}" for count in row)
        report.say(f"    {i + 1:>7}  {counts}    {row[i]:>2} of {row.sum()}")
    return confusion
