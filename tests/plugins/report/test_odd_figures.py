"""A figure that cannot be drawn is refused when it is made, or costs no other; numbers of a run folder may be any."""

from __future__ import annotations

import json
import math
import shutil
from itertools import pairwise

import pytest
from pydantic import ValidationError

from aura import AuraError
from aura.core.time import LATEST
from aura.plugins.figures import FIGURES, Bars, Curves, Fold, Line, Lines, Map, Rate, Text, Timeline, Volume
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


def fails(*_):
    raise MemoryError("no <room>")


def test_a_figure_that_cannot_be_drawn_costs_no_other(monkeypatch):
    monkeypatch.setitem(renderer._ALONE, Lines, fails)
    bad, text = Lines(lines=(Line(name="a", x=(0,), y=(0,)),)), Text(text="stands")
    told = '<p class="message" role="note">This figure (lines) could not be drawn: MemoryError: no &lt;room&gt;</p>'
    html = render([text, bad, Fold(title="more", figures=(bad, text)), text], Surroundings())
    assert html.count(told) == 2
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


@pytest.mark.parametrize("number", [HUGE, -HUGE, math.inf, 10**18])
def test_whatever_numbers_stand_in_run_json_there_is_a_report_or_a_sentence(played, tmp_path, number):
    folder = shutil.copytree(played, tmp_path / "run")
    (folder / "metrics.json").unlink(missing_ok=True)
    told = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    kept = json.dumps(told)
    refused = 0
    for path in numbers(told):
        (folder / "run.json").write_text(json.dumps(changed(json.loads(kept), path, number)), encoding="utf-8")
        try:
            write_report(folder)
        except AuraError:
            refused += 1
    assert (refused > 0) == (number != 10**18)


@pytest.mark.parametrize("key", ["time", "values"])
@pytest.mark.parametrize("number", [HUGE, -HUGE, 10**30])
def test_a_row_with_a_number_that_no_clock_has_is_left_out_and_told(played, tmp_path, key, number):
    folder = shutil.copytree(played, tmp_path / "run")
    first, *others = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    row = json.loads(first)
    row[key] = dict.fromkeys(row["values"], number) if key == "values" else number
    (folder / "metrics.jsonl").write_text("\n".join([json.dumps(row), *others]), encoding="utf-8")
    told = "1 of its lines could not be read" in write_report(folder).read_text(encoding="utf-8")
    assert told == (key == "time" or abs(number) == HUGE)
