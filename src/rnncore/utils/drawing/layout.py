"""Where boxes go: in ranks from top to bottom, so that every edge leads downwards.

The steps are those of Sugiyama, Tagawa and Toda (1981): ranks by the longest path; an edge that
passes a rank gets a place of its own there, so that it crosses no box; the order in each rank by
the mean place of the neighbours, to have few crossings; then the positions closest to those of
the neighbours that keep order and distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]

GAP = 28.0  # between neighbours in a rank
RANK_GAP = 40.0  # between ranks, where the edges run
_PASS = 12.0  # the width that is kept free for an edge that passes a rank
_SWEEPS = 24


@dataclass
class Placed:
    """The result: sizes and positions in the same unit as the sizes of the boxes.

    Attributes
    ----------
    centres : list of (x, y)
        Of the boxes.
    routes : list of list of (x, y)
        For each edge, points from the lower side of one box to the upper side of the other; between
        the points 0 and 1, 2 and 3 and so on it runs straight down, else in a curve.
    width, height : float
    """

    centres: list[Point]
    routes: list[list[Point]]
    width: float
    height: float


def place(sizes: Sequence[Point], edges: Sequence[tuple[int, int]]) -> Placed:
    """Place boxes of some sizes; each edge leads from a box to one of a higher number."""
    rank = _ranks(len(sizes), edges)
    widths = [size[0] for size in sizes]
    heights = [size[1] for size in sizes]
    paths: list[list[int]] = []  # of each edge: the box, the places where it passes ranks, the box
    for source, target in edges:
        path = [source]
        for passed in range(rank[source] + 1, rank[target]):
            path.append(len(rank))
            rank.append(passed)
            widths.append(_PASS)
            heights.append(0.0)
        paths.append([*path, target])
    rows = _rows(rank)
    above, below = _neighbours(len(rank), paths)
    _order(rows, above, below)
    x = _positions(rows, widths, above, below)
    tops, row_heights = _tops(rows, heights)
    leftmost = min((x[i] - widths[i] / 2 for i in range(len(x))), default=0.0)
    x = [one - leftmost for one in x]
    width = max((x[i] + widths[i] / 2 for i in range(len(x))), default=0.0)
    height = tops[-1] + row_heights[-1] if rows else 0.0
    centres = [(x[i], tops[rank[i]] + row_heights[rank[i]] / 2) for i in range(len(sizes))]
    starts = _ports(paths, x, widths, end=0)
    ends = _ports(paths, x, widths, end=-1)
    routes = []
    for index, path in enumerate(paths):
        first, last = path[0], path[-1]
        points = [(starts[index], centres[first][1] + heights[first] / 2)]
        points.append((starts[index], tops[rank[first]] + row_heights[rank[first]]))
        for passing in path[1:-1]:
            top = tops[rank[passing]]
            points += [(x[passing], top), (x[passing], top + row_heights[rank[passing]])]
        points.append((ends[index], tops[rank[last]]))
        points.append((ends[index], centres[last][1] - heights[last] / 2))
        routes.append(points)
    return Placed(centres, routes, width, height)


def _ranks(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Return the length of the longest path to each box; sources move down to their readers."""
    rank = [0] * count
    for source, target in sorted(edges, key=lambda edge: edge[0]):
        rank[target] = max(rank[target], rank[source] + 1)
    for box in range(count):
        readers = [rank[target] for source, target in edges if source == box]
        if readers and all(target != box for _, target in edges):
            rank[box] = min(readers) - 1
    return rank


def _rows(rank: Sequence[int]) -> list[list[int]]:
    rows: list[list[int]] = [[] for _ in range(max(rank, default=-1) + 1)]
    for item, row in enumerate(rank):
        rows[row].append(item)
    return rows


def _neighbours(count: int, paths: Sequence[Sequence[int]]) -> tuple[list[list[int]], ...]:
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for path in paths:
        for one, other in pairwise(path):
            below[one].append(other)
            above[other].append(one)
    return above, below


