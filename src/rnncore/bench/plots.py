"""One picture of a run: speed against the other libraries, roofline, scaling over each axis."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from rnncore.bench.cases import Case
from rnncore.bench.peers import LIBRARIES, OURS
from rnncore.bench.report import geometric_mean, group, ratios
from rnncore.bench.results import Results
from rnncore.utils._files import save_figure

_AXES = {"H": "units", "B": "batch", "T": "steps", "threads": "threads"}
_MOST_BARS = 24
_NAMES = ("red", "orange", "blue", "purple", "green", "brown", "gray")
_COLOURS = {peer: f"tab:{name}" for peer, name in zip((OURS, *LIBRARIES), _NAMES, strict=True)}
_LINES = {"L1": "-", "L2": "--", "L3": "-.", "DRAM": ":"}


def save(results: Results, path: str | Path) -> None:
    """Write the picture; the format follows the name. ImportError without matplotlib."""
    # Not through pyplot, which wants a display and keeps the figure.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(19, 11), layout="constrained")
    axes = figure.subplots(2, 3)
    _speed(axes[0, 0], results)
    _roofline(axes[0, 1], results)
    for axis, name in zip((axes[0, 2], *axes[1]), _AXES, strict=True):
        _scaling(axis, results, name)
    for axis in axes.flat:
        if axis.get_legend_handles_labels()[0]:
            axis.legend(fontsize=7)
    machine = results.machine
    figure.suptitle(f"rnncore bench, {results.created}, {machine['cpu']}, load {machine['load']}")
    save_figure(figure, path, dpi=110)


def _speed(axis: Any, results: Results) -> None:
    """Time of each library over ours, averaged over the cases of a cell and mode."""
    groups = group(
        results.cases, lambda c: f"{c.cell} {c.mode} {c.dtype} {c.threads}t {c.isa or ''}"
    )
    labels = list(groups)[:_MOST_BARS]
    peers = [p for p in dict.fromkeys(row.peer for row in results.rows) if not p.startswith(OURS)]
    width = 0.8 / max(1, len(peers))
    for index, peer in enumerate(peers):
        found = [ratios(results, peer, groups[label]) for label in labels]
        heights = [geometric_mean(one) if one else float("nan") for one in found]
        places = [place + index * width for place in range(len(labels))]
        axis.bar(places, heights, width, label=peer, color=_COLOURS.get(peer))
    axis.axhline(1.0, color="black", linewidth=0.8)
    axis.set_yscale("log")
    ticks = [place + 0.4 - width / 2 for place in range(len(labels))]
    axis.set_xticks(ticks, labels, rotation=60, ha="right", fontsize=7)
    axis.set_ylabel("time / time of rnncore (geometric mean)")
    axis.set_title("Against other libraries: above 1 rnncore is faster")


def _roofline(axis: Any, results: Results) -> None:
    """GFLOP/s over flops per byte of recurrent weights, below what the machine can do."""
    axis.set_title("Roofline (float32): what the machine allows, what was reached")
    measured = results.measured[0] if results.measured else None
    rows = [row for row in results.rows if row.case.dtype == "float32"]
    rows = [row for row in rows if measured and row.case.threads == measured.threads]
    if measured is None or not rows:
        return
    intensities = [row.flops / row.bytes for row in rows]
    low, high = min(intensities) / 2, max(intensities) * 2
    grid = [low * (high / low) ** (i / 60) for i in range(61)]
    for level, rate in measured.bandwidth.items():
        roof = [min(measured.peak["float32"], x * rate) / 1e9 for x in grid]
        axis.plot(grid, roof, color="black", linewidth=0.8, linestyle=_LINES[level], label=level)
    for peer, points in group(rows, lambda row: row.peer).items():
        axis.scatter(
            [row.flops / row.bytes for row in points],
            [row.rate / 1e9 for row in points],
            s=26 if peer == OURS else 9,
            label=peer,
            color=_COLOURS.get(peer),
            zorder=3 if peer == OURS else 2,
        )
    axis.set(xscale="log", yscale="log", ylabel="GFLOP/s")
    axis.set_xlabel("flops per byte of recurrent weights")


def _scaling(axis: Any, results: Results, name: str) -> None:
    """GFLOP/s along one axis of the grid, all else being equal, where most cases are alike."""
    field = _AXES[name]

    def rest(case: Case) -> tuple[Any, ...]:
        """Everything else of a case; I follows H where they are equal."""
        inputs = "H" if case.inputs == case.units else case.inputs
        return tuple({**asdict(case), "inputs": inputs, field: "*"}.items())

    rows = [row for row in results.rows if not row.case.mode.startswith("ragged")]
    counts = Counter(rest(case) for case in {row.case: None for row in rows} if case.mode != "step")
    chosen, count = counts.most_common(1)[0] if counts else ((), 0)
    if count < 2:
        text = f"Scaling over {name}: fewer than two cases"
        axis.text(0.5, 0.5, text, ha="center", transform=axis.transAxes)
        axis.set_axis_off()
        return
    alike = [row for row in rows if rest(row.case) == chosen]
    for peer, found in group(alike, lambda row: row.peer).items():
        found.sort(key=lambda row: int(getattr(row.case, field)))
        below, rates, above = (
            np.array([row.flops / getattr(row, time) / 1e9 for row in found])
            for time in ("high", "median", "low")
        )
        axis.errorbar(
            [getattr(row.case, field) for row in found],
            rates,
            yerr=[rates - below, above - rates],
            marker="o",
            markersize=3,
            linewidth=2 if peer == OURS else 1,
            label=peer,
            color=_COLOURS.get(peer),
        )
    values = dict(chosen)
    sizes = {"T": "steps", "B": "batch", "I": "inputs", "H": "units"}
    parts = [f"{short}={values[long]}" for short, long in sizes.items() if long != field]
    parts += [] if name == "threads" else [f"{values['threads']} thread(s)"]
    axis.set_title(f"Scaling over {name}: {values['cell']} {values['mode']}, {', '.join(parts)}")
    axis.set(xlabel=name, ylabel="GFLOP/s")
