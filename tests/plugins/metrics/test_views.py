"""What holds for all metrics that show a tissue: they resume to the bit, stay small, and name what does not fit."""

from __future__ import annotations

import json

import pytest

from aura import AuraError
from aura.core.state import trees_equal, write_tree
from tests.plugins.metrics.retelling import history_of, tell, watch_it_resume
from tests.plugins.tissue import all_views, build, make_brain

KINDS = sorted(one["kind"] for one in all_views().values())
TIGHT = {"traces": {"max_samples": 300, "shown": 2}, "raster": {"max_spikes": 150, "window": "60 ms"},
         "grouped": {"max_rows": 10, "max_groups": 3}, "map": {"pending": 3, "max_classes": 4}}
"""Bounds that a run of some hundred ticks reaches."""


def options(kind, **more):
    return {"view": {**next(one for one in all_views().values() if one["kind"] == kind), **more}}


def view(kind, **more):
    [metric] = build(options(kind, **more))
    return metric


@pytest.fixture(scope="module")
def history():
    """All that was told in a run of two phases."""
    return history_of(make_brain(), ("2 s", "2 s"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bounds", [{}, TIGHT], ids=["roomy", "tight"])
def test_a_resumed_metric_is_equal_to_the_bit(tmp_path, history, kind, bounds):
    watch_it_resume(lambda: view(kind, **bounds.get(kind, {})), tmp_path, history,
                    (0.0, 0.001, 0.2501, 0.5, 0.5003, 0.9))


@pytest.mark.parametrize("kind", KINDS)
def test_asking_for_results_changes_nothing(history, kind):
    asked, left_alone = view(kind), view(kind)
    for step in range(0, len(history), 700):
        tell(asked, history[step:step + 700])
        asked.results()
    tell(left_alone, history)
    assert asked.results() == left_alone.results()
    assert trees_equal(asked.state(), left_alone.state())


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_its_state_does_not_grow_with_the_run(tmp_path, kind):
    metric, sizes = view(kind, **TIGHT.get(kind, {})), []
    brain = make_brain(shape=(3, 3, 2), items=2, rate_hz=60.0)
    brain.observe(metric)
    for _ in range(3):
        brain.run(span="2 s")
        metric.take_rows()  # as each tick of a run does
        write_tree(tmp_path / "state.safetensors", metric.state(), "view")
        sizes.append((tmp_path / "state.safetensors").stat().st_size)
    assert sizes[2] < 1.15 * sizes[1], sizes


@pytest.mark.parametrize("kind", KINDS)
def test_results_are_plain_json_also_before_anything_was_seen(history, kind):
    metric = view(kind)
    assert json.loads(json.dumps(metric.results()))["phases"] == {}
    tell(metric, history)
    assert list(json.loads(json.dumps(metric.results(), allow_nan=False))["phases"]) == ["learn", "held-out"]


@pytest.mark.parametrize("kind", KINDS)
def test_it_fits_the_brain_that_it_was_made_for(kind):
    view(kind).check(make_brain())


@pytest.mark.parametrize(("kind", "more", "message"), [
    ("traces", {"signal": "tissue.voltages"}, "Try 'tissue.voltage'"),
    ("traces", {"signal": "tissue.activity"}, r"a topic of \(\), \(trace,\) or \(trace, sample\), got tissue.activity"),
    ("traces", {"signal": "tissue.winner"}, r"\(trace, sample\), got tissue.winner: int64 \(item\)"),
    ("traces", {"signal": "tissue.mode"}, "a topic of float or int or uint"),
    ("traces", {"names": ("one", "two")}, "4 names, one for each trace of tissue.voltage, got 2"),
    ("raster", {"spikes": "tissue.voltage"}, "a topic of int or uint"),
    ("raster", {"spikes": "tissue.skipped"}, r"a topic of \(spike,\), got tissue.skipped"),
    ("raster", {"times": "tissue.loss"}, r"a topic of \(spike,\), got tissue.loss"),
    ("map", {"winner": "tissue.skipped"}, "whose first axis is 'item'"),
    ("map", {"winner": "tissue.mode"}, "a topic of int or uint"),
    ("map", {"truth": "places.place"}, "a topic of tags or text or int or uint"),
    ("volume", {"signal": "tissue.voltage"}, r"a topic of \(x, y, z\) or \(item, x, y, z\), got tissue.voltage"),
    ("grouped", {"value": "tissue.mode"}, "a topic of float or int or uint or bool"),
    ("grouped", {"group": "tissue.loss"}, "a topic of text or int or uint"),
    ("grouped", {"group": "tissue.spikes"}, "a topic that says one text or one integer"),
    ("grouped", {"group": "places.label"}, "a topic that says one text or one integer")])
def test_a_topic_that_does_not_fit_is_refused_before_the_first_tick(kind, more, message):
    with pytest.raises(AuraError, match=message):
        view(kind, **more).check(make_brain())


@pytest.mark.parametrize(("kind", "more", "message"), [
    ("map", {"shape": ()}, "shape"), ("map", {"shape": (2, 2, 2, 2)}, "shape"), ("map", {"shape": (5, 0)}, "shape"),
    ("traces", {"window": "0 s"}, "a time above zero"), ("raster", {"cells": 0}, "cells"),
    ("grouped", {"max_groups": 1}, "max_groups"), ("volume", {"signals": "a.b"}, "Try 'signal'")])
def test_an_option_out_of_its_range_is_named(kind, more, message):
    with pytest.raises(AuraError, match=message):
        view(kind, **more)