def _order(rows: list[list[int]], above: list[list[int]], below: list[list[int]]) -> None:
    """Sort each row by the mean place of the neighbours, keeping the best of some sweeps."""
    best, fewest = [list(row) for row in rows], _crossings(rows, below)
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        neighbours = above if downwards else below
        for index in range(len(rows)) if downwards else reversed(range(len(rows))):
            place = {item: i for row in rows for i, item in enumerate(row)}
            means = {
                item: sum(place[other] for other in neighbours[item]) / len(neighbours[item])
                if neighbours[item]
                else float(place[item])
                for item in rows[index]
            }
            rows[index].sort(key=lambda item, means=means: means[item])  # type: ignore[misc]
        found = _crossings(rows, below)
        if found < fewest:
            best, fewest = [list(row) for row in rows], found
    rows[:] = best


def _crossings(rows: list[list[int]], below: list[list[int]]) -> int:
    count = 0
    for upper, lower in pairwise(rows):
        place = {item: i for i, item in enumerate(lower)}
        ends = [place[other] for item in upper for other in sorted(below[item], key=place.get)]  # type: ignore[arg-type]
        count += sum(a > b for i, a in enumerate(ends) for b in ends[i + 1 :])
    return count


def _positions(
    rows: list[list[int]],
    widths: Sequence[float],
    above: list[list[int]],
    below: list[list[int]],
) -> list[float]:
    """Return the centres along a row, drawn towards the neighbours above and below."""
    x = [0.0] * len(widths)
    for row in rows:
        end = 0.0
        for item in row:
            x[item] = end + widths[item] / 2
            end += widths[item] + GAP
        for item in row:
            x[item] -= (end - GAP) / 2
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        last = sweep >= _SWEEPS // 2
        for row in rows if downwards else reversed(rows):
            wanted = []
            for item in row:
                near = (above if downwards else below)[item]
                if last or not near:
                    near = [*above[item], *below[item]]
                wanted.append(sum(x[other] for other in near) / len(near) if near else x[item])
            for item, position in zip(row, _spread(row, wanted, widths), strict=True):
                x[item] = position
    return x


def _spread(row: Sequence[int], wanted: Sequence[float], widths: Sequence[float]) -> list[float]:
    """Return the positions nearest to the wanted ones, by squares, that keep the distances.

    Without the distances this is a regression by a rising sequence: neighbours that come too close
    are pooled at their mean.
    """
    offsets = [0.0]
    for one, other in pairwise(row):
        offsets.append(offsets[-1] + (widths[one] + widths[other]) / 2 + GAP)
    pools: list[tuple[float, int]] = []
    for position, offset in zip(wanted, offsets, strict=True):
        pools.append((position - offset, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, n), (b, m) = pools[-2:]
            pools[-2:] = [((a * n + b * m) / (n + m), n + m)]
    level = [mean for mean, count in pools for _ in range(count)]
    return [one + offset for one, offset in zip(level, offsets, strict=True)]


def _tops(rows: list[list[int]], heights: Sequence[float]) -> tuple[list[float], list[float]]:
    row_heights = [max(heights[item] for item in row) for row in rows]
    tops, top = [], 0.0
    for height in row_heights:
        tops.append(top)
        top += height + RANK_GAP
    return tops, row_heights


def _ports(
    paths: Sequence[Sequence[int]], x: Sequence[float], widths: Sequence[float], end: int
) -> list[float]:
    """Return where each edge leaves (end 0) or meets (end -1) its box, side by side."""
    found = [0.0] * len(paths)
    by_box: dict[int, list[int]] = {}
    for index, path in enumerate(paths):
        by_box.setdefault(path[end], []).append(index)
    for box, indices in by_box.items():
        beside = 1 if end == 0 else -2
        indices.sort(key=lambda index: (x[paths[index][beside]], index))
        step = min(18.0, widths[box] / (len(indices) + 1))
        for place, index in enumerate(indices):
            found[index] = x[box] + step * (place - (len(indices) - 1) / 2)
    return found
