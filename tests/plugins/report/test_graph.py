from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.plugins.figures import Pathway, ZoneInfo
from aura.plugins.report.graph import lay_out


def zones(count):
    return [ZoneInfo(name=f"zone{number}", kind="kind" * (number % 4), clock="wakes every 10 ms")
            for number in range(count)]


def path(source, target, port="out", into="in", delay=1_000_000):
    return Pathway(source=f"zone{source}", source_port=port, target=f"zone{target}", target_port=into, delay=delay)


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 12))
    ends = st.integers(0, count - 1)
    links = draw(st.lists(st.tuples(ends, ends, st.integers(0, 2), st.integers(0, 2)), max_size=25))
    return zones(count), [path(a, b, f"out{p}", f"in{q}") for a, b, p, q in links]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(graphs())
def test_no_two_zones_overlap_and_all_lie_within_the_picture(graph):
    layout = lay_out(*graph)
    assert [box.name for box in layout.boxes] == [zone.name for zone in graph[0]]
    for box in layout.boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= layout.width
        assert box.y + box.height <= layout.height
    for one, other in combinations(layout.boxes, 2):
        apart = (one.x + one.width < other.x or other.x + other.width < one.x
                 or one.y + one.height < other.y or other.y + other.height < one.y)
        assert apart, (one, other)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(graphs())
def test_no_pathway_runs_through_a_zone(graph):
    layout = lay_out(*graph)
    margin = 1e-6
    for route in layout.routes:
        for (x0, y0), (x1, y1) in pairwise(route.points):
            left, right, low, high = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
            for box in layout.boxes:
                # A curve between two layers stays within the rectangle of its ends.
                assert not (left < box.x + box.width - margin and right > box.x + margin
                            and low < box.y + box.height - margin and high > box.y + margin), (route, box)


def test_zones_stand_right_of_all_that_feed_them():
    layout = lay_out(zones(4), [path(0, 1), path(1, 2), path(0, 2), path(2, 3), path(0, 3)])
    x = [box.x for box in layout.boxes]
    assert x[0] < x[1] < x[2] < x[3]
    assert not any(route.back for route in layout.routes)


def test_a_circle_is_cut_where_it_closes():
    layout = lay_out(zones(3), [path(0, 1), path(1, 2), path(2, 0), path(1, 1)])
    assert [route.back for route in layout.routes] == [False, False, True, True]
    lowest = max(box.y + box.height for box in layout.boxes)
    assert all(max(y for _, y in route.points) > lowest for route in layout.routes if route.back)


def test_pathways_that_share_an_input_share_the_text_of_their_delays():
    layout = lay_out(zones(3), [path(0, 2), path(1, 2, delay=2_000_000), path(1, 2, "other")])
    assert [text for _, _, text in layout.delays] == ["1 ms, 2 ms"]


def test_a_brain_without_zones_has_an_empty_picture():
    layout = lay_out([], [path(0, 1)])
    assert (layout.boxes, layout.routes) == ((), ())
