"""A figure that cannot be drawn is refused when it is made, or costs no other; numbers of a run folder may be any."""

from __future__ import annotations

import json
import math
import re
import shutil
from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from aura import AuraError
from aura.core.time import LATEST
from aura.plugins.figures import (
    FIGURES,
    Bars,
    Column,
    Curves,
    Event,
    Fold,
    Graph,
    Line,
    Lines,
    Map,
    Matrix,
    Profile,
    Raster,
    Rate,
    Table,
    Text,
    Timeline,
    Trace,
    Traces,
    Volume,
    ZoneInfo,
)
from aura.plugins.metrics.results import PhaseResults
from aura.plugins.report import render as renderer
from aura.plugins.report import write_report
from aura.plugins.report.over_time import BINS_MAX, rates
from aura.plugins.report.render import Surroundings, render

HUGE = 10**400
EVENT = {"time": 1, "items": 1, "action": "grow", "expert": "a"}
MAP = {"figure": "map", "shape": [2, 2, 1], "units": [0], "wins": [1], "labels": ["a"], "majority": [0]}
VOLUME = {"figure": "volume", "shape": [2, 1, 1], "sides": [1, 1, 1], "mean": [0, 1], "last": [0, 1]}


def columns(**column):
    return {"figure": "table", "columns": [{"name": "a", **column}], "rows": []}


def cell(kind, value):
    return {**columns(kind=kind), "rows": [[value]]}


@pytest.mark.parametrize("odd", [
    {"figure": "bars", "names": [], "parts": {f"p{part}": [] for part in range(1001)}},
    columns(kind="bar", digits=-3), columns(kind="bar", digits=10**6), columns(kind="bar", most=HUGE),
    cell("count", HUGE), cell("figure", -HUGE), cell("measured", HUGE), cell("bar", HUGE), cell("time", HUGE),
    cell("of", [0.5, HUGE]),
    {"figure": "matrix", "rows": ["a"], "columns": ["b"], "counts": [[HUGE]]},
    {"figure": "traces", "traces": [{"name": "a", "times": [0, HUGE], "values": [0, 1]}]},
    {"figure": "raster", "start": 0, "end": HUGE}, {"figure": "raster", "start": 0, "end": 1, "cells": [HUGE]},
    {"figure": "rate", "width": HUGE, "end": 1}, {"figure": "rate", "width": 1, "end": HUGE},
    {"figure": "rate", "width": 1, "end": 1, "counts": [-2]}, {"figure": "rate", "width": 0, "end": 1},
    {"figure": "rate", "width": 1, "end": 1, "cells": -1},
    {**MAP, "wins": [HUGE]}, {**MAP, "shape": [HUGE, 1, 1]}, {**MAP, "units": [4]},
    {**VOLUME, "shape": [HUGE, 1, 1]}, {**VOLUME, "shape": [10**9] * 3},
    {"figure": "timeline", "events": [{**EVENT, "time": HUGE}]},
    {"figure": "timeline", "events": [{**EVENT, "items": -1}]},
    {"figure": "image", "png": "AAAA", "width": -1, "height": 1},
    {"figure": "image", "png": "AAAA", "width": 1, "height": HUGE},
    {"figure": "graph", "zones": [{"name": "a"}],
     "pathways": [{"source": "a", "source_port": "x", "target": "a", "target_port": "y", "delay": HUGE}]}])
def test_a_figure_that_no_picture_could_show_is_refused(odd):
    with pytest.raises(ValidationError):
        FIGURES.validate_python([odd])


@pytest.mark.parametrize("empty", [
    Bars(names=(), parts={}), Bars(names=("a", "b"), parts={}), Bars(names=(), parts={"a": ()}), Timeline(events=()),
    Curves()])
def test_where_there_is_nothing_to_draw_nothing_is(empty):
    assert render([empty], Surroundings()) == ""


def test_a_map_that_nobody_has_won_is_empty():
    assert "never won" in render([Map(shape=(1, 1, 1))], Surroundings())


@pytest.mark.parametrize("shape", [(100_000, 100_000, 1), (2, 2, 10**9), (2**20, 2**21, 2**22)])
def test_a_map_takes_room_for_the_units_that_won_alone(shape):
    found = Map(shape=shape, units=(0, math.prod(shape) - 1), wins=(1, 2), labels=("a",), majority=(0, -1))
    assert len(render([found], Surroundings())) < 20_000


