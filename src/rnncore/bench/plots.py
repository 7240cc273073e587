"""One picture of a run: speed against the other libraries, roofline, scaling over each axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnncore.bench.cases import Case
from rnncore.bench.peers import OURS
from rnncore.bench.report import geometric_mean, ratios
from rnncore.bench.results import Results, Row
from rnncore.utils._atomic import save_figure

SUFFIXES = (".png", ".svg", ".pdf")
_AXES = {"H": "units", "B": "batch", "T": "steps", "threads": "threads"}
_MOST_BARS = 24
_COLOURS = {
    "rnncore": "tab:red",
    "torch": "tab:orange",
    "onnxruntime": "tab:blue",
    "openvino": "tab:purple",
    "jax": "tab:green",
    "keras": "tab:brown",
    "numpy": "tab:gray",
    "rnncore-padded": "tab:pink",
    "rnncore-noblas": "tab:olive",
}
_LINES = {"L1": "-", "L2": "--", "L3": "-.", "DRAM": ":"}


def check(path: str | Path) -> None:
    """Before anything is measured: can a picture be written under this name?

    ValueError when it does not end in one of `SUFFIXES`; ImportError without matplotlib, with the
    name of the extra that brings it.
    """
    if Path(path).suffix not in SUFFIXES:
        suffixes = ", ".join(SUFFIXES)
        raise ValueError(f"--plot: expected a name that ends in {suffixes}, got '{path}'")
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError("--plot needs matplotlib: pip install 'rnncore[plot]'") from error
    matplotlib.use("agg")


def save(results: Results, path: str | Path) -> None:
    """Write the picture; the format follows the name (`SUFFIXES`).

    Raises
    ------
    ValueError, ImportError
        As `check`.
    """
    check(path)
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 3, figsize=(19, 11), constrained_layout=True)
    try:
        _speed(axes[0, 0], results)
        _roofline(axes[0, 1], results)
        for axis, name in zip((axes[0, 2], *axes[1]), _AXES, strict=True):
            _scaling(axis, results, name)
        machine = results.machine
        figure.suptitle(
            f"rnncore bench, {results.created}, {machine['cpu']}, load {machine['load']}"
        )
        save_figure(figure, path, dpi=110)
    finally:
        pyplot.close(figure)


def _speed(axis: Any, results: Results) -> None:
    """Time of each library over ours, averaged over the cases of a cell and mode."""
    groups = list(
        dict.fromkeys((c.cell, c.mode, c.dtype, c.threads, c.isa or "") for c in results.cases)
    )[:_MOST_BARS]
    peers = [p for p in dict.fromkeys(row.peer for row in results.rows) if not p.startswith(OURS)]
    width = 0.8 / max(1, len(peers))
    for index, peer in enumerate(peers):
        heights = []
        for group in groups:
            cases = [
                c
                for c in results.cases
                if (c.cell, c.mode, c.dtype, c.threads, c.isa or "") == group
            ]
            found = ratios(results, peer, cases)
            heights.append(geometric_mean(found) if found else float("nan"))
        axis.bar(
            [i + index * width for i in range(len(groups))],
            heights,
            width,
            label=peer,
            color=_COLOURS.get(peer),
        )
    axis.axhline(1.0, color="black", linewidth=0.8)
    axis.set_yscale("log")
    axis.set_xticks([i + 0.4 - width / 2 for i in range(len(groups))])
    labels = [f"{cell} {mode} {dtype} {n}t {isa}" for cell, mode, dtype, n, isa in groups]
    axis.set_xticklabels(labels, rotation=60, ha="right", fontsize=7)
    axis.set_ylabel("time / time of rnncore (geometric mean)")
    axis.set_title("Against other libraries: above 1 rnncore is faster")
    _legend(axis)


def _roofline(axis: Any, results: Results) -> None:
    """GFLOP/s over flops per byte of recurrent weights, below what the machine can do."""
    measured = results.measured[0] if results.measured else None
    rows = [
        row
        for row in results.rows
        if measured is not None
        and row.case.threads == measured.threads
        and row.case.dtype == "float32"
    ]
    axis.set_title("Roofline (float32): what the machine allows, what was reached")
    if measured is None or not rows:
        return
    intensities = [row.flops / row.bytes for row in rows]
    span = [min(intensities) / 2, max(intensities) * 2]
    grid = [span[0] * (span[1] / span[0]) ** (i / 60) for i in range(61)]
    for level, rate in measured.bandwidth.items():
        roof = [min(measured.peak["float32"], x * rate) / 1e9 for x in grid]
        axis.plot(grid, roof, color="black", linewidth=0.8, linestyle=_LINES[level], label=level)
    for peer in dict.fromkeys(row.peer for row in rows):
        points = [row for row in rows if row.peer == peer]
        axis.scatter(
            [row.flops / row.bytes for row in points],
            [row.rate / 1e9 for row in points],
            s=26 if peer == OURS else 9,
            label=peer,
            color=_COLOURS.get(peer),
            zorder=3 if peer == OURS else 2,
        )
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("flops per byte of recurrent weights")
    axis.set_ylabel("GFLOP/s")
    _legend(axis)


def _scaling(axis: Any, results: Results, name: str) -> None:
    """GFLOP/s along one axis of the grid, all else being equal, where most cases are alike."""
    value_of, rest = _along(_AXES[name])
    rows = [row for row in results.rows if not row.case.mode.startswith("ragged")]
    counts = Counter(
        rest(case) for case in dict.fromkeys(row.case for row in rows) if case.mode != "step"
    )
    if not counts or counts.most_common(1)[0][1] < 2:
        text = f"Scaling over {name}: fewer than two cases"
        axis.text(0.5, 0.5, text, ha="center", transform=axis.transAxes)
        axis.set_axis_off()
        return
    axis.set_xlabel(name)
    axis.set_ylabel("GFLOP/s")
    chosen = counts.most_common(1)[0][0]
    by_peer: dict[str, list[Row]] = {}
    for row in rows:
        if rest(row.case) == chosen:
            by_peer.setdefault(row.peer, []).append(row)
    for peer, found in by_peer.items():
        found.sort(key=lambda row: value_of(row.case))
        axis.errorbar(
            [value_of(row.case) for row in found],
            [row.rate / 1e9 for row in found],
            yerr=[
                [(row.rate - row.flops / row.high) / 1e9 for row in found],
                [(row.flops / row.low - row.rate) / 1e9 for row in found],
            ],
            marker="o",
            markersize=3,
            linewidth=2 if peer == OURS else 1,
            label=peer,
            color=_COLOURS.get(peer),
        )
    axis.set_title(f"Scaling over {name}: {_describe(chosen, name)}")
    _legend(axis)


def _along(field: str) -> tuple[Callable[[Case], int], Callable[[Case], tuple[Any, ...]]]:
    """The value on an axis, and everything else of a case; I follows H where they are equal."""

    def rest(case: Case) -> tuple[Any, ...]:
        values = case.as_dict()
        if case.inputs == case.units:
            values["inputs"] = "H"
        values[field] = "*"
        return tuple(values.items())

    return lambda case: int(getattr(case, field)), rest


def _describe(chosen: tuple[Any, ...], name: str) -> str:
    values = dict(chosen)
    sizes = {"T": "steps", "B": "batch", "I": "inputs", "H": "units"}
    parts = [f"{short}={values[long]}" for short, long in sizes.items() if short != name]
    threads = "" if name == "threads" else f", {values['threads']} thread(s)"
    return f"{values['cell']} {values['mode']}, {', '.join(parts)}{threads}"


def _legend(axis: Any) -> None:
    if axis.get_legend_handles_labels()[0]:
        axis.legend(fontsize=7)
