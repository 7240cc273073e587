"""Where the boxes of a drawing go: apart from each other, with edges around them, downwards."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncore.utils.drawing.layout import GAP, RANK_GAP, Placed, place

Sizes = list[tuple[float, float]]
Edges = list[tuple[int, int]]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Sizes, Edges]:
    count = draw(st.integers(1, 9))
    size = st.tuples(st.floats(10, 200), st.floats(10, 100))
    sizes = draw(st.lists(size, min_size=count, max_size=count))
    pairs = list(combinations(range(count), 2))
    edges = draw(st.lists(st.sampled_from(pairs), max_size=14)) if pairs else []
    return sizes, edges


def expect_apart(sizes: Sizes, placed: Placed) -> None:
    rectangles = [
        (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        for (x, y), (w, h) in zip(placed.centres, sizes, strict=True)
    ]
    for left, top, right, bottom in rectangles:
        assert left >= -1e-6 and top >= -1e-6
        assert right <= placed.width + 1e-6 and bottom <= placed.height + 1e-6
    for one, other in combinations(rectangles, 2):
        beside = one[2] + GAP <= other[0] + 1e-6 or other[2] + GAP <= one[0] + 1e-6
        below = one[3] + RANK_GAP <= other[1] + 1e-6 or other[3] + RANK_GAP <= one[1] + 1e-6
        assert beside or below


@given(graphs())
def test_boxes_stay_apart_and_edges_lead_downwards_around_them(graph: tuple[Sizes, Edges]) -> None:
    sizes, edges = graph
    placed = place(sizes, edges)
    expect_apart(sizes, placed)
    for (source, target), route in zip(edges, placed.routes, strict=True):
        assert len(route) % 2 == 0
        assert all(a[1] <= b[1] + 1e-6 for a, b in pairwise(route))
        for box, point, sign in ((source, route[0], 1), (target, route[-1], -1)):
            (x, y), (w, h) = placed.centres[box], sizes[box]
            assert abs(point[0] - x) < w / 2 and point[1] == pytest.approx(y + sign * h / 2)
        # The straight parts stand beside the boxes of their rank; the curves run between ranks.
        for above, below in zip(route[2:-2:2], route[3:-1:2], strict=True):
            assert above[0] == below[0]
            for (x, y), (w, h) in zip(placed.centres, sizes, strict=True):
                if above[1] - 1e-6 <= y - h / 2 and y + h / 2 <= below[1] + 1e-6:
                    assert abs(above[0] - x) > w / 2


@given(graphs())
def test_the_same_graph_is_placed_alike(graph: tuple[Sizes, Edges]) -> None:
    assert place(*graph) == place(*graph)


def test_a_chain_is_straight() -> None:
    placed = place([(50, 20), (90, 40), (30, 20)], [(0, 1), (1, 2)])
    assert {x for x, _ in placed.centres} == {45.0}
    assert [y for _, y in placed.centres] == [10, 20 + RANK_GAP + 20, 60 + 2 * RANK_GAP + 10]


def test_what_can_be_drawn_without_crossings_is() -> None:
    # Two chains side by side whose boxes are numbered across.
    edges = [(0, 3), (1, 2), (2, 5), (3, 4)]
    x = [x for x, _ in place([(10.0, 10.0)] * 6, edges).centres]
    assert (x[0] - x[1]) * (x[3] - x[2]) > 0 and (x[3] - x[2]) * (x[4] - x[5]) > 0


def test_an_input_stands_above_the_first_that_reads_it() -> None:
    y = [y for _, y in place([(10.0, 10.0)] * 5, [(0, 1), (1, 2), (2, 4), (3, 4)]).centres]
    assert y[3] == y[2] > y[0]


def test_nothing() -> None:
    placed = place([], [])
    assert (placed.width, placed.height) == (0.0, 0.0)