def test_of_a_unit_that_is_told_twice_the_last_stands():
    two, one = (render([Map(shape=(2, 1, 1), units=units, wins=wins, labels=("a", "b"), majority=majority)],
                       Surroundings()) for units, wins, majority in (((1, 1), (9, 2), (0, 1)), ((1,), (2,), (1,))))
    assert two == one


@pytest.mark.parametrize(("width", "end", "counts"), [(1, 10**18, (1, 2, 3)), (LATEST, 1, (1,)), (3, 2000, (1,) * 700)])
def test_a_rate_has_a_bounded_number_of_bins_whatever_its_width(width, end, counts):
    edges, found = rates(Rate(width=width, end=end, counts=counts, cells=0))
    assert len(found) <= BINS_MAX
    spent = [(b - a) / 1e9 for a, b in pairwise(edges)]
    assert sum(rate * seconds for rate, seconds in zip(found, spent, strict=True)) == pytest.approx(sum(counts))


def test_bars_of_many_parts_take_the_colours_again():
    assert render([Bars(names=("a",), parts={f"p{place}": (1,) for place in range(500)})], Surroundings())


def test_blocks_are_as_many_as_the_grid_has():
    with pytest.raises(ValidationError, match="expected 2 blocks, got 1"):
        Volume(**{**VOLUME, "mean": (1,), "last": (1,)})


def path_of(html):
    """Return the points of the longest line of a picture."""
    longest = max(re.findall(r'<path d="(M[^"Z]+)" fill="none"', html), key=len)
    return np.array([pair.split() for pair in longest[1:].split("L")], dtype=float)


def line(x, y):
    return Lines(lines=(Line(name="", x=tuple(x.tolist()), y=tuple(y.tolist())),))


def test_of_a_long_line_the_outline_is_drawn_and_no_peak_is_lost():
    x, y = np.arange(200_000), np.zeros(200_000)
    y[123_456], y[77] = 1.0, -1.0
    short = path_of(render([line(x[::100], y[::100])], Surroundings()))
    long = path_of(render([line(x, y)], Surroundings()))
    assert len(short) == 2000 >= len(long)
    assert (long[0, 0], round(long[-1, 0])) == (short[0, 0], 896)
    peak, pit = long[long[:, 1].argmin()], long[long[:, 1].argmax()]
    share = (peak[0] - long[0, 0]) / (long[-1, 0] - long[0, 0])
    assert share == pytest.approx(123_456 / 200_000, abs=1e-3)
    assert pit[1] - peak[1] > 200


def test_of_more_lines_than_colours_no_two_look_alike():
    page = render([Lines(lines=tuple(Line(name=f"line {number}", x=(0.0, 1.0), y=(0.0, number + 1.0))
                                     for number in range(9)))], Surroundings())
    looks = re.findall(r'<path[^>]*stroke="([^"]+)" stroke-width="2.1"(?: stroke-dasharray="([^"]+)")?', page)
    assert len(set(looks)) == len(looks) == 9


def test_of_a_long_line_that_runs_back_and_forth_all_four_ends_are_drawn():
    turn = np.linspace(0.0, 2 * np.pi, 100_000)
    few, many = (path_of(render([line(np.cos(each), np.sin(each))], Surroundings())) for each in (turn[::1000], turn))
    assert few.min(axis=0) == pytest.approx(many.min(axis=0), abs=1.0)
    assert few.max(axis=0) == pytest.approx(many.max(axis=0), abs=1.0)
    assert len(many) <= 2000


def matrix(size):
    counts = np.ones((size, size), dtype=int)
    counts[7], counts[200:] = 50, 2
    counts[:, 5] = 0
    names = tuple(f"n{place}" for place in range(size))
    return Matrix(rows=names, columns=names, counts=counts.tolist())


def test_of_a_large_matrix_the_rows_with_the_most_counts_are_drawn_as_shares_of_all():
    html = render([matrix(300)], Surroundings())
    assert "The 100 rows and columns with the most counts are drawn, of up to 300." in html
    assert re.findall(r">(n\d+)  ([\d,]+)</text>", html) == [
        (f"n{place}", "14,950" if place == 7 else "598") for place in (7, *range(200, 299))]
    faint = f'fill-opacity="{0.06 + 0.94 / 299:.2f}"'
    assert html.count(faint) == 100 * 100
    assert "are drawn" not in render([matrix(100)], Surroundings())


