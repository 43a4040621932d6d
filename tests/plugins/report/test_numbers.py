"""Whatever finite numbers are drawn, a picture has only finite ones, within its sides."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aura.plugins.figures import Bars, Line, Lines, Raster, Rate, Trace, Traces, Volume
from aura.plugins.report.charts import bar_chart, line_chart, raster_chart, trace_chart
from aura.plugins.report.over_time import components_chart, rate_chart, rolling_chart, scalar_charts
from aura.plugins.report.record import PhaseInfo, Series
from aura.plugins.report.space import volume_chart

NUMBERS = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6)
PHASES = (PhaseInfo(name="learn", end=3), PhaseInfo(name="test", learning=False, start=3, end=3))


def series(values):
    one = Series()
    for time, value in enumerate(values):
        one.add(time, "learn", value)
    return one


def check(svg):
    width, height = map(float, re.findall(r'viewBox="0 0 (\d+) (\d+)"', svg)[0])
    assert not re.findall(r'="[^"]*\b(?:nan|inf)\b', svg)
    for x, y in re.findall(r"[ML](\S+) ([^\sMLZv\"]+)", svg):
        assert -2 <= float(x) <= width + 2
        assert -2 <= float(y) <= height + 2


@settings(max_examples=60, deadline=None)
@given(NUMBERS)
@pytest.mark.filterwarnings("error")
def test_any_numbers_can_be_drawn(values):
    check(rolling_chart({"a": series(values), "b": series(values[:1])}, PHASES, "alt", "label"))
    check(scalar_charts([("a", series(values))], PHASES, "alt"))
    check(components_chart({"a": series(values)}, {}, PHASES, "alt", stacked=False, quantity="q"))
    times = tuple(range(len(values)))
    check(line_chart(Lines(lines=(Line(name="a", x=tuple(values), y=tuple(values)),)), "alt"))
    check(trace_chart(Traces(traces=(Trace(name="a", times=times, values=tuple(values)),)), "alt"))
    volume_chart(Volume(shape=(len(values), 1, 1), sides=(1, 1, 1), mean=tuple(values), last=tuple(values)), "alt")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(min_value=0.0, allow_nan=False, allow_infinity=False), min_size=1, max_size=6),
       st.lists(st.integers(0, 10**12), min_size=1, max_size=6), st.integers(0, 10**15))
@example([5e-324], [0], 0)
@pytest.mark.filterwarnings("error")
def test_any_amounts_and_times_can_be_drawn(amounts, counts, end):
    names = tuple(map(str, range(len(amounts))))
    check(bar_chart(Bars(names=names, parts={"a": tuple(amounts), "b": tuple(amounts)}), "alt"))
    check(components_chart({name: series([amount]) for name, amount in zip(names, amounts, strict=True)}, {}, PHASES,
                           "alt", stacked=True, quantity="q"))
    check(rate_chart(Rate(width=max(end // 100, 1), end=end, counts=tuple(counts), cells=3), PHASES, "alt"))
    check(raster_chart(Raster(start=0, end=end, cells=(1, 2), rows=(0, 1), times=(0, end)), "alt"))