MANY = 30_000
ZEROS = (0,) * MANY
NAMES = tuple(map(str, range(MANY)))


@pytest.mark.parametrize(("large", "message"), [
    (Table(columns=(Column(name="a"),), rows=tuple((name,) for name in NAMES)), "The first 5,000 of 30,000 rows"),
    (Lines(lines=tuple(Line(name=name, x=(0, 1), y=(0, 1)) for name in NAMES)), "The first 60 of 30,000 lines"),
    (Traces(traces=tuple(Trace(name=name, times=(0,), values=(0,)) for name in NAMES)), "The first 60 of 30,000"),
    (Traces(traces=(Trace(name="a", times=tuple(range(MANY)), values=ZEROS),)), ""),
    (Bars(names=NAMES, parts={"a": ZEROS}), "The largest 30 of 30,000 bars"),
    (Raster(start=0, end=MANY, cells=(0,), rows=ZEROS, times=tuple(range(MANY))), "20,000 of 30,000 spikes"),
    (Map(shape=(MANY, 1, 1), units=tuple(range(MANY)), wins=(1,) * MANY, labels=("a",), majority=ZEROS),
     "The 20,000 units that won most often are drawn, of 30,000."),
    (Volume(shape=(MANY, 1, 1), sides=(1, 1, 1), mean=ZEROS, last=ZEROS,
            profiles=(Profile(axis="x", mean=ZEROS, last=ZEROS),)), "The 10,000 most active blocks"),
    (Timeline(events=tuple(Event(**{**EVENT, "expert": name}) for name in NAMES)), "The first 200 of 30,000 lives"),
    (Graph(zones=tuple(ZoneInfo(name=name) for name in NAMES)), "30000 zones are too many")],
    ids=lambda value: getattr(value, "figure", None))
def test_a_picture_stays_bounded_however_much_there_is(large, message):
    html = render([large], Surroundings())
    assert message in html
    assert len(html) < 2_500_000


def fails(*_):
    raise MemoryError("no <room>")


def test_a_figure_that_cannot_be_drawn_costs_no_other(monkeypatch):
    monkeypatch.setitem(renderer._ALONE, Lines, fails)
    bad, text = Lines(lines=(Line(name="a", x=(0,), y=(0,)),)), Text(text="stands")
    message = '<p class="message" role="note">This figure (lines) could not be drawn: MemoryError: no &lt;room&gt;</p>'
    html = render([text, bad, Fold(title="more", figures=(bad, text)), text], Surroundings())
    assert html.count(message) == 2
    assert html.count("stands") == 3
    assert "<details><summary>more</summary>" in html


def test_results_hold_whole_numbers_of_64_bits():
    with pytest.raises(ValidationError):
        PhaseResults(items=HUGE)


def numbers(value, path=()):
    """Return the path to each number, one for each kind of place."""
    parts = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, part in parts:
        yield from numbers(part, (*path, key))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path


def changed(value, path, number):
    if not path:
        return number
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], number)
    return copy


@pytest.mark.parametrize("number", [HUGE, -HUGE, math.inf, 10**18], ids=["huge", "below", "inf", "large"])
def test_whatever_numbers_stand_in_run_json_there_is_a_report_or_a_sentence(played, tmp_path, number):
    folder = shutil.copytree(played, tmp_path / "run")
    (folder / "metrics.json").unlink(missing_ok=True)
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    kept = json.dumps(record)
    refused = 0
    for path in numbers(record):
        (folder / "run.json").write_text(json.dumps(changed(json.loads(kept), path, number)), encoding="utf-8")
        try:
            write_report(folder)
        except AuraError:
            refused += 1
    assert (refused > 0) == (number != 10**18)


@pytest.mark.parametrize("key", ["time", "values"])
@pytest.mark.parametrize("number", [HUGE, -HUGE, 10**30], ids=["huge", "below", "large"])
def test_a_row_with_a_number_that_no_clock_has_is_left_out_and_told(played, tmp_path, key, number):
    folder = shutil.copytree(played, tmp_path / "run")
    first, *others = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    row = json.loads(first)
    row[key] = dict.fromkeys(row["values"], number) if key == "values" else number
    (folder / "metrics.jsonl").write_text("\n".join([json.dumps(row), *others]), encoding="utf-8")
    left_out = "1 of its lines could not be read" in write_report(folder).read_text(encoding="utf-8")
    assert left_out == (key == "time" or abs(number) == HUGE)
